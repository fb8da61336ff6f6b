//! What a step may do to a workload: each call's values against the step's authority. A
//! refusal says who denies it, and the lines that would permit it.

use serde_json::{Value, json};
use sluice_pipeline::permission::{
    Denied, ImageRef, KubeRule, PermittedWorkload, WorkloadKind, permit_image, permit_kube,
    permit_workload,
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

/// A workload that the step may touch, and what it may do to it.
pub(super) struct Permitted<'a> {
    pub(super) target: Target,
    pub(super) may: PermittedWorkload<'a>,
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
        let target = Target {
            kind,
            namespace,
            name,
        };
        match self
            .authority
            .workload(kind, &target.namespace, &target.name)
        {
            Ok(may) => Ok(Permitted { target, may }),
            Err(denied) => {
                let yaml = permit_workload(&self.step, kind, &target.namespace, &target.name);
                Err(self.refuse(&denied, "get", &target, &yaml, &json!({})))
            }
        }
    }

    /// Every change is within one permission, container and image together.
    pub(super) fn check_images(
        &self,
        Permitted { target, may }: &Permitted<'_>,
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
            if let Err(denied) = may.image(container, &image) {
                let (namespace, name) = (&target.namespace, &target.name);
                let yaml =
                    permit_image(&self.step, target.kind, namespace, name, container, &image);
                let detail = json!({ "container": container, "image": new });
                return Err(self.refuse(&denied, "set-images", target, &yaml, &detail));
            }
        }
        Ok(())
    }

    /// Images that others keep are changed only where the step asks to take them over, and
    /// a permission for the very container and image says so too.
    pub(super) fn check_owner(
        &self,
        Permitted { target, may }: &Permitted<'_>,
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
            let image = change.new.parse::<ImageRef>().map_err(Error::Invalid)?;
            if let Err(denied) = may.take_over(container, &image) {
                let rules = may.rules();
                let permitted = rules
                    .iter()
                    .find(|rule| rule.permits_image(container, &image));
                let rule = KubeRule {
                    take_over: true,
                    ..(**permitted.unwrap_or(&rules[0])).clone()
                };
                let yaml = permit_kube(&self.step, &rule);
                let detail =
                    json!({ "container": container, "image": change.new, "owner": keeper });
                return Err(self.refuse(&denied, "take-over", target, &yaml, &detail));
            }
        }
        Ok(())
    }

    /// A restart of what runs these images.
    pub(super) fn check_restart(
        &self,
        Permitted { target, may }: &Permitted<'_>,
        images: &[ContainerImage],
    ) -> Result<(), Error> {
        check_count(images.len())?;
        for ContainerImage { container, image } in images {
            check_lengths([container, image])?;
        }
        let containers = images.iter().map(|entry| entry.container.as_str());
        let containers = containers.collect::<Vec<_>>();
        may.restart(&containers).map_err(|denied| {
            let rule = KubeRule {
                restart: true,
                ..may.rules()[0].clone()
            };
            let yaml = permit_kube(&self.step, &rule);
            self.refuse(&denied, "restart", target, &yaml, &json!({}))
        })
    }

    /// Pods of the workload may be deleted.
    pub(super) fn check_delete_pods(
        &self,
        Permitted { target, may }: &Permitted<'_>,
        pod: &str,
    ) -> Result<(), Error> {
        check_lengths([pod])?;
        may.delete_pods().map_err(|denied| {
            let rule = KubeRule {
                delete_pods: true,
                ..may.rules()[0].clone()
            };
            let yaml = permit_kube(&self.step, &rule);
            self.refuse(&denied, "delete-pod", target, &yaml, &json!({ "pod": pod }))
        })
    }

    fn refuse(
        &self,
        denied: &Denied,
        action: &str,
        target: &Target,
        yaml: &str,
        detail: &Value,
    ) -> Error {
        let effect = Effect {
            capability: "kube-apply",
            action: action.to_owned(),
            target: target.to_string(),
            state: EffectState::Refused,
            detail: detail.clone(),
        };
        self.effects.refuse(&effect, &denied.why(&self.step));
        self.reporter.log(
            Level::Error,
            &format!("refused `{action}` on {target}; {}", denied.way_out(yaml)),
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
