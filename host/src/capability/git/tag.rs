//! The object of an annotated tag, as git writes it. Pure.

use gix_hash::{Kind, ObjectId};
use jiff::Timestamp;

use crate::bindings::sluice::git::remote::{Annotation, Error};

/// What a message may amount to, in bytes.
const MESSAGE: usize = 1 << 20;

/// The object of a tag of a commit, and its id.
pub(super) fn object(
    name: &str,
    target: &ObjectId,
    annotation: &Annotation,
    at: Timestamp,
) -> Result<(ObjectId, Vec<u8>), Error> {
    let tag = name.strip_prefix("refs/tags/").ok_or_else(|| {
        Error::Invalid(format!(
            "`{name}` cannot be annotated: only a ref under `refs/tags/` can"
        ))
    })?;
    let Annotation {
        tagger_name,
        tagger_email,
        message,
    } = annotation;
    for part in [tagger_name, tagger_email] {
        let breaks = |c: char| matches!(c, '<' | '>') || c.is_control();
        if part.trim().is_empty() || part.contains(breaks) {
            return Err(Error::Invalid(format!(
                "`{}` cannot be a tagger's name or address: it is empty, or has `<`, `>` or a control character in it",
                part.escape_default()
            )));
        }
    }
    if message.len() > MESSAGE || message.contains('\0') {
        return Err(Error::Invalid(
            "a tag's message is at most 1 MiB, without a NUL".to_owned(),
        ));
    }
    let data = format!(
        "object {target}\ntype commit\ntag {tag}\ntagger {} <{}> {} +0000\n\n{}\n",
        tagger_name.trim(),
        tagger_email.trim(),
        at.as_second(),
        message.trim_end(),
    )
    .into_bytes();
    let id = id(target.kind(), gix_object::Kind::Tag, &data)?;
    Ok((id, data))
}

/// The id of an object.
pub(super) fn id(hash: Kind, kind: gix_object::Kind, data: &[u8]) -> Result<ObjectId, Error> {
    gix_object::compute_hash(hash, kind, data)
        .map_err(|error| Error::Other(format!("an object is not what it seems: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(name: &str, message: &str) -> Annotation {
        Annotation {
            tagger_name: name.to_owned(),
            tagger_email: "ci@example.com".to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn tag_has_the_id_that_git_gives_it() {
        let target = ObjectId::from_hex(&[b'1'; 40]).unwrap();
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let made = object("refs/tags/v1.2.3", &target, &annotation("CI", "v1.2.3"), at);
        let (id, data) = made.expect("it can be tagged");
        let text = "object 1111111111111111111111111111111111111111\ntype commit\ntag v1.2.3\n\
             tagger CI <ci@example.com> 1700000000 +0000\n\nv1.2.3\n";
        assert_eq!(String::from_utf8(data).unwrap(), text);
        // What `git hash-object -t tag` says of that text.
        assert_eq!(id.to_string(), "a997bb359bfb30e889981d22a4a9ad1dc8ae24c0");
    }

    #[test]
    fn tagger_cannot_write_headers() {
        let target = ObjectId::from_hex(&[b'1'; 40]).unwrap();
        for name in ["", " ", "a\nobject b", "a <b>"] {
            let made = object(
                "refs/tags/v1",
                &target,
                &annotation(name, ""),
                Timestamp::UNIX_EPOCH,
            );
            assert!(matches!(made, Err(Error::Invalid(_))), "{name:?}");
        }
        let made = object(
            "refs/heads/v1",
            &target,
            &annotation("CI", ""),
            Timestamp::UNIX_EPOCH,
        );
        assert!(matches!(made, Err(Error::Invalid(_))));
    }
}
