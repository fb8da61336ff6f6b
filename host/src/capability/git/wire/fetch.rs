//! Asks a server for its refs, and for objects: one request says all that is wanted and all
//! that is had. Only who asks which of that the server has may need a second one.

use std::{collections::BTreeSet, fmt::Write};

use gix_hash::{Kind, ObjectId};

use super::{
    advert::{Advert, Entry, id_of},
    band::{Band, Progress},
    http::AGENT,
    line::{Line, Lines, broken_off, flush, malformed, refused, text},
    link::{Link, Lost, Request, Service},
};
use crate::bindings::sluice::git::remote::Error;

/// The refs whose names begin with one of the prefixes, or all where there are none, and how
/// the repository's ids are made.
pub(in super::super) async fn list(
    link: &mut Link,
    prefixes: &[String],
) -> Result<(Kind, Vec<Entry>), Error> {
    let advert = link.open(Service::UploadPack).await?;
    let wanted =
        |name: &str| prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
    let mut refs = if advert.version == 2 {
        let mut request = command("ls-refs", &advert);
        text(&mut request, "peel");
        text(&mut request, "symrefs");
        for prefix in prefixes {
            text(&mut request, &format!("ref-prefix {prefix}"));
        }
        flush(&mut request);
        let asked = link.ask(Service::UploadPack, 2, Request::Whole(request));
        entries(asked.await.map_err(Lost::error)?).await?
    } else {
        advert.refs
    };
    // A prefix is a hint, which a server may pass over.
    refs.retain(|entry| wanted(&entry.name));
    Ok((advert.hash, refs))
}

async fn entries(mut lines: Lines) -> Result<Vec<Entry>, Error> {
    let mut refs = Vec::new();
    while let Line::Data(data) = lines.expect().await? {
        let line = String::from_utf8_lossy(data.strip_suffix(b"\n").unwrap_or(&data));
        if let Some(why) = line.strip_prefix("ERR ") {
            return Err(refused(why));
        }
        let mut words = line.split(' ');
        let (Some(id), Some(name)) = (words.next(), words.next()) else {
            return Err(malformed(&format!("`{line}` is no ref")));
        };
        let mut entry = Entry {
            name: name.to_owned(),
            id: id_of(id)?,
            peeled: None,
            symref: None,
        };
        for word in words {
            if let Some(id) = word.strip_prefix("peeled:") {
                entry.peeled = Some(id_of(id)?);
            } else if let Some(name) = word.strip_prefix("symref-target:") {
                entry.symref = Some(name.to_owned());
            }
        }
        refs.push(entry);
    }
    lines.finish().await;
    Ok(refs)
}

/// What is to be fetched.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Fetch {
    /// What is wanted, with all that it needs.
    pub(in super::super) wants: Vec<ObjectId>,
    /// What is had, with all that it needs.
    pub(in super::super) haves: Vec<ObjectId>,
    /// Commits and tags are enough, where the server can leave out the rest.
    pub(in super::super) history: bool,
    /// Objects may come as differences to such as are had.
    pub(in super::super) thin: bool,
    /// The server is to say first which of the `haves` it has, if it can: a history that
    /// begins at none of them is long.
    pub(in super::super) asks: bool,
}

/// A pack on its way.
pub(in super::super) struct Fetched {
    pub(in super::super) pack: Band,
    pub(in super::super) hash: Kind,
    /// Trees and files were left out.
    pub(in super::super) filtered: bool,
    /// Commits whose parents the server itself does not have.
    pub(in super::super) shallow: Vec<ObjectId>,
    /// Which of the `haves` the server has, where it was asked and could say.
    pub(in super::super) common: Option<BTreeSet<ObjectId>>,
}

/// Asks for a pack.
pub(in super::super) async fn fetch(
    link: &mut Link,
    wanted: &Fetch,
    progress: Progress,
) -> Result<Fetched, Error> {
    let advert = link.open(Service::UploadPack).await?;
    fetch_from(link, &advert, wanted, progress).await
}

/// Asks for a pack a server that was opened, and said this.
pub(in super::super) async fn fetch_from(
    link: &mut Link,
    advert: &Advert,
    wanted: &Fetch,
    progress: Progress,
) -> Result<Fetched, Error> {
    let filtered = wanted.history && can_filter(advert);
    if advert.version != 2 {
        let request = original_request(wanted, advert, filtered)?;
        let mut lines = ask(link, advert, request).await?;
        let first = after_acknowledgements(&mut lines).await?;
        return Ok(Fetched {
            pack: Band::new(lines, Some(first), progress),
            hash: advert.hash,
            filtered,
            shallow: Vec::new(),
            common: None,
        });
    }
    let asks = wanted.asks && !wanted.haves.is_empty();
    let request = second_request(wanted, &wanted.haves, advert, filtered, !asks);
    let mut lines = ask(link, advert, request).await?;
    let mut sections = Sections::read(&mut lines).await?;
    let common = asks.then(|| std::mem::take(&mut sections.common));
    if let (Some(common), false) = (&common, sections.pack) {
        lines.finish().await;
        let haves = common.iter().copied().collect::<Vec<_>>();
        let request = second_request(wanted, &haves, advert, filtered, true);
        link.open(Service::UploadPack).await?;
        lines = ask(link, advert, request).await?;
        sections = Sections::read(&mut lines).await?;
    }
    if !sections.pack {
        return Err(malformed("an answer without a pack"));
    }
    Ok(Fetched {
        pack: Band::new(lines, None, progress),
        hash: advert.hash,
        filtered,
        shallow: sections.shallow,
        common,
    })
}

