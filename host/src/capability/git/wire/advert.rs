//! What a server says first: what it can do, and in version 0 which refs it has.

use std::collections::BTreeMap;

use gix_hash::{Kind, ObjectId};

use super::line::{Line, Lines, broken_off, malformed, refused};
use crate::bindings::sluice::git::remote::Error;

/// A ref of the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub(in super::super) name: String,
    pub(in super::super) id: ObjectId,
    pub(in super::super) peeled: Option<ObjectId>,
    pub(in super::super) symref: Option<String>,
}

/// What a server can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Advert {
    /// 0, 1 or 2.
    pub(in super::super) version: u8,
    /// By name; without a value empty. In version 2 the value is what its command can do.
    capabilities: BTreeMap<String, String>,
    /// How its ids are made.
    pub(in super::super) hash: Kind,
    /// Its refs; in version 2 they are asked for.
    pub(in super::super) refs: Vec<Entry>,
}

impl Advert {
    /// Whether it has the capability; in version 2 also one of a command, `fetch=filter`.
    pub(in super::super) fn has(&self, capability: &str) -> bool {
        match capability.split_once('=') {
            Some((command, feature)) => self
                .capabilities
                .get(command)
                .is_some_and(|features| features.split(' ').any(|has| has == feature)),
            None => self.capabilities.contains_key(capability),
        }
    }

    /// Reads what the server says, with or without the line that HTTP puts before it.
    pub(super) async fn read(lines: &mut Lines) -> Result<Self, Error> {
        let mut first = lines.expect().await?;
        if let Line::Data(data) = &first
            && data.starts_with(b"# service=")
        {
            while first != Line::Flush {
                first = lines.expect().await?;
            }
            first = lines.expect().await?;
        }
        let mut version = 0;
        if let Line::Data(data) = &first
            && let Some(stated) = data.strip_prefix(b"version ")
        {
            version = match stated.trim_ascii_end() {
                b"1" => 1,
                b"2" => 2,
                other => return Err(malformed(&String::from_utf8_lossy(other))),
            };
            first = lines.expect().await?;
        }
        if version == 2 {
            Self::second(first, lines).await
        } else {
            Self::original(version, first, lines).await
        }
    }

    async fn second(mut line: Line, lines: &mut Lines) -> Result<Self, Error> {
        let mut capabilities = BTreeMap::new();
        while let Line::Data(data) = line {
            let text = String::from_utf8_lossy(data.trim_ascii_end()).into_owned();
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            capabilities.insert(name.to_owned(), value.to_owned());
            line = lines.expect().await?;
        }
        Ok(Self {
            version: 2,
            hash: hash(&capabilities)?,
            capabilities,
            refs: Vec::new(),
        })
    }

    async fn original(version: u8, mut line: Line, lines: &mut Lines) -> Result<Self, Error> {
        let mut capabilities = BTreeMap::new();
        let mut symrefs = BTreeMap::new();
        let mut refs = Vec::<Entry>::new();
        let mut first = true;
        while let Line::Data(data) = line {
            let data = data.strip_suffix(b"\n").unwrap_or(&data);
            if let Some(why) = data.strip_prefix(b"ERR ") {
                return Err(refused(&String::from_utf8_lossy(why)));
            }
            let (entry, words) = match data.iter().position(|byte| *byte == 0) {
                Some(nul) => (&data[..nul], &data[nul + 1..]),
                None => (data, &data[..0]),
            };
            if first {
                for word in String::from_utf8_lossy(words).split(' ') {
                    let (name, value) = word.split_once('=').unwrap_or((word, ""));
                    if let ("symref", Some((from, to))) = (name, value.split_once(':')) {
                        symrefs.insert(from.to_owned(), to.to_owned());
                    }
                    capabilities.insert(name.to_owned(), value.to_owned());
                }
                first = false;
            }
            if let Some((id, name)) = entry_of(entry)? {
                match name.strip_suffix("^{}") {
                    Some("capabilities") => {}
                    Some(tag) => {
                        if let Some(last) = refs.last_mut().filter(|last| last.name == tag) {
                            last.peeled = Some(id);
                        }
                    }
                    None => refs.push(Entry {
                        name,
                        id,
                        peeled: None,
                        symref: None,
                    }),
                }
            }
            line = match lines.next().await? {
                Some(line) => line,
                // A server may hang up instead of ending its list only where it lists nothing.
                None if refs.is_empty() => break,
                None => return Err(broken_off()),
            };
        }
        for entry in &mut refs {
            entry.symref = symrefs.get(&entry.name).cloned();
        }
        Ok(Self {
            version,
            hash: hash(&capabilities)?,
            capabilities,
            refs,
        })
    }
}

