//! The step's outputs, as the JSON object that the description promises.

use serde_json::json;

use crate::version::Bump;

/// What later steps may know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outputs {
    /// Without the prefix: `1.2.4`.
    pub(crate) version: String,
    /// The tag of that version: `v1.2.4`; empty where there is none.
    pub(crate) tag: String,
    /// The tag that was current before; empty where there was none.
    pub(crate) previous: String,
    pub(crate) bump: Bump,
    /// How many commits came since `previous`.
    pub(crate) commits: u64,
    /// No tag was created.
    pub(crate) unchanged: bool,
    /// What the tag points to; empty without one.
    pub(crate) commit: String,
    /// In Markdown.
    pub(crate) changelog: String,
}

impl Outputs {
    /// The JSON text. `Display` of a value would bring a second serialiser into the
    /// component.
    pub(crate) fn to_json(&self) -> String {
        let object = json!({
            "version": self.version,
            "tag": self.tag,
            "previous": self.previous,
            "bump": self.bump.word(),
            "commits": self.commits,
            "unchanged": self.unchanged,
            "commit": self.commit,
            "changelog": self.changelog,
        });
        serde_json::to_string(&object).unwrap_or_default()
    }
}
