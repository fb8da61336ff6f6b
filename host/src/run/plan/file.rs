//! Plans as files: JSON for programs, indented and with a sentence for each entry for
//! people. What is read is held to the form strictly: a key twice, or one that this
//! version does not know, may mean something else to whoever approved the file.

use std::{
    collections::HashSet,
    fmt,
    io::{self, Read, Write},
    path::Path,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use sha2::{Digest, Sha256};

use super::{Plan, VERSION};

/// The largest plan that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// The digest by which a plan knows its pipeline file: `sha256:…`.
pub fn digest(text: &str) -> String {
    format!("sha256:{:x}", Sha256::digest(text))
}

/// Reads a plan; `Err` says what is wrong with the file, with its place in it.
pub fn read(path: &Path) -> Result<Plan, String> {
    let shown = path.display();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .map_err(|error| format!("cannot read the plan `{shown}`: {error}"))?;
    if text.len() as u64 > LARGEST {
        return Err(format!(
            "the plan `{shown}` is larger than {} MiB",
            LARGEST >> 20
        ));
    }
    parse(&text).map_err(|why| format!("the plan `{shown}` cannot be used: {why}"))
}

fn parse(text: &str) -> Result<Plan, String> {
    serde_json::from_str::<NoKeyTwice>(text).map_err(|error| error.to_string())?;
    // A derived reader would take a list for an object.
    if !text.trim_start().starts_with('{') {
        return Err("it is not a plan, which is a JSON object".to_owned());
    }
    let version = serde_json::from_str::<Version>(text).map_err(|error| error.to_string())?;
    match version.found {
        None => {
            return Err(
                "it is not a plan: it has no `sluice-plan`; make one with `--dry-run --out`"
                    .to_owned(),
            );
        }
        Some(VERSION) => {}
        Some(newer) => {
            return Err(format!(
                "it is of version {newer}, and this sluice knows version {VERSION}; make it anew with this one"
            ));
        }
    }
    let plan = serde_json::from_str::<Plan>(text).map_err(|error| error.to_string())?;
    for (index, entry) in plan.effects.iter().enumerate() {
        let sentence = entry.sentence();
        if entry.summary != sentence {
            return Err(format!(
                "the summary of its effect {} is not what it does, which is `{sentence}`; make the plan anew",
                index + 1
            ));
        }
    }
    Ok(plan)
}

/// Writes a plan, whole or not at all.
pub fn write(path: &Path, plan: &Plan) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(plan)?;
    text.push('\n');
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}", u64::from_ne_bytes(random)));
    let unfinished = Path::new(&name);
    let written = std::fs::File::create_new(unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(unfinished, path));
    if written.is_err() {
        let _ = std::fs::remove_file(unfinished);
    }
    written
}

/// Any object at all, read for its version alone.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "sluice-plan")]
    found: Option<u32>,
}

/// Any JSON in which no object has a key twice; the usual reading keeps the last one.
struct NoKeyTwice;

impl<'de> Deserialize<'de> for NoKeyTwice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = NoKeyTwice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NoKeyTwice, A::Error> {
        let mut known = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if known.contains(&key) {
                return Err(A::Error::custom(format!("the key `{key}` occurs twice")));
            }
            known.insert(key);
            map.next_value::<NoKeyTwice>()?;
        }
        Ok(NoKeyTwice)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NoKeyTwice, A::Error> {
        while seq.next_element::<NoKeyTwice>()?.is_some() {}
        Ok(NoKeyTwice)
    }

    fn visit_bool<E>(self, _: bool) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }

    fn visit_i64<E>(self, _: i64) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }

    fn visit_u64<E>(self, _: u64) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }

    fn visit_f64<E>(self, _: f64) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }

    fn visit_str<E>(self, _: &str) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }

    fn visit_unit<E>(self) -> Result<NoKeyTwice, E> {
        Ok(NoKeyTwice)
    }
}

#[cfg(test)]
mod tests;
