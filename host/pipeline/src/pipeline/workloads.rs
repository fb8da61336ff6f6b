//! Every workload that a step may ever change.

use super::{Pipeline, Step};
use crate::diagnostic::Problems;
use crate::permission::KubeRule;

impl Pipeline {
    /// The `kube-apply` rules of each step, for every run that the inputs allow.
    ///
    /// `Err` where an entry means nothing for some of them, or stands for too many rules.
    pub fn workloads(&self) -> Result<Vec<(&Step, Vec<KubeRule>)>, Problems> {
        let mut problems = Problems::new();
        let steps = self.steps.iter().map(|step| {
            let rules = self.workloads_of(step, &mut problems);
            (step, rules.into_iter().map(|rule| rule.value).collect())
        });
        let steps = steps.collect();
        problems.into_result()?;
        Ok(steps)
    }
}
