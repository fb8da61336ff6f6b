//! `git http-backend` behind lighttpd: a web server of many years, with basic authentication.

use std::{
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A server for the repositories in a folder, for the user `ci` with `right-password`.
pub(crate) struct Lighttpd {
    _folder: tempfile::TempDir,
    child: Child,
    port: u16,
}

impl Lighttpd {
    pub(crate) fn start(root: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name).display().to_string();
        // It is given a socket that is bound already, so that its port is nobody else's.
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        fs::write(path("users"), "ci:right-password\n").expect("the folder is ours");
        let users = path("users");
        let root = root.display();
        let config = format!(
            r#"server.modules = ("mod_alias", "mod_auth", "mod_authn_file", "mod_cgi", "mod_setenv")
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.systemd-socket-activation = "enable"
server.stream-response-body = 1
server.upload-dirs = ("{}")
alias.url = ("/" => "/usr/lib/git-core/git-http-backend/")
cgi.assign = ("" => "")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "{root}", "GIT_HTTP_EXPORT_ALL" => "1", "GIT_CONFIG_GLOBAL" => "/dev/null")
auth.backend = "plain"
auth.backend.plain.userfile = "{users}"
auth.require = ("/" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
"#,
            folder.path().display()
        );
        fs::write(path("config"), config).expect("the folder is ours");
        // The process that is activated says so by its own number, which only it knows.
        let script = r#"LISTEN_PID=$$ LISTEN_FDS=1 exec lighttpd -D -f "$0" 3<&0 0</dev/null"#;
        let child = Command::new("sh")
            .args(["-c", script])
            .arg(path("config"))
            .env(
                "PATH",
                "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
            )
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        Self {
            _folder: folder,
            child,
            port,
        }
    }

    /// The URL of a repository.
    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }
}

impl Drop for Lighttpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
