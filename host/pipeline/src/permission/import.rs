//! What a component's import asks for, judged by its name and version: linking alone lets an
//! interface of types pass.

use std::fmt;

/// Something that the host can link for a step that is permitted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Reading workloads, setting their images, following them.
    KubeApply,
    /// Sending requests.
    Http,
    /// Reading and changing refs of remotes.
    Git,
    /// Opening directories.
    Fs,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Capability; 4] = [Self::KubeApply, Self::Http, Self::Git, Self::Fs];

    /// Its key in a step's `permissions`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::KubeApply => "kube-apply",
            Self::Http => "http",
            Self::Git => "git",
            Self::Fs => "fs",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// What an import asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// The contract itself, what gives placeholders alone, or WASI that is linked but
    /// reaches nothing.
    Inert,
    /// Something that must be permitted.
    Capability(Capability),
    /// Something that the host does not have.
    Unknown,
}

/// Judges an import by its name, such as `wasi:http/types@0.2.6`.
pub fn classify_import(name: &str) -> Import {
    let Some((interface, version)) = name.split_once('@') else {
        return Import::Unknown;
    };
    let Some((package, interface)) = interface.split_once('/') else {
        return Import::Unknown;
    };
    match (package, interface) {
        ("sluice:plugin", "log" | "needs" | "step") | ("sluice:secret", "derive")
            if is_patch_of(version, "0.1") =>
        {
            Import::Inert
        }
        ("sluice:kube", "apply") if is_patch_of(version, "0.1") => {
            Import::Capability(Capability::KubeApply)
        }
        ("sluice:git", "remote") if is_patch_of(version, "0.1") => {
            Import::Capability(Capability::Git)
        }
        ("wasi:http", "types" | "outgoing-handler") if is_patch_of(version, "0.2") => {
            Import::Capability(Capability::Http)
        }
        (
            "wasi:cli" | "wasi:io" | "wasi:clocks" | "wasi:random" | "wasi:filesystem"
            | "wasi:sockets",
            _,
        ) if is_patch_of(version, "0.2") => Import::Inert,
        _ => Import::Unknown,
    }
}

/// Whether `version` is `minor.N`: before 1.0 the second number is the one that breaks.
fn is_patch_of(version: &str, minor: &str) -> bool {
    let patch = version
        .strip_prefix(minor)
        .and_then(|rest| rest.strip_prefix('.'));
    patch.is_some_and(|patch| {
        !patch.is_empty() && patch.len() < 5 && patch.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::{Capability, Import, classify_import};

    #[test]
    fn imports_are_judged_by_name_and_version() {
        let cases = [
            ("sluice:plugin/log@0.1.0", Import::Inert),
            ("sluice:plugin/needs@0.1.0", Import::Inert),
            ("sluice:plugin/step@0.1.0", Import::Inert),
            ("sluice:plugin/log@0.2.0", Import::Unknown),
            ("sluice:plugin/other@0.1.0", Import::Unknown),
            ("sluice:secret/derive@0.1.0", Import::Inert),
            ("sluice:secret/derive@0.2.0", Import::Unknown),
            ("sluice:secret/reveal@0.1.0", Import::Unknown),
            (
                "sluice:kube/apply@0.1.3",
                Import::Capability(Capability::KubeApply),
            ),
            ("sluice:kube/exec@0.1.0", Import::Unknown),
            (
                "sluice:git/remote@0.1.0",
                Import::Capability(Capability::Git),
            ),
            ("sluice:git/remote@0.2.0", Import::Unknown),
            (
                "wasi:http/outgoing-handler@0.2.6",
                Import::Capability(Capability::Http),
            ),
            (
                "wasi:http/types@0.2.0",
                Import::Capability(Capability::Http),
            ),
            ("wasi:http/incoming-handler@0.2.0", Import::Unknown),
            ("wasi:http/types@0.3.0", Import::Unknown),
            ("wasi:cli/environment@0.2.6", Import::Inert),
            ("wasi:sockets/tcp@0.2.10", Import::Inert),
            ("wasi:keyvalue/store@0.2.0", Import::Unknown),
            ("wasi:io/streams@0.2.x", Import::Unknown),
            ("wasi:io/streams", Import::Unknown),
            ("env", Import::Unknown),
        ];
        for (name, expected) in cases {
            assert_eq!(classify_import(name), expected, "{name}");
        }
    }
}
