//! The hash by which controllers tell the templates of a workload apart.

use serde_json::Value;

use crate::world::SAFE;

/// FNV-1a of the template, in the letters of `SafeEncodeString`: a `pod-template-hash`, or the end
/// of a `ControllerRevision`'s name.
pub(crate) fn hash(template: &Value) -> String {
    let hash = template
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    hash.to_string()
        .bytes()
        .map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()]))
        .collect()
}
