//! Asks a server to change refs, with the objects that it lacks, and reads what it says
//! became of each.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use gix_hash::{Kind, ObjectId};

use super::{
    advert::Advert,
    band::{Band, Progress},
    http::AGENT,
    line::{Body, Line, Lines, broken_off, flush, malformed},
    link::{Link, Lost, Request, Service},
};
use crate::bindings::sluice::git::remote::Error;

/// What a report may amount to, in bytes.
const REPORT: usize = 16 << 20;
/// How many lines of a hook are kept.
const SAID: usize = 20;

/// A change of one ref. The null id stands for no ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Command {
    pub(in super::super) name: String,
    pub(in super::super) old: ObjectId,
    pub(in super::super) new: ObjectId,
}

/// The objects of a push.
pub(in super::super) enum Pack {
    /// It only deletes, and then there is no pack, not even an empty one.
    None,
    Whole(Vec<u8>),
    Stream(Body),
}

impl From<Vec<u8>> for Pack {
    fn from(pack: Vec<u8>) -> Self {
        Self::Whole(pack)
    }
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Pushed {
    /// Of each command, in its order: taken, or why not.
    pub(in super::super) refs: Vec<Result<(), String>>,
    /// What the server and its hooks said, the last lines.
    pub(in super::super) said: Vec<String>,
}

/// Sends the commands, and the pack if they need one. `advert` is what the server said when
/// it was opened.
pub(in super::super) async fn push(
    link: &mut Link,
    advert: &Advert,
    commands: &[Command],
    pack: impl Into<Pack>,
    atomic: bool,
    progress: Progress,
) -> Result<Pushed, Lost> {
    let request = request(advert, commands, atomic).map_err(Lost::Before)?;
    let request = match pack.into() {
        Pack::None => Request::Whole(request),
        Pack::Whole(pack) => Request::Whole([request, pack].concat()),
        Pack::Stream(pack) => Request::Stream(request, pack),
    };
    let lines = link
        .ask(Service::ReceivePack, advert.version, request)
        .await?;
    let said = Arc::new(Mutex::new(Vec::new()));
    let report = if advert.has("side-band-64k") {
        let keep = said.clone();
        let heard: Progress = Arc::new(move |line| {
            progress(line);
            let mut said = keep.lock().expect("no holder of the lock panics");
            if said.len() == SAID {
                said.remove(0);
            }
            said.push(line.trim_end().to_owned());
        });
        let mut band = Band::new(lines, None, heard);
        let mut report = Vec::new();
        while let Some(bytes) = band.next().await.map_err(Lost::After)? {
            report.extend_from_slice(&bytes);
            if report.len() > REPORT {
                return Err(Lost::After(malformed("a report without an end")));
            }
        }
        Lines::new(stream::iter([Ok(Bytes::from(report))]).boxed())
    } else {
        lines
    };
    let refs = read_report(report, commands).await.map_err(Lost::After)?;
    let said = std::mem::take(&mut *said.lock().expect("no holder of the lock panics"));
    Ok(Pushed { refs, said })
}

fn request(advert: &Advert, commands: &[Command], atomic: bool) -> Result<Vec<u8>, Error> {
    let lacks = |what: &str| Error::Unsupported(format!("the remote {what}"));
    if !advert.has("report-status") {
        return Err(lacks("does not report what becomes of a push"));
    }
    if atomic && !advert.has("atomic") {
        return Err(lacks("cannot take all refs or none (`atomic`)"));
    }
    if commands.iter().any(|command| command.new.is_null()) && !advert.has("delete-refs") {
        return Err(lacks("does not delete refs"));
    }
    let mut words = String::from("\0report-status");
    for (word, wished) in [
        ("side-band-64k", true),
        ("atomic", atomic),
        ("ofs-delta", true),
    ] {
        if wished && advert.has(word) {
            let _ = write!(words, " {word}");
        }
    }
    if advert.hash == Kind::Sha256 {
        let _ = write!(words, " object-format={}", advert.hash);
    }
    let _ = write!(words, " agent={AGENT}");
    let mut request = Vec::new();
    for Command { name, old, new } in commands {
        let line = format!("{old} {new} {name}{words}");
        request.extend_from_slice(format!("{:04x}{line}", line.len() + 4).as_bytes());
        words.clear();
    }
    flush(&mut request);
    Ok(request)
}

async fn read_report(
    mut lines: Lines,
    commands: &[Command],
) -> Result<Vec<Result<(), String>>, Error> {
    let places = commands.iter().enumerate();
    let places = places.map(|(place, command)| (command.name.as_str(), place));
    let places = places.collect::<HashMap<_, _>>();
    let mut refs = vec![None; commands.len()];
    let mut unpacked = None;
    loop {
        let line = match lines.next().await? {
            Some(Line::Data(data)) => data,
            None if unpacked.is_none() => return Err(broken_off()),
            _ => break,
        };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let (name, became) = match word {
            "unpack" => {
                unpacked = Some(match rest {
                    "ok" => Ok(()),
                    why => Err(format!("the remote could not take the objects: {why}")),
                });
                continue;
            }
            "ok" => (rest, Ok(())),
            "ng" => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, "no reason given"));
                (name, Err(why.to_owned()))
            }
            // Details of a version that was not asked for.
            "option" => continue,
            _ => return Err(malformed(&format!("`{line}` is no report"))),
        };
        if let Some(place) = places.get(name) {
            refs[*place] = Some(became);
        }
    }
    let failed = match unpacked {
        Some(Err(why)) => Some(why),
        _ => None,
    };
    refs.into_iter()
        .map(|became| match (became, &failed) {
            (Some(Err(_)) | None, Some(why)) => Ok(Err(why.clone())),
            (Some(became), _) => Ok(became),
            // It says nothing of a ref that was asked for.
            (None, None) => Err(broken_off()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    fn command(name: &str) -> Command {
        Command {
            name: name.to_owned(),
            old: Kind::Sha1.null(),
            new: ObjectId::from_hex(&[b'a'; 40]).unwrap(),
        }
    }

    async fn report(lines: &[&str]) -> Result<Vec<Result<(), String>>, Error> {
        let mut bytes = Vec::new();
        for text in lines {
            line::text(&mut bytes, text);
        }
        let body = stream::iter([Ok(Bytes::from(bytes))]).boxed();
        let commands = [command("refs/tags/a"), command("refs/tags/b")];
        read_report(Lines::new(body), &commands).await
    }

    #[tokio::test]
    async fn each_ref_has_its_own_end() {
        let ends = report(&[
            "unpack ok",
            "ng refs/tags/b hook declined",
            "ok refs/tags/a",
        ]);
        assert_eq!(
            ends.await,
            Ok(vec![Ok(()), Err("hook declined".to_owned())])
        );
    }

    #[tokio::test]
    async fn objects_that_were_not_taken_are_the_reason_of_every_ref() {
        let why = "the remote could not take the objects: index-pack abnormal exit".to_owned();
        let ends = report(&[
            "unpack index-pack abnormal exit",
            "ng refs/tags/a unpacker error",
            "ng refs/tags/b unpacker error",
        ]);
        assert_eq!(ends.await, Ok(vec![Err(why.clone()), Err(why)]));
    }

    #[tokio::test]
    async fn report_that_does_not_say_of_each_ref_is_no_report() {
        assert_eq!(
            report(&["unpack ok", "ok refs/tags/a"]).await,
            Err(broken_off())
        );
        assert_eq!(report(&[]).await, Err(broken_off()));
        assert!(matches!(report(&["hello"]).await, Err(Error::Other(_))));
    }
}
