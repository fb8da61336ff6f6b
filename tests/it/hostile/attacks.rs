//! Steps that attack side by side in one run, and one after all of them that must succeed.
//! What became of each is written down where `SLUICE_TEST_ATTEMPTS` names a file.

use std::{collections::BTreeSet, fmt, fs::OpenOptions, io::Write};

use serde_json::{Value, json};

use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

/// What is attacked, or by what means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Ends,
    Cpu,
    Bombs,
    Floods,
    Waits,
    Wasi,
    Imports,
    Compilation,
    Schemas,
    Expressions,
    Json,
    Handles,
    Egress,
    Rebinding,
    Redirects,
    Requests,
    Placeholders,
    Shown,
    Steering,
    Kube,
    Git,
}

impl Class {
    /// All classes, in the order of the table.
    pub(crate) const ALL: [Self; 21] = [
        Self::Ends,
        Self::Cpu,
        Self::Bombs,
        Self::Floods,
        Self::Waits,
        Self::Wasi,
        Self::Imports,
        Self::Compilation,
        Self::Schemas,
        Self::Expressions,
        Self::Json,
        Self::Handles,
        Self::Egress,
        Self::Rebinding,
        Self::Redirects,
        Self::Requests,
        Self::Placeholders,
        Self::Shown,
        Self::Steering,
        Self::Kube,
        Self::Git,
    ];
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ends => "ends without a result",
            Self::Cpu => "loops that do not end",
            Self::Bombs => "memory, tables, handles, stack",
            Self::Floods => "logs, progress, outputs",
            Self::Waits => "waits in the host",
            Self::Wasi => "files, sockets, environment",
            Self::Imports => "imports: ungranted, forged, types alone",
            Self::Compilation => "compilation",
            Self::Schemas => "schemas and descriptions",
            Self::Expressions => "expressions",
            Self::Json => "JSON that reads in two ways",
            Self::Handles => "handles after their end",
            Self::Egress => "forbidden addresses, spelled and hidden",
            Self::Rebinding => "names that change their answer",
            Self::Redirects => "redirects",
            Self::Requests => "requests in disguise",
            Self::Placeholders => "placeholders of secrets",
            Self::Shown => "what steers terminals and CI",
            Self::Steering => "outputs that steer a privileged step",
            Self::Kube => "reaching beyond a workload's images",
            Self::Git => "reaching beyond refs",
        })
    }
}

/// One attempt, written down as blocked only when all that is to be seen was seen.
pub(crate) struct Attempt {
    class: Class,
    name: String,
    blocked: bool,
    alive: bool,
}

impl Attempt {
    pub(crate) fn new(class: Class, name: &str) -> Self {
        let name = name.to_owned();
        Self {
            class,
            name,
            blocked: false,
            alive: false,
        }
    }

    /// It came to nothing, and the process went on in order.
    pub(crate) fn blocked(mut self) {
        (self.blocked, self.alive) = (true, true);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(file) = std::env::var_os("SLUICE_TEST_ATTEMPTS") else {
            return;
        };
        let Self {
            class,
            name,
            blocked,
            alive,
        } = self;
        let name = name.escape_debug();
        let line = format!("{class}\t{name}\t{blocked}\t{alive}\n");
        let file = OpenOptions::new().create(true).append(true).open(file);
        // One write, so that the lines of tests side by side stay whole.
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.expect("the file of attempts can be written to");
    }
}

/// A pipeline whose steps attack.
pub(crate) struct Attacks {
    class: Class,
    head: String,
    steps: String,
    ids: BTreeSet<String>,
}

impl Attacks {
    pub(crate) fn of(class: Class) -> Self {
        Self {
            class,
            head: String::new(),
            steps: String::new(),
            ids: BTreeSet::new(),
        }
    }

    /// What else the file says: secrets, remotes.
    pub(crate) fn head(mut self, yaml: &str) -> Self {
        self.head.push_str(yaml);
        self
    }

    /// A step that attacks. `rest` is the rest of its YAML, indented by four.
    pub(crate) fn step(mut self, id: &str, uses: &str, rest: &str) -> Self {
        use std::fmt::Write as _;
        let _ = writeln!(
            self.steps,
            "  {id}:\n    uses: {uses}\n    needs: []\n{rest}"
        );
        assert!(self.ids.insert(id.to_owned()), "`{id}` is there already");
        self
    }

