//! What a container runtime makes of an image's name. No validation: a name that does not parse
//! is pulled as it stands, as a registry would be asked for it.

use sha2::{Digest, Sha256};

/// The name with its registry, repository and tag spelt out, as containerd resolves it:
/// `nginx` is `docker.io/library/nginx:latest`.
pub(crate) fn canonical(image: &str) -> String {
    let (host, path) = match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (host, path.to_owned())
        }
        Some(_) => ("docker.io", image.to_owned()),
        None => ("docker.io", format!("library/{image}")),
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let tag = if last.contains([':', '@']) {
        ""
    } else {
        ":latest"
    };
    format!("{host}/{path}{tag}")
}

/// What containerd reports as `imageID`: the repository with the digest of the image. A pinned
/// digest is kept; a tag stands for the SHA-256 of the image's name.
pub(crate) fn id(image: &str) -> String {
    let canonical = canonical(image);
    if let Some((repository, digest)) = canonical.split_once('@') {
        return format!("{}@{digest}", untagged(repository));
    }
    format!("{}@sha256:{}", untagged(&canonical), digest(image))
}

/// A SHA-256 in hex.
pub(crate) fn digest(of: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(of)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string does not fail");
            hex
        })
}

fn untagged(repository: &str) -> &str {
    match repository.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => repository,
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, digest, id};

    #[test]
    fn short_names_are_spelt_out() {
        let cases = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("acme/web:1", "docker.io/acme/web:1"),
            ("localhost:5000/web", "localhost:5000/web:latest"),
            ("ghcr.io/acme/web:1", "ghcr.io/acme/web:1"),
            ("ghcr.io/acme/web@sha256:ab", "ghcr.io/acme/web@sha256:ab"),
        ];
        for (image, expected) in cases {
            assert_eq!(canonical(image), expected);
        }
    }

    #[test]
    fn image_id_has_no_tag_and_keeps_a_pinned_digest() {
        let web = digest("localhost:5000/web:1");
        assert_eq!(
            id("localhost:5000/web:1"),
            format!("localhost:5000/web@sha256:{web}")
        );
        assert_eq!(
            id("ghcr.io/acme/web:1@sha256:ab"),
            "ghcr.io/acme/web@sha256:ab"
        );
    }
}
