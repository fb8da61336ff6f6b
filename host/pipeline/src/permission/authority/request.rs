//! A request that permissions and policy both allow: which addresses may be dialled for it,
//! and whether a dry run may send it.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Bounds, Denied, both};
use crate::permission::{HttpRequest, HttpRule, Permissions};

/// A request that may be sent, and the entries that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermittedRequest {
    /// At least one.
    rules: Vec<HttpRule>,
    /// The policy's name and its entries; `None` where there is none.
    bounds: Option<(Arc<str>, Vec<HttpRule>)>,
}

impl PermittedRequest {
    pub(super) fn of(
        permissions: &Permissions,
        bounds: Option<&Bounds>,
        asked: &HttpRequest,
    ) -> Result<Self, Denied> {
        let permitting = |rules: &[HttpRule]| -> Vec<HttpRule> {
            let rules = rules.iter().filter(|rule| rule.permits(asked));
            rules.cloned().collect()
        };
        let permitted = Self {
            rules: permitting(&permissions.http),
            bounds: bounds.map(|bounds| (bounds.policy.clone(), permitting(&bounds.http))),
        };
        both(!permitted.rules.is_empty(), bounds, |_| {
            permitted.all(|_| true)
        })?;
        Ok(permitted)
    }

    /// Whether a dry run may really send it.
    pub fn read(&self) -> bool {
        self.all(|rule| rule.read)
    }

    /// Whether an address may be dialled for it.
    pub fn dials(&self, address: IpAddr) -> bool {
        self.all(|rule| rule.dials(address))
    }

    /// Why no address of the host may be dialled, and what would allow it.
    pub fn undialled(&self, host: &str) -> String {
        let policy = self.bounds.as_ref();
        let policy = policy.map(|(policy, _)| format!(", and in the policy `{policy}`"));
        format!(
            "`{host}` has no address that may be dialled: private, loopback and link-local ranges need `addresses` in the step's `permissions.http`{}",
            policy.unwrap_or_default()
        )
    }

    /// An entry of the permissions says so, and one of the policy.
    fn all(&self, says: impl Fn(&HttpRule) -> bool) -> bool {
        self.rules.iter().any(&says)
            && self
                .bounds
                .as_ref()
                .is_none_or(|(_, bounds)| bounds.iter().any(&says))
    }
}
