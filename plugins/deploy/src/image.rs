//! What a deploy must know of an image reference: its digest, and whether its tag
//! moves. Parsing and refusing references is the host's.

/// The digest in a reference, as `sha256:…`.
pub(crate) fn digest(reference: &str) -> Option<String> {
    let (_, hex) = reference.rsplit_once("@sha256:")?;
    is_digest(hex).then(|| format!("sha256:{hex}"))
}

/// The digest in a runtime's `imageID`, as `sha256:…`.
///
/// Runtimes write `docker-pullable://repo@sha256:…`, `repo@sha256:…`, the bare digest, or
/// its hexadecimal digits alone (CRI-O, Docker before it pulled by digest): whatever stands
/// before these does not matter.
pub(crate) fn reported(image_id: &str) -> Option<String> {
    let hex = image_id.rsplit([':', '@', '/']).next()?;
    is_digest(hex).then(|| format!("sha256:{hex}"))
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the same text may name another image tomorrow: no digest, and no tag or
/// the tag `latest`.
pub(crate) fn is_mutable(reference: &str) -> bool {
    if reference.contains('@') {
        return false;
    }
    // A colon before the last slash belongs to the registry's port.
    let name = reference.rsplit('/').next().unwrap_or(reference);
    matches!(name.split_once(':'), None | Some((_, "latest")))
}

#[cfg(test)]
mod tests {
    use super::{digest, is_mutable, reported};

    #[test]
    fn digest_is_found_in_every_form_that_runtimes_write() {
        let hex = "0123456789abcdef".repeat(4);
        let bare = format!("sha256:{hex}");
        for text in [
            bare.clone(),
            hex.clone(),
            format!("ghcr.io/acme/web@{bare}"),
            format!("docker-pullable://ghcr.io/acme/web@{bare}"),
            format!("registry.example:5000/web:1.10@{bare}"),
        ] {
            assert_eq!(reported(&text), Some(bare.clone()), "{text}");
        }
        for text in ["", "ghcr.io/acme/web:1", "sha256:short", "sha256:"] {
            assert_eq!(reported(text), None, "{text}");
        }
    }

    #[test]
    fn tag_that_looks_like_a_digest_pins_nothing() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(digest(&format!("web:{hex}")), None);
        assert_eq!(
            digest(&format!("web:1@sha256:{hex}")),
            Some(format!("sha256:{hex}"))
        );
    }

    #[test]
    fn only_latest_and_no_tag_are_mutable() {
        let cases = [
            ("web", true),
            ("web:latest", true),
            ("localhost:5000/web", true),
            ("localhost:5000/web:latest", true),
            ("web:1.10", false),
            ("localhost:5000/web:12345e78", false),
            ("web:latest@sha256:00", false),
            ("web@sha256:00", false),
        ];
        let found: Vec<_> = cases
            .iter()
            .map(|(text, _)| (*text, is_mutable(text)))
            .collect();
        assert_eq!(found, cases);
    }
}