    /// A step of the plugin that misbehaves as it is told.
    pub(crate) fn doing(self, id: &str, with: &str, rest: &str) -> Self {
        let rest = format!("    with: {{ {with} }}\n{rest}");
        self.step(id, &guest("hostile"), &rest)
    }

    /// The pipeline.
    pub(crate) fn sluice(&self) -> Sluice {
        let needs = self.ids.iter().cloned().collect::<Vec<_>>().join(", ");
        Sluice::pipeline(&format!(
            "name: attacks\n{}steps:\n{}  after:\n    uses: {}\n    needs: [{needs}]\n    if: always()\n",
            self.head,
            self.steps,
            guest("noop"),
        ))
    }

    /// Runs it.
    pub(crate) fn run(self) -> Aftermath {
        let said = self.sluice().events(&[]);
        self.after(said)
    }

    /// What is left when it has run in some other way.
    #[track_caller]
    pub(crate) fn after(self, said: Said) -> Aftermath {
        let mut attempts = Vec::new();
        for id in &self.ids {
            attempts.push(Attempt::new(self.class, id));
        }
        assert!(
            matches!(said.code, Some(0 | 1)),
            "{:?}\n{}\n{}",
            said.code,
            said.out,
            said.err
        );
        assert_eq!(
            said.of_step("step.finished", "after")["outcome"],
            "success",
            "{}",
            said.out
        );
        for attempt in &mut attempts {
            attempt.alive = true;
        }
        Aftermath { said, attempts }
    }
}

/// What became of the steps of an attack, each to be judged.
pub(crate) struct Aftermath {
    pub(crate) said: Said,
    attempts: Vec<Attempt>,
}

impl Aftermath {
    /// How a step ended.
    #[track_caller]
    pub(crate) fn end(&self, id: &str) -> Value {
        self.said.of_step("step.finished", id)
    }

    /// The step failed so.
    #[track_caller]
    pub(crate) fn failed(&mut self, id: &str, blame: &str, kind: &str, message: &str) {
        let end = self.end(id);
        let error = json!({ "blame": blame, "kind": kind, "message": message });
        assert_eq!(
            (&end["outcome"], &end["error"]),
            (&json!("failure"), &error),
            "{id}"
        );
        self.blocked(id);
    }

    /// The step was ended by its timeout, and not much later.
    #[track_caller]
    pub(crate) fn timed_out(&mut self, id: &str, timeout: &str, millis: u64) {
        let took = self.end(id)["duration_ms"].as_u64().unwrap_or(u64::MAX);
        // The bench measures by how much it is overshot; here the machine is shared.
        assert!(
            (millis..millis + 10_000).contains(&took),
            "{id} took {took} ms"
        );
        let message = format!("it took longer than its timeout of {timeout}");
        self.failed(id, "world", "timeout", &message);
    }

    /// The step succeeded with these outputs: it was let, within bounds that were looked at.
    #[track_caller]
    pub(crate) fn bounded(&mut self, id: &str, outputs: &Value) {
        let end = self.end(id);
        assert_eq!(
            (&end["outcome"], &end["outputs"]),
            (&json!("success"), outputs),
            "{id}"
        );
        self.blocked(id);
    }

    /// The step was looked at: what it tried did not happen.
    #[track_caller]
    pub(crate) fn blocked(&mut self, id: &str) {
        let place = self.attempts.iter().position(|attempt| attempt.name == id);
        let place = place.unwrap_or_else(|| panic!("`{id}` was judged before, or never there"));
        self.attempts.remove(place).blocked();
    }

    /// No attempt was forgotten.
    #[track_caller]
    pub(crate) fn all_judged(self) {
        let left = self.attempts.iter().map(|attempt| attempt.name.as_str());
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

/// Each of these was an attempt of its own within a step that was looked at.
pub(crate) fn count(class: Class, attempts: &[impl AsRef<str>]) {
    for name in attempts {
        Attempt::new(class, name.as_ref()).blocked();
    }
}

/// Runs a pipeline of one step with that component, which is refused before anything starts;
/// what it says, without the file's name.
#[track_caller]
pub(crate) fn refused(class: Class, name: &str, uses: &str, rest: &str) -> String {
    let attempt = Attempt::new(class, name);
    let said = Attacks::of(class).step("bad", uses, rest).sluice();
    let said = said.run(&["run", "pipeline.yaml"]);
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
    assert_eq!(said.out, "", "nothing has started");
    attempt.blocked();
    said.err
}
