//! Directories that only their owner can enter: whoever can write there decides what this
//! process runs or believes.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::Path,
};

/// Why a directory is not private.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPrivate {
    /// It cannot be made or looked at.
    #[error("{0}")]
    Io(io::Error),
    /// It is another user's than this one, or others can enter it.
    #[error("it is not private to this user (wanted: owned by user {0}, mode 0700)")]
    Open(u32),
}

/// Makes the directory, and those above it, if it is not there; refuses one that others
/// can enter.
pub(crate) fn make_private(directory: &Path) -> Result<(), NotPrivate> {
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).map_err(NotPrivate::Io)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(NotPrivate::Io(error)),
        _ => check_private(directory),
    }
}

/// Refuses a directory that others can enter.
pub(crate) fn check_private(directory: &Path) -> Result<(), NotPrivate> {
    let found = fs::symlink_metadata(directory).map_err(NotPrivate::Io)?;
    let user = rustix::process::geteuid().as_raw();
    let of_others = found.permissions().mode() & 0o077;
    if found.is_dir() && found.uid() == user && of_others == 0 {
        Ok(())
    } else {
        Err(NotPrivate::Open(user))
    }
}
