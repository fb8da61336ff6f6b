//! A repository on this machine as a remote.

use super::{error, lines, repository::Repository};
use crate::{guests::guest, sluice::Sluice};

fn pipeline(path: &str, with: &str) -> Sluice {
    let guest = guest("git");
    Sluice::pipeline(&format!(
        "name: git
remotes:
  origin: {{ url: 'file://{path}' }}
steps:
  call:
    uses: {guest}
    with: {{ remote: origin, {with} }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/*'] }}] }}
"
    ))
}

#[test]
fn folder_is_read_and_changed_as_a_server_is() {
    let repository = Repository::released("sha256");
    let main = repository.id("main");
    let path = repository.path().display().to_string();
    let call = |with: &str| lines(&pipeline(&path, with).events(&[]));
    let refs = call("call: list-refs, prefixes: [refs/heads/]");
    assert_eq!(refs, [format!("refs/heads/main {main}")]);
    assert_eq!(call(&format!("call: log, tips: ['{main}']")).len(), 3);
    let create = format!("call: create-ref, name: refs/tags/v2, target: '{main}', message: two");
    assert_eq!(call(&create), [format!("done {}", repository.id("v2"))]);
    assert_eq!(repository.id("v2^{}"), main);
}

#[test]
fn folder_that_is_no_repository_is_not_found() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().display().to_string();
    let why = error(&pipeline(&path, "call: list-refs").events(&[]));
    assert!(why.starts_with("not found: the remote says: "), "{why}");
}
