//! Keeps compiled code and descriptions between processes, in a directory that only its
//! owner can enter: whoever can write there runs code in this process, so its owner and
//! mode are what it is trusted for. The hash before each entry catches accidents alone.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::directory::{NotPrivate, make_private};

/// A directory of entries by name, or none at all.
#[derive(Clone)]
pub struct Cache(Option<PathBuf>);

/// Why the directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or looked at.
    #[error("cannot use the cache directory `{0}`: {1}")]
    Io(PathBuf, io::Error),
    /// Others could put code into it.
    #[error(
        "`{0}` is not private to this user (wanted: owned by user {1}, mode 0700); remove it or set `SLUICE_CACHE` to another directory"
    )]
    NotPrivate(PathBuf, u32),
}

impl Cache {
    /// Keeps nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// The user's: `SLUICE_CACHE`, or `sluice` in `XDG_CACHE_HOME` or in `~/.cache`.
    /// Without any of these nothing is kept.
    pub fn of_user() -> Result<Self, CacheError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let directory = variable("SLUICE_CACHE").map(PathBuf::from).or_else(|| {
            let home = variable("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
            home.map(|home| home.join("sluice"))
        });
        directory.map_or(Ok(Self::none()), |directory| Self::at(&directory))
    }

    /// The given directory, made if it is not there.
    pub fn at(directory: &Path) -> Result<Self, CacheError> {
        make_private(directory).map_err(|error| match error {
            NotPrivate::Io(error) => CacheError::Io(directory.to_owned(), error),
            NotPrivate::Open(user) => CacheError::NotPrivate(directory.to_owned(), user),
        })?;
        Ok(Self(Some(directory.to_owned())))
    }

    /// The entry of that name, if it is there and whole. A broken one is removed.
    pub(super) fn load(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.0.as_ref()?.join(name);
        let mut bytes = fs::read(&path).ok()?;
        let hash = Sha256::digest(bytes.get(HASH..)?);
        if bytes[..HASH] != *hash {
            let _ = fs::remove_file(path);
            return None;
        }
        bytes.drain(..HASH);
        Some(bytes)
    }

    /// Puts an entry in, whole or not at all. That it cannot be kept is no failure: the
    /// next process makes it anew.
    pub(super) fn store(&self, name: &str, bytes: &[u8]) {
        if let Some(directory) = &self.0
            && let Err(error) = write_whole(directory, name, bytes)
        {
            tracing::warn!("cannot keep `{name}` in the cache: {error}");
        }
    }
}

/// The length of the hash before each entry.
const HASH: usize = 32;

fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let unfinished = directory.join(format!("{name}.{:016x}", u64::from_ne_bytes(random)));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = file
        .write_all(&Sha256::digest(bytes))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| fs::rename(&unfinished, directory.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
