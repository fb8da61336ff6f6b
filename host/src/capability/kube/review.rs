//! Asks the API server about the present account: who it is, what it may do, and whether
//! something holds it to images. Nothing is changed: reviews are answers, and the one patch
//! carries `dryRun=All`.

use k8s_openapi::api::{
    authentication::v1::SelfSubjectReview,
    authorization::v1::{
        ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
        SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
    },
};
use kube::{
    Api, Client, Resource,
    api::{DynamicObject, Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sluice_pipeline::{permission::WorkloadKind, rbac::Rule};

use super::{cluster::resource, failure, patch::text};
use crate::capability::kube::Connection;

/// How a refusal begins that comes of a policy that `sluice rbac` printed. Another policy, or
/// a webhook, may refuse an annotation and let a command through.
const OURS: &str = "ValidatingAdmissionPolicy 'sluice.";

/// Questions about the present account.
pub struct Reviews(Client);

/// A request that is asked about, not made.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The namespace; empty for all of the cluster.
    pub namespace: &'a str,
    /// The API group; empty for the core one.
    pub group: &'a str,
    /// The resource, with its subresource after a `/`.
    pub resource: &'a str,
    /// The object; `None` for any.
    pub name: Option<&'a str>,
    /// The verb.
    pub verb: &'a str,
}

/// Whether the cluster holds an account to the images of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// A change of something else was refused; these are the cluster's words.
    Held(String),
    /// It would have been let through.
    Open,
    /// It could not be found out, for this reason.
    Unknown(String),
}

impl Reviews {
    /// About the account of a connection.
    pub async fn of(connection: &Connection) -> Result<Self, String> {
        let client = connection.client().await.map_err(|error| text(&error))?;
        Ok(Self(client.clone()))
    }

    /// The name that the API server knows the account by.
    pub async fn username(&self) -> Result<String, String> {
        let review = self.ask(SelfSubjectReview::default()).await?;
        let user = review.status.and_then(|status| status.user_info);
        Ok(user.and_then(|user| user.username).unwrap_or_default())
    }

    /// Whether the account may make a request.
    pub async fn may(&self, asked: Asked<'_>) -> Result<bool, String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (resource, subresource) = asked
            .resource
            .split_once('/')
            .unwrap_or((asked.resource, ""));
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    namespace: given(asked.namespace),
                    group: given(asked.group),
                    resource: given(resource),
                    subresource: given(subresource),
                    name: asked.name.map(str::to_owned),
                    verb: given(asked.verb),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let review = self.ask(review).await?;
        Ok(review.status.is_some_and(|status| status.allowed))
    }

    /// The rules that the account has in a namespace, as far as the cluster can list them:
    /// those of a webhook it cannot.
    pub async fn rules(&self, namespace: &str) -> Result<Vec<Rule>, String> {
        let review = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec {
                namespace: Some(namespace.to_owned()),
            },
            ..SelfSubjectRulesReview::default()
        };
        let status = self.ask(review).await?.status.unwrap_or_default();
        let rules = status.resource_rules.into_iter().map(|rule| Rule {
            groups: rule.api_groups.unwrap_or_default(),
            resources: rule.resources.unwrap_or_default(),
            names: rule.resource_names.unwrap_or_default(),
            verbs: rule.verbs,
        });
        Ok(rules.collect())
    }

    /// Whether something holds the account to images: asks what a harmless change of
    /// something else, an annotation, would come to.
    pub async fn held(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> Result<Hold, String> {
        let api = Api::<DynamicObject>::namespaced_with(self.0.clone(), namespace, &resource(kind));
        let probe = json!({ "metadata": { "annotations": { "sluice/probe": "" } } });
        let params = PatchParams::default().dry_run();
        match api.patch(name, &params, &Patch::Merge(&probe)).await {
            Ok(_) => Ok(Hold::Open),
            Err(kube::Error::Api(status)) if status.code == 404 => {
                Ok(Hold::Unknown("it does not exist yet".to_owned()))
            }
            Err(kube::Error::Api(status)) if status.message.contains(OURS) => {
                Ok(Hold::Held(status.message))
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 400..=499) => {
                Ok(Hold::Unknown(status.message))
            }
            Err(error) => Err(text(&failure::read(&error))),
        }
    }

    async fn ask<K>(&self, review: K) -> Result<K, String>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    {
        let api = Api::<K>::all(self.0.clone());
        api.create(&PostParams::default(), &review)
            .await
            .map_err(|error| text(&failure::read(&error)))
    }
}
