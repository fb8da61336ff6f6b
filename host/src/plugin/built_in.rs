//! The plugins inside the binary, built for `wasm32-wasip2` by the build script.

/// A component that is part of the binary.
pub struct BuiltIn {
    /// What `uses` calls it.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
    /// `sha256:` and the hash of the component in hexadecimal digits.
    pub digest: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The built-in plugin of that name.
pub(crate) fn find(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|plugin| plugin.name == name)
}
