//! Where records are kept: a directory of state that is the user's own, in it a folder for
//! each pipeline.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The longest name of a pipeline that is its folder's name, in bytes.
const LONGEST: usize = 100;

/// The user's directory of state: `SLUICE_STATE`, or `sluice` in `XDG_STATE_HOME` or in
/// `~/.local/state`. `Err` says what to set.
pub fn of_user() -> Result<PathBuf, String> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(directory) = variable("SLUICE_STATE") {
        return Ok(directory.into());
    }
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    state.map(|state| state.join("sluice")).ok_or_else(|| {
        "none of `SLUICE_STATE`, `XDG_STATE_HOME` and `HOME` is set; set `SLUICE_STATE` to a directory of this user's own".to_owned()
    })
}

/// The folder of a pipeline's records. A name that is no plain file name is told apart by
/// its hash.
pub(super) fn of_pipeline(state: &Path, pipeline: &str) -> PathBuf {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = if pipeline.len() <= LONGEST
        && pipeline.chars().all(plain)
        && !pipeline.starts_with('.')
        && !pipeline.is_empty()
    {
        pipeline.to_owned()
    } else {
        let shown = pipeline
            .chars()
            .take(40)
            .map(|c| if plain(c) { c } else { '-' });
        let shown = shown.collect::<String>();
        let hash = format!("{:x}", Sha256::digest(pipeline));
        format!("{}~{}", shown.trim_start_matches('.'), &hash[..16])
    };
    state.join("runs").join(name)
}
