//! Starts the binary on a pipeline and keeps what it said.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use serde_json::Value;

/// One start of the binary, in a folder of its own.
pub(crate) struct Sluice {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// How it ended and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Compiled plugins, kept for all tests of this process and, where the variable is set,
/// for the next.
static CACHE: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("SLUICE_CACHE") {
    Some(directory) => directory.into(),
    None => tempfile::tempdir()
        .expect("a folder can be made")
        .keep()
        .join("cache"),
});

impl Sluice {
    /// A folder with `pipeline.yaml` in it.
    pub(crate) fn pipeline(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("pipeline.yaml"), text).expect("the folder is ours");
        Self {
            folder,
            environment: BTreeMap::new(),
        }
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment
            .insert(name.to_owned(), value.as_ref().display().to_string());
        self
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The binary, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SLUICE_CACHE", &*CACHE)
            .env("SLUICE_STATE", self.folder.path().join("state"))
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }

    /// Starts it and waits for its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().expect("the binary starts");
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts another program with the environment of the binary, in its folder, and waits
    /// for its end. The binary's path is the first of `args` after the program's own.
    pub(crate) fn run_by(&self, program: &[&str], args: &[&str]) -> Said {
        let direct = self.command(&[]);
        let (name, own) = program.split_first().expect("a program has a name");
        let output = Command::new(name)
            .args(own)
            .arg(direct.get_program())
            .args(args)
            .current_dir(self.folder())
            .env_clear()
            .envs(
                direct
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .output()
            .expect("a shell is part of every system");
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts `sluice run pipeline.yaml --format json` with further arguments.
    pub(crate) fn events(&self, args: &[&str]) -> Said {
        let mut all = vec!["run", "pipeline.yaml", "--format", "json"];
        all.extend(args);
        self.run(&all)
    }
}

impl Said {
    /// The JSON events.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .collect()
    }

    /// The events of one kind.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["event"] == kind)
            .collect()
    }

    /// The one event of that kind and step.
    pub(crate) fn of_step(&self, kind: &str, step: &str) -> Value {
        let mut found = self.all(kind);
        found.retain(|event| event["step"] == step);
        assert_eq!(
            found.len(),
            1,
            "one {kind} of {step} in\n{}\n{}",
            self.out,
            self.err
        );
        found.remove(0)
    }

    /// `capability action target state` of each effect, in order.
    pub(crate) fn effects(&self) -> Vec<String> {
        let word = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        self.all("effect")
            .iter()
            .map(|event| {
                ["capability", "action", "target", "state"]
                    .map(|key| word(event, key))
                    .join(" ")
            })
            .collect()
    }
}