/// Whether the server can leave out trees and files.
pub(in super::super) fn can_filter(advert: &Advert) -> bool {
    advert.has(if advert.version == 2 {
        "fetch=filter"
    } else {
        "filter"
    })
}

async fn ask(link: &mut Link, advert: &Advert, request: Vec<u8>) -> Result<Lines, Error> {
    let asked = link.ask(Service::UploadPack, advert.version, Request::Whole(request));
    asked.await.map_err(Lost::error)
}

fn command(name: &str, advert: &Advert) -> Vec<u8> {
    let mut request = Vec::new();
    text(&mut request, &format!("command={name}"));
    text(&mut request, &format!("agent={AGENT}"));
    if advert.has("object-format") {
        text(&mut request, &format!("object-format={}", advert.hash));
    }
    request.extend_from_slice(b"0001");
    request
}

fn second_request(
    wanted: &Fetch,
    haves: &[ObjectId],
    advert: &Advert,
    filtered: bool,
    done: bool,
) -> Vec<u8> {
    let mut request = command("fetch", advert);
    text(&mut request, "ofs-delta");
    if wanted.thin {
        text(&mut request, "thin-pack");
    }
    // Commits are many in a moment; a plugin says itself what it reads them for.
    if wanted.history {
        text(&mut request, "no-progress");
    }
    if filtered {
        text(&mut request, "filter tree:0");
    }
    for id in &wanted.wants {
        text(&mut request, &format!("want {id}"));
    }
    for id in haves {
        text(&mut request, &format!("have {id}"));
    }
    if done {
        text(&mut request, "done");
    }
    flush(&mut request);
    request
}

fn original_request(wanted: &Fetch, advert: &Advert, filtered: bool) -> Result<Vec<u8>, Error> {
    if !advert.has("side-band-64k") {
        return Err(Error::Unsupported(
            "the remote speaks a protocol without a side band, which is from before 2006"
                .to_owned(),
        ));
    }
    let mut words = format!(" side-band-64k ofs-delta agent={AGENT}");
    for (word, wished) in [
        ("thin-pack", wanted.thin),
        ("no-progress", wanted.history),
        ("filter", filtered),
    ] {
        if wished && advert.has(word) {
            words.push(' ');
            words.push_str(word);
        }
    }
    if advert.has("object-format") {
        let _ = write!(words, " object-format={}", advert.hash);
    }
    let mut request = Vec::new();
    for id in &wanted.wants {
        text(&mut request, &format!("want {id}{words}"));
        words.clear();
    }
    if filtered {
        text(&mut request, "filter tree:0");
    }
    flush(&mut request);
    for id in &wanted.haves {
        text(&mut request, &format!("have {id}"));
    }
    text(&mut request, "done");
    Ok(request)
}

/// What comes before a pack.
#[derive(Default)]
struct Sections {
    shallow: Vec<ObjectId>,
    common: BTreeSet<ObjectId>,
    /// It follows. It does not where the server first wants to hear of more that is had.
    pack: bool,
}

impl Sections {
    async fn read(lines: &mut Lines) -> Result<Self, Error> {
        let mut sections = Self::default();
        loop {
            let data = match lines.expect().await? {
                Line::Data(data) => data,
                Line::Flush => return Ok(sections),
                Line::Delimiter | Line::End => continue,
            };
            let line = String::from_utf8_lossy(data.strip_suffix(b"\n").unwrap_or(&data));
            if let Some(why) = line.strip_prefix("ERR ") {
                return Err(refused(why));
            }
            match line.split_once(' ') {
                None if line == "packfile" => {
                    sections.pack = true;
                    return Ok(sections);
                }
                Some(("shallow", id)) => sections.shallow.push(id_of(id)?),
                Some(("ACK", id)) => {
                    sections.common.insert(id_of(id)?);
                }
                // The names of sections, and what a client that goes on negotiating reads.
                _ => {}
            }
        }
    }
}

/// The first line after those that say what both have.
async fn after_acknowledgements(lines: &mut Lines) -> Result<Line, Error> {
    loop {
        match lines.next().await?.ok_or_else(broken_off)? {
            Line::Data(data) if data.starts_with(b"ACK ") || data.starts_with(b"NAK") => {}
            line => return Ok(line),
        }
    }
}
