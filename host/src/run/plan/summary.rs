//! An entry as a sentence, made of nothing but its other fields: whoever approves a plan
//! by its summaries approves what it holds.

use std::fmt::Write;

use super::{Entry, Object, When};

impl Entry {
    /// The sentence that its other fields come to.
    pub(super) fn sentence(&self) -> String {
        let mut text = match &self.when {
            When::Expected => String::new(),
            When::Only(when) => format!("only {when}: "),
        };
        let Self {
            step,
            action,
            target,
            ..
        } = self;
        let _ = write!(text, "step `{step}`: {action} {target}");
        if self.open {
            text.push_str(" and whatever follows there");
        }
        if let Some(object) = &self.object {
            text.push_str(&object.words());
        }
        if self.count > 1 {
            let _ = write!(text, ", at most {} times", self.count);
        }
        if self.assumed {
            text.push_str(", assuming that the effects before it succeed");
        }
        text
    }
}

impl Object {
    fn words(&self) -> String {
        let mut text = String::new();
        for (index, image) in self.images.iter().enumerate() {
            let old = image.old.as_deref().unwrap_or("whatever it has");
            let and = if index == 0 { ":" } else { "," };
            let _ = write!(text, "{and} {} {old} → {}", image.container, image.new);
        }
        if self.restart {
            text.push_str(", and restart its pods");
        }
        text
    }
}
