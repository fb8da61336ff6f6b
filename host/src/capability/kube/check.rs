//! What a step may do to a workload: each call's values against the step's `kube-apply`
//! permissions. A refusal says the lines that would permit it.

use serde_json::{Value, json};
use sluice_pipeline::permission::{
    ImageRef, KubeRule, WorkloadKind, permit_image, permit_kube, permit_workload,
};

use super::{KubeCalls, owner};
use crate::{
    bindings::sluice::kube::apply::{ContainerImage, Error, ImageChange, Object, Workload},
    run::event::{Effect, EffectState, Level},
};

/// The longest text of a call, in bytes: names of the Kubernetes API have 253, and an image
/// with its digest is not much longer.
const LONGEST: usize = 1024;
/// The most images of one call.
const IMAGES: usize = 256;

/// What names a workload.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) kind: WorkloadKind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// A workload that the step may touch, and the permissions that say so: at least one.
pub(super) struct Permitted<'a> {
    pub(super) target: Target,
    pub(super) rules: Vec<&'a KubeRule>,
}

impl KubeCalls {
    /// The workload, if some permission names it.
    pub(super) fn permitted(&self, workload: &Workload) -> Result<Permitted<'_>, Error> {
        let Workload {
            kind,
            namespace,
            name,
        } = workload;
        check_lengths([kind, namespace, name])?;
        let kind = workload.kind.parse::<WorkloadKind>().map_err(|_| {
            Error::Invalid(format!(
                "`{}` is not a kind of workload that sluice knows",
                workload.kind
            ))
        })?;
        let (namespace, name) = (workload.namespace.clone(), workload.name.clone());
        let rules = self.permissions.kube_apply.iter();
        let rules = rules
            .filter(|rule| rule.matches_object(kind, &namespace, &name))
            .collect::<Vec<_>>();
        let target = Target {
            kind,
            namespace,
            name,
        };
        if rules.is_empty() {
            let yaml = permit_workload(&self.step, kind, &target.namespace, &target.name);
            return Err(self.refuse("get", &target, &yaml, &json!({})));
        }
        Ok(Permitted { target, rules })
    }

    /// Every change is within one permission, container and image together.
    pub(super) fn check_images(
        &self,
        Permitted { target, rules }: &Permitted<'_>,
        changes: &[ImageChange],
    ) -> Result<(), Error> {
        check_count(changes.len())?;
        for ImageChange {
            container,
            old,
            new,
        } in changes
        {
            check_lengths([container, old, new])?;
            let image = new.parse::<ImageRef>().map_err(Error::Invalid)?;
            if !rules
                .iter()
                .any(|rule| rule.permits_image(container, &image))
            {
                let (namespace, name) = (&target.namespace, &target.name);
                let yaml =
                    permit_image(&self.step, target.kind, namespace, name, container, &image);
                let detail = json!({ "container": container, "image": new });
                return Err(self.refuse("set-images", target, &yaml, &detail));
            }
        }
        Ok(())
    }

    /// Images that others keep are changed only where the step asks to take them over, and
    /// a permission for the very container and image says so too.
    pub(super) fn check_owner(
        &self,
        Permitted { target, rules }: &Permitted<'_>,
        object: &Object,
        changes: &[ImageChange],
        take_over: bool,
    ) -> Result<(), Error> {
        if let Some(owner) = &object.controller {
            return Err(Error::Invalid(format!(
                "{target} is managed by {owner}, which would undo the change; deploy through that instead"
            )));
        }
        for change in changes {
            let Some(keeper) = owner::keeper(object, &change.container) else {
                continue;
            };
            let container = &change.container;
            if !take_over {
                return Err(Error::Invalid(format!(
                    "the image of container `{container}` of {target} belongs to {keeper}, which \
                     would put the old one back; set it there, or say `take-over: true`"
                )));
            }
            let image = change.new.parse::<ImageRef>();
            let permits = |rule: &KubeRule| {
                image
                    .as_ref()
                    .is_ok_and(|image| rule.permits_image(container, image))
            };
            let permitted = rules.iter().find(|rule| permits(rule));
            if !rules.iter().any(|rule| rule.take_over && permits(rule)) {
                let rule = KubeRule {
                    take_over: true,
                    ..(**permitted.unwrap_or(&rules[0])).clone()
                };
                let yaml = permit_kube(&self.step, &rule);
                let detail =
                    json!({ "container": container, "image": change.new, "owner": keeper });
                return Err(self.refuse("take-over", target, &yaml, &detail));
            }
        }
        Ok(())
    }

    /// A restart of what runs these images.
    pub(super) fn check_restart(
        &self,
        Permitted { target, rules }: &Permitted<'_>,
        images: &[ContainerImage],
    ) -> Result<(), Error> {
        check_count(images.len())?;
        for ContainerImage { container, image } in images {
            check_lengths([container, image])?;
        }
        let named = |rule: &KubeRule| {
            let mut images = images.iter();
            images.all(|entry| rule.containers.contains(&entry.container))
        };
        if rules.iter().any(|rule| rule.restart && named(rule)) {
            return Ok(());
        }
        let rule = KubeRule {
            restart: true,
            ..rules[0].clone()
        };
        let yaml = permit_kube(&self.step, &rule);
        Err(self.refuse("restart", target, &yaml, &json!({})))
    }

    /// Pods of the workload may be deleted.
    pub(super) fn check_delete_pods(
        &self,
        Permitted { target, rules }: &Permitted<'_>,
        pod: &str,
    ) -> Result<(), Error> {
        check_lengths([pod])?;
        if rules.iter().any(|rule| rule.delete_pods) {
            return Ok(());
        }
        let rule = KubeRule {
            delete_pods: true,
            ..rules[0].clone()
        };
        let yaml = permit_kube(&self.step, &rule);
        Err(self.refuse("delete-pod", target, &yaml, &json!({ "pod": pod })))
    }

    fn refuse(&self, action: &str, target: &Target, yaml: &str, detail: &Value) -> Error {
        let effect = Effect {
            capability: "kube-apply",
            action: action.to_owned(),
            target: target.to_string(),
            state: EffectState::Refused,
            detail: detail.clone(),
        };
        let why = format!("step `{}` has no permission for it", self.step);
        self.effects.refuse(&effect, &why);
        self.reporter.log(
            Level::Error,
            &format!("refused `{action}` on {target}; to permit it:\n{yaml}"),
            Vec::new(),
        );
        Error::Denied(format!("step `{}` may not {action} {target}", self.step))
    }
}

/// Refuses what can be no name, before it stands in an effect or a request.
pub(super) fn check_lengths<const N: usize>(texts: [&str; N]) -> Result<(), Error> {
    let Some(long) = texts.iter().find(|text| text.len() > LONGEST) else {
        return Ok(());
    };
    let length = long.len();
    Err(Error::Invalid(format!(
        "a name or image of {length} bytes: at most {LONGEST} are taken"
    )))
}

fn check_count(images: usize) -> Result<(), Error> {
    if images <= IMAGES {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "{images} images in one call: at most {IMAGES} are taken"
    )))
}
