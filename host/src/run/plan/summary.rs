//! An entry as a sentence, made of nothing but its other fields: whoever approves a plan
//! by its summaries approves what it holds.

use std::fmt::Write;

use super::{Entry, ImageSet, Object, Reference, When};

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
        match &self.reference {
            Some(reference) => {
                let _ = write!(text, ": {}", reference.words());
            }
            None if self.capability == "git" => text.push_str(", whatever it points to"),
            None => {}
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

impl Reference {
    pub(super) fn words(&self) -> String {
        let annotated = if self.annotated { ", annotated" } else { "" };
        match (&self.old, &self.new) {
            (None, Some(new)) => format!("new at {new}{annotated}"),
            (Some(old), Some(new)) => format!("{old} → {new}{annotated}"),
            (Some(old), None) => format!("{old} → none"),
            (None, None) => "none".to_owned(),
        }
    }
}

impl Object {
    fn words(&self) -> String {
        let mut text = match &self.uid {
            Some(_) => String::new(),
            None => ", whatever object has that name".to_owned(),
        };
        if let Some(pod) = &self.pod {
            let _ = write!(text, ": {pod}");
        }
        for (index, image) in self.images.iter().enumerate() {
            let and = if index == 0 { ":" } else { "," };
            let ImageSet {
                container,
                old,
                new,
            } = image;
            let _ = match old {
                Some(old) if old == new => write!(text, "{and} {container} with {new}"),
                Some(old) => write!(text, "{and} {container} {old} → {new}"),
                None => write!(text, "{and} {container} whatever it has → {new}"),
            };
        }
        text
    }
}
