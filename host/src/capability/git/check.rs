//! What a step may do to a remote: each call's values against the step's authority, and names
//! and ids against what they can be. A refusal says the lines that would permit it.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice;
use serde_json::{Value, json};
use sluice_pipeline::permission::{Denied, RefChange, permit_git};

use super::GitCalls;
use crate::{
    bindings::sluice::git::remote::Error,
    run::event::{Effect, EffectState, Level},
};

/// The longest name of a ref, in bytes: what file systems take.
const LONGEST: usize = 1024;

impl GitCalls {
    /// The remote may be read.
    pub(super) fn check_read(&self, remote: &str) -> Result<(), Error> {
        let read = self.authority.read(remote);
        read.map_err(|denied| self.refuse(&denied, "read", remote, None, &json!({})))
    }

    /// The ref may be changed so.
    pub(super) fn check_change(
        &self,
        remote: &str,
        name: &str,
        change: RefChange,
        detail: &Value,
    ) -> Result<(), Error> {
        let changed = self.authority.change(remote, change, name);
        changed.map_err(|denied| {
            let action = format!("{change}-ref");
            self.refuse(&denied, &action, remote, Some((change, name)), detail)
        })
    }

    fn refuse(
        &self,
        denied: &Denied,
        action: &str,
        remote: &str,
        change: Option<(RefChange, &str)>,
        detail: &Value,
    ) -> Error {
        let target = match change {
            Some((_, name)) => format!("{remote} {name}"),
            None => remote.to_owned(),
        };
        let effect = Effect {
            capability: "git",
            action: action.to_owned(),
            target: target.clone(),
            state: EffectState::Refused,
            detail: detail.clone(),
        };
        self.effects.refuse(&effect, &denied.why(&self.step));
        let yaml = permit_git(&self.step, remote, change);
        let line = format!("refused `{action}` on {target}; {}", denied.way_out(&yaml));
        self.reporter.log(Level::Error, &line, Vec::new());
        Error::Denied(format!("step `{}` may not {action} {target}", self.step))
    }
}

/// The remote has its whole history itself. Git calls commits whose parents it lacks commits
/// without parents: what is counted or carried from there would be wrong.
pub(super) fn whole(remote: &str, shallow: &[ObjectId]) -> Result<(), Error> {
    shallow.first().map_or(Ok(()), |id| {
        Err(Error::Unsupported(format!(
            "remote `{remote}` does not have its whole history itself (shallow): it ends at {id}"
        )))
    })
}

/// The full name of a ref that can be changed: no option, no path out of `refs/`.
pub(super) fn name(name: &str) -> Result<(), Error> {
    let valid = gix_validate::reference::name(name.as_bytes().as_bstr()).is_ok();
    if valid && name.starts_with("refs/") && name.len() <= LONGEST {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "`{}` is not the full name of a ref, such as `refs/tags/v1.2.3`",
        name.escape_default()
    )))
}

/// Prefixes of names of refs.
pub(super) fn prefixes(prefixes: &[String]) -> Result<(), Error> {
    let odd = |c: char| c.is_control() || c == ' ';
    match prefixes
        .iter()
        .find(|prefix| prefix.contains(odd) || prefix.len() > LONGEST)
    {
        None => Ok(()),
        Some(prefix) => Err(Error::Invalid(format!(
            "`{}` is not the beginning of a ref's name",
            prefix.escape_default()
        ))),
    }
}

/// Ids of objects.
pub(super) fn ids(texts: &[String]) -> Result<Vec<ObjectId>, Error> {
    texts.iter().map(|text| id(text)).collect()
}

/// The id of an object, whole and not null.
pub(super) fn id(text: &str) -> Result<ObjectId, Error> {
    let id = ObjectId::from_hex(text.as_bytes()).ok();
    id.filter(|id| !id.is_null()).ok_or_else(|| {
        Error::Invalid(format!(
            "`{}` is not the id of an object: 40 hexadecimal digits, or 64",
            text.escape_default()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_options_or_paths_are_no_refs() {
        for good in [
            "refs/tags/v1.2.3",
            "refs/heads/a/b",
            "refs/heads/-x",
            "refs/tags/ä",
        ] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        let long = format!("refs/tags/{}", "a".repeat(LONGEST));
        for bad in [
            "",
            "--upload-pack=touch x",
            "v1",
            "HEAD",
            "refs/tags/../heads/main",
            "refs/tags/.git",
            "../refs/tags/v1",
            "/refs/tags/v1",
            "refs//tags/v1",
            "refs/tags/",
            "refs/tags/a.lock",
            "refs/tags/a b",
            "refs/tags/a\nrefs/heads/main",
            "refs/tags/a\0b",
            "refs/tags/a:b",
            "refs/tags/*",
            "refs/tags/@{1}",
            &long,
        ] {
            assert!(matches!(name(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_whole() {
        assert!(id(&"a".repeat(40)).is_ok() && id(&"0a".repeat(32)).is_ok());
        for bad in ["", "main", "abc", &"0".repeat(40), &"g".repeat(40), "--all"] {
            assert!(matches!(id(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }
}
