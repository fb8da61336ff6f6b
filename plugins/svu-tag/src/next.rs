//! The version that comes next, as svu 3 counts: a pure function of the current version,
//! the weightiest change since, and the options.

use std::num::IntErrorKind;

use crate::change::Change;
use crate::version::{Bump, Version};

/// What is asked for; svu's commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Command {
    /// By what the commits change.
    #[default]
    Next,
    /// The same, counted as a prerelease.
    Prerelease,
    Major,
    Minor,
    Patch,
    /// The version that there is.
    Current,
}

/// How to count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) command: Command,
    /// A breaking change of a 0 is a minor one.
    pub(crate) keep_v0: bool,
    /// A patch also for nothing.
    pub(crate) always: bool,
    /// The name, for `Prerelease`; what to put on the result, for the others.
    pub(crate) prerelease: String,
    pub(crate) metadata: String,
}

impl Options {
    /// Whether the version goes up also where there is no new commit.
    pub(crate) fn counts_anyway(&self) -> bool {
        match self.command {
            Command::Next => self.always,
            Command::Current => false,
            _ => true,
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Next {
    pub(crate) version: Version,
    pub(crate) bump: Bump,
}

/// The version after `current`. The error is a sentence for the pipeline's author.
pub(crate) fn next(current: &Version, change: Change, options: &Options) -> Result<Next, String> {
    let released = current.release();
    let current = if options.always { &released } else { current };
    let bump = match options.command {
        Command::Current => {
            return Ok(Next {
                version: current.clone(),
                bump: Bump::None,
            });
        }
        Command::Major => Bump::Major,
        Command::Minor => Bump::Minor,
        Command::Patch => Bump::Patch,
        Command::Next | Command::Prerelease => {
            match change.bump(options.keep_v0 && current.is_v0()) {
                Bump::None if options.always => Bump::Patch,
                bump => bump,
            }
        }
    };
    let next = Next {
        version: current.bumped(bump)?,
        bump,
    };
    let Next { version, bump } = if options.command == Command::Prerelease {
        counted(current, next, &options.prerelease)?
    } else {
        let version = next
            .version
            .with_prerelease(&options.prerelease)
            .map_err(|wrong| format!("`with.prerelease`: {wrong}"))?;
        Next { version, ..next }
    };
    let version = version
        .with_metadata(&options.metadata)
        .map_err(|wrong| format!("`with.metadata`: {wrong}"))?;
    Ok(Next { version, bump })
}

/// The prerelease of `next` that comes after `current`: counted up where `current` is one
/// of the same release, else number 0.
fn counted(current: &Version, next: Next, name: &str) -> Result<Next, String> {
    let wrong = |wrong| format!("`with.prerelease`: {wrong}");
    // `alpha.33` says all there is to say, and what was bumped does not matter any more.
    if let Some((_, last)) = name.rsplit_once('.')
        && last.parse::<i64>().is_ok()
    {
        let version = current.clone().with_prerelease(name).map_err(wrong)?;
        return Ok(Next { version, ..next });
    }
    let own = current.prerelease();
    let is_own = name.is_empty() || own.split('.').next() == Some(name);
    let suffix = if is_own { own } else { name };
    if suffix.is_empty() {
        return Err(format!(
            "no prerelease comes after {current}, which is none: name one, as in `prerelease: rc`"
        ));
    }
    // A prerelease of what is released already would come before it.
    let next = if own.is_empty() && !next.version.is_above(current) {
        Next {
            version: current.bumped(Bump::Patch)?,
            bump: Bump::Patch,
        }
    } else {
        next
    };
    let parts: Vec<&str> = suffix.split('.').collect();
    let (name, number) = if next.version.is_above(current) {
        (parts[0], 0)
    } else {
        match parts[..] {
            [name, number] => (
                name,
                after(number).ok_or_else(|| format!("no number comes after {current}"))?,
            ),
            // svu goes on with the last part alone.
            [_, _, .., last] => (last, 0),
            _ => (parts[0], 0),
        }
    };
    let version = next
        .version
        .with_prerelease(&format!("{name}.{number}"))
        .map_err(wrong)?;
    Ok(Next { version, ..next })
}

/// The number after it; after what is no number 1 comes, and after the largest none.
fn after(number: &str) -> Option<i64> {
    match number.parse::<i64>() {
        Ok(number) => number.checked_add(1),
        Err(error) => (*error.kind() != IntErrorKind::PosOverflow).then_some(1),
    }
}

#[cfg(test)]
mod tests;
