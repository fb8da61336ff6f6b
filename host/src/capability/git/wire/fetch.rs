//! Asks a server for its refs, and for objects: one request says all that is wanted and all
//! that is had, so that nothing is negotiated.

use std::fmt::Write;

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
}

/// A pack on its way.
pub(in super::super) struct Fetched {
    pub(in super::super) pack: Band,
    pub(in super::super) hash: Kind,
    /// Trees and files were left out.
    pub(in super::super) filtered: bool,
    /// Commits whose parents the server itself does not have.
    pub(in super::super) shallow: Vec<ObjectId>,
}

/// Asks for a pack.
pub(in super::super) async fn fetch(
    link: &mut Link,
    wanted: &Fetch,
    progress: Progress,
) -> Result<Fetched, Error> {
    let advert = link.open(Service::UploadPack).await?;
    let second = advert.version == 2;
    let filter = if second { "fetch=filter" } else { "filter" };
    let filtered = wanted.history && advert.has(filter);
    let request = if second {
        second_request(wanted, &advert, filtered)
    } else {
        original_request(wanted, &advert, filtered)?
    };
    let version = advert.version;
    let asked = link.ask(Service::UploadPack, version, Request::Whole(request));
    let mut lines = asked.await.map_err(Lost::error)?;
    let mut shallow = Vec::new();
    let first = if second {
        sections(&mut lines, &mut shallow).await?;
        None
    } else {
        Some(after_acknowledgements(&mut lines).await?)
    };
    Ok(Fetched {
        pack: Band::new(lines, first, progress),
        hash: advert.hash,
        filtered,
        shallow,
    })
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

fn second_request(wanted: &Fetch, advert: &Advert, filtered: bool) -> Vec<u8> {
    let mut request = command("fetch", advert);
    text(&mut request, "ofs-delta");
    if wanted.thin {
        text(&mut request, "thin-pack");
    }
    if filtered {
        text(&mut request, "filter tree:0");
    }
    for id in &wanted.wants {
        text(&mut request, &format!("want {id}"));
    }
    for id in &wanted.haves {
        text(&mut request, &format!("have {id}"));
    }
    text(&mut request, "done");
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
    for (word, wished) in [("thin-pack", wanted.thin), ("filter", filtered)] {
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

/// Reads up to the pack.
async fn sections(lines: &mut Lines, shallow: &mut Vec<ObjectId>) -> Result<(), Error> {
    loop {
        let Line::Data(data) = lines.expect().await? else {
            continue;
        };
        let line = String::from_utf8_lossy(data.strip_suffix(b"\n").unwrap_or(&data));
        if let Some(why) = line.strip_prefix("ERR ") {
            return Err(refused(why));
        }
        match line.split_once(' ') {
            None if line == "packfile" => return Ok(()),
            Some(("shallow", id)) => shallow.push(id_of(id)?),
            // The names of sections, and what a client that negotiates would read.
            _ => {}
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