/// The id and name of a line of refs; `None` for the `shallow` lines among them.
fn entry_of(line: &[u8]) -> Result<Option<(ObjectId, String)>, Error> {
    let text = String::from_utf8_lossy(line);
    if text.starts_with("shallow ") {
        return Ok(None);
    }
    let (id, name) = text
        .split_once(' ')
        .ok_or_else(|| malformed(&format!("`{text}` is no ref")))?;
    Ok(Some((id_of(id)?, name.to_owned())))
}

/// An id as a server writes it.
pub(super) fn id_of(hex: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(hex.as_bytes()).map_err(|_| malformed(&format!("`{hex}` is no object id")))
}

fn hash(capabilities: &BTreeMap<String, String>) -> Result<Kind, Error> {
    match capabilities.get("object-format").map(String::as_str) {
        None | Some("sha1") => Ok(Kind::Sha1),
        Some("sha256") => Ok(Kind::Sha256),
        Some(other) => Err(Error::Unsupported(format!(
            "the remote's repository uses the hash `{other}`, which sluice does not know"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::{StreamExt, stream};

    use super::{super::line, *};

    async fn read(lines: &[&str]) -> Result<Advert, Error> {
        let mut bytes = Vec::new();
        for text in lines {
            match *text {
                "0000" => line::flush(&mut bytes),
                text => line::text(&mut bytes, text),
            }
        }
        let body = stream::iter([Ok(Bytes::from(bytes))]).boxed();
        Advert::read(&mut Lines::new(body)).await
    }

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[tokio::test]
    async fn version_2_says_what_each_command_can_do() {
        let advert = read(&[
            "# service=git-upload-pack",
            "0000",
            "version 2",
            "agent=git/2.39",
            "ls-refs=unborn",
            "fetch=shallow filter",
            "object-format=sha256",
            "0000",
        ])
        .await
        .expect("it reads");
        assert_eq!((advert.version, advert.hash), (2, Kind::Sha256));
        assert!(advert.has("fetch=filter") && !advert.has("fetch=sideband-all"));
        assert!(advert.has("ls-refs") && !advert.has("atomic"));
    }

    #[tokio::test]
    async fn version_0_lists_refs_with_tags_peeled_and_symbolic_ones_named() {
        let advert = read(&[
            &format!("{A} HEAD\0report-status atomic symref=HEAD:refs/heads/main"),
            &format!("{A} refs/heads/main"),
            &format!("{B} refs/tags/v1"),
            &format!("{A} refs/tags/v1^{{}}"),
            "0000",
        ])
        .await
        .expect("it reads");
        let entry = |name: &str, id: &str, peeled: Option<&str>, symref: Option<&str>| Entry {
            name: name.to_owned(),
            id: id_of(id).unwrap(),
            peeled: peeled.map(|id| id_of(id).unwrap()),
            symref: symref.map(str::to_owned),
        };
        assert_eq!(
            advert.refs,
            [
                entry("HEAD", A, None, Some("refs/heads/main")),
                entry("refs/heads/main", A, None, None),
                entry("refs/tags/v1", B, Some(A), None),
            ]
        );
        assert!(advert.has("atomic") && !advert.has("delete-refs"));
    }

    #[tokio::test]
    async fn empty_repository_has_no_refs() {
        let zeros = "0".repeat(40);
        let line = format!("{zeros} capabilities^{{}}\0report-status");
        let advert = read(&[&line, "0000"]).await.expect("it reads");
        assert_eq!(advert.refs, []);
        assert!(advert.has("report-status"));
    }

    #[tokio::test]
    async fn what_is_no_advertisement_is_told_so() {
        assert!(matches!(read(&["hello"]).await, Err(Error::Other(_))));
        assert!(matches!(
            read(&["ERR repository not found"]).await,
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            read(&["version 2", "object-format=sha512", "0000"]).await,
            Err(Error::Unsupported(_))
        ));
    }
}
