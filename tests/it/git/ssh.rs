//! Git over SSH, against OpenSSH's own server. The server serves one connection at a time as
//! a program (`sshd -i`), so that it takes no port that might be somebody else's.

use std::{
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use super::{error, lines, mirror, relay::pair, repository::Repository};
use crate::{guests::guest, sluice::Sluice};

/// A server with a host key of its own, which lets one key in.
struct Sshd {
    folder: tempfile::TempDir,
    port: u16,
    user: String,
}

impl Sshd {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "other-host", "deploy", "other-deploy"] {
            run(Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
                .arg(path(name)));
        }
        let deploy = read(&path("deploy.pub"));
        let command = r#"restrict,command="git-shell -c \"$SSH_ORIGINAL_COMMAND\"""#;
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             PermitRootLogin forced-commands-only\nAcceptEnv GIT_PROTOCOL\nPidFile none\n",
            path("host"),
            path("authorized_keys"),
        );
        let config_path = path("config");
        fs::write(path("authorized_keys"), format!("{command} {deploy}\n")).expect("it is ours");
        fs::write(&config_path, config).expect("the folder is ours");
        // Where it separates its privileges, if it has any.
        let _ = fs::create_dir_all("/run/sshd");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let output = stream.try_clone().expect("a socket can be shared");
                let mut sshd = Command::new("/usr/sbin/sshd")
                    .args(["-i", "-e", "-f", &config_path])
                    .stdin(Stdio::from(OwnedFd::from(stream)))
                    .stdout(Stdio::from(OwnedFd::from(output)))
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("sshd starts");
                std::thread::spawn(move || sshd.wait());
            }
        });
        let user = run(Command::new("id").arg("-un"));
        Self { folder, port, user }
    }

    fn read(&self, name: &str) -> String {
        read(&self.folder.path().join(name).display().to_string())
    }

    /// A pipeline of one step with one call on a repository, with a key and a pinned host.
    fn pipeline(&self, repository: &Path, key: &str, known: &str, with: &str) -> Sluice {
        let (user, port, path) = (&self.user, self.port, repository.display());
        let guest = guest("git");
        let known = match known {
            "" => String::new(),
            known => format!(", known-host: '{known}'"),
        };
        let text = format!(
            "name: git
secrets:
  deploy: {{ file: deploy, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: 'ssh://{user}@127.0.0.1:{port}{path}', auth: {{ key: '${{{{ secrets.deploy }}}}'{known} }} }}
steps:
  call:
    uses: {guest}
    with: {{ remote: origin, {with} }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/*'] }}] }}
"
        );
        let sluice = Sluice::pipeline(&text);
        let name = sluice.folder().join("deploy");
        fs::write(name, self.read(key)).expect("the folder is ours");
        sluice
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .expect("it was written")
        .trim_end()
        .to_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

#[test]
#[ignore = "needs sshd"]
fn refs_and_history_are_read_and_a_tag_is_created() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let main = repository.id("main");
        let sshd = Sshd::start();
        let host = sshd.read("host.pub");
        let call = |with: &str| {
            let sluice = sshd.pipeline(&repository.path(), "deploy", &host, with);
            lines(&sluice.events(&[]))
        };
        let refs = call("call: list-refs, prefixes: [refs/heads/]");
        assert_eq!(refs, [format!("refs/heads/main {main}")]);
        let log = call(&format!("call: log, tips: ['{main}']"));
        assert_eq!(log.len(), 3, "{log:?}");
        let create =
            format!("call: create-ref, name: refs/tags/v2, target: '{main}', message: two");
        assert_eq!(call(&create), [format!("done {}", repository.id("v2"))]);
        assert_eq!(repository.id("v2^{}"), main);
    }
}

#[test]
#[ignore = "needs sshd"]
fn hook_is_shown_in_its_own_words_over_ssh() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    repository.hook(
        "pre-receive",
        "#!/bin/sh\necho 'tags are made on Mondays' >&2\nexit 1\n",
    );
    let sshd = Sshd::start();
    let with = format!("call: create-ref, name: refs/tags/v2, target: '{main}'");
    let sluice = sshd.pipeline(&repository.path(), "deploy", &sshd.read("host.pub"), &with);
    assert_eq!(
        error(&sluice.events(&[])),
        "rejected: remote `origin` refused refs/tags/v2: pre-receive hook declined\n  tags are made on Mondays"
    );
}

#[test]
#[ignore = "needs sshd"]
fn host_that_is_not_pinned_or_shows_another_key_is_not_spoken_to() {
    let repository = Repository::released("sha1");
    let sshd = Sshd::start();
    let list = "call: list-refs";
    let why = |known: &str| {
        let sluice = sshd.pipeline(&repository.path(), "deploy", known, list);
        error(&sluice.events(&[]))
    };
    let unknown = why("");
    assert!(
        unknown.starts_with(
            "forbidden: remote `origin` has no `known-host`, and no host is trusted at first sight"
        ),
        "{unknown}"
    );
    let host = sshd.folder.path().join("host.pub").display().to_string();
    let shown = run(Command::new("ssh-keygen").args(["-l", "-f", &host]));
    let shown = shown.split(' ').nth(1).expect("size, fingerprint, …");
    let changed = format!(
        "forbidden: remote `origin` shows another host key than the pinned one, {shown}: if its operator says that this is right, put it into `known-host`"
    );
    assert_eq!(why(&sshd.read("other-host.pub")), changed);
    // What it names is what pins it.
    let sluice = sshd.pipeline(&repository.path(), "deploy", shown, list);
    assert_eq!(lines(&sluice.events(&[])).len(), 4);
}

#[test]
#[ignore = "needs sshd"]
fn another_key_and_another_path_are_refused() {
    let repository = Repository::released("sha1");
    let sshd = Sshd::start();
    let host = sshd.read("host.pub");
    let list = "call: list-refs";
    let sluice = sshd.pipeline(&repository.path(), "other-deploy", &host, list);
    let said = sluice.events(&[]);
    assert_eq!(
        error(&said),
        format!(
            "forbidden: remote `origin` refused the key for `{}`",
            sshd.user
        )
    );
    assert!(!said.out.contains("PRIVATE KEY"), "{}", said.out);
    let nowhere = repository.root().join("nowhere.git");
    let why = error(&sshd.pipeline(&nowhere, "deploy", &host, list).events(&[]));
    assert!(why.starts_with("not found: the remote says: "), "{why}");
    let sluice = sshd.pipeline(&repository.path(), "host.pub", &host, list);
    let why = error(&sluice.events(&[]));
    assert!(
        why.starts_with(
            "forbidden: the key of remote `origin` is not a private key that sluice reads"
        ),
        "{why}"
    );
}

#[test]
#[ignore = "needs sshd"]
fn mirror_goes_from_one_host_to_another_over_ssh() {
    for filter in ["true", "false"] {
        let (origin, copy) = pair();
        origin.git(&["config", "uploadpack.allowFilter", filter]);
        let sshd = Sshd::start();
        let (user, port, host) = (&sshd.user, sshd.port, sshd.read("host.pub"));
        let remote = |repository: &Repository| {
            let path = repository.path();
            format!(
                "{{ url: 'ssh://{user}@127.0.0.1:{port}{}', auth: {{ key: '${{{{ secrets.deploy }}}}', known-host: '{host}' }} }}",
                path.display()
            )
        };
        let text = format!(
            "name: mirror
secrets:
  deploy: {{ file: deploy, hosts: [127.0.0.1] }}
remotes:
  origin: {}
  copy: {}
steps:
  mirror:
    uses: mirror
    with: {{ from: origin, to: copy }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, read: true, create: ['refs/tags/*'], update: ['refs/heads/*'] }}
",
            remote(&origin),
            remote(&copy)
        );
        let sluice = Sluice::pipeline(&text);
        let name = sluice.folder().join("deploy");
        fs::write(name, sshd.read("deploy")).expect("the folder is ours");
        for outputs in [
            json!({ "created": 2, "updated": 1 }),
            json!({ "unchanged": 3 }),
        ] {
            assert_eq!(mirror::outputs(&sluice.events(&[])), outputs);
            mirror::assert_same(&origin, &copy);
        }
    }
}
