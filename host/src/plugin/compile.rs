//! Compiles components from outside in a child process under limits: a module of ten
//! kilobytes can be made to take hours, and nothing inside a process can stop that. The
//! child is this very program; it holds no secret and looks at nothing but its input.

use std::{
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::{engine, limits};

/// The processor time of all threads of the child together, in seconds. Python in a
/// component of 37 MB takes seven.
const SECONDS: u64 = 60;
/// The child's address space, in bytes.
const MEMORY: u64 = 4 << 30;
/// The command that this program takes for it.
pub(crate) const COMMAND: &str = "compile";

/// Who compiles what comes from outside.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// This process: where whoever gives the components is trusted.
    Here,
    /// A child of it, from this program.
    Child(PathBuf),
}

impl Compiler {
    /// A child from this very program, also where its file has been replaced since.
    pub fn child() -> io::Result<Self> {
        let own = PathBuf::from("/proc/self/exe");
        if own.exists() {
            return Ok(Self::Child(own));
        }
        std::env::current_exe().map(Self::Child)
    }

    /// The component, compiled for an engine of that process; `Err` says in words why not.
    pub(super) fn compile(&self, here: &wasmtime::Engine, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Here => here
                .precompile_component(bytes)
                .map_err(|error| format!("{error:#}")),
            Self::Child(program) => {
                let output = ask(program, bytes)
                    .map_err(|error| format!("no process can be had to compile it: {error}"))?;
                understood(output)
            }
        }
    }
}

/// Gives the component to a child and takes what it makes of it.
fn ask(program: &PathBuf, bytes: &[u8]) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let input = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends early says why.
            let _ = input.map(|mut input| input.write_all(bytes));
        });
        child.wait_with_output()
    })
}

fn understood(output: Output) -> Result<Vec<u8>, String> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let ended_by = |signal: Signal| output.status.signal() == Some(signal.as_raw());
    if ended_by(Signal::XCPU) || ended_by(Signal::KILL) {
        return Err(format!(
            "compiling it takes more than {SECONDS} s of processor time, the limit"
        ));
    }
    if ended_by(Signal::ABORT) {
        return Err(format!(
            "compiling it takes more than {} GiB of memory, the limit",
            MEMORY >> 30
        ));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(match said.trim() {
        "" => format!("compiling it ended with {}", output.status),
        said => said.to_owned(),
    })
}

/// What the child does: a component from its standard input becomes compiled code on its
/// standard output, or else words on its standard error; whether it did.
pub fn compile_as_child() -> bool {
    let done = compiled().and_then(|compiled| {
        let written = io::stdout().write_all(&compiled);
        written.map_err(|error| error.to_string())
    });
    if let Err(why) = &done {
        // Nobody listens any more where this fails.
        let _ = write!(io::stderr(), "{why}");
    }
    done.is_ok()
}

fn compiled() -> Result<Vec<u8>, String> {
    let bytes = limited_input().map_err(|error| error.to_string())?;
    let compiled = engine::compiling().and_then(|engine| engine.precompile_component(&bytes));
    compiled.map_err(|error| format!("{error:#}"))
}

/// The component, read when this process can no longer use more than it may.
fn limited_input() -> io::Result<Vec<u8>> {
    for (resource, limit) in [
        (Resource::Cpu, SECONDS),
        (Resource::As, MEMORY),
        (Resource::Core, 0),
    ] {
        lower(resource, limit)?;
    }
    let mut bytes = Vec::new();
    io::stdin()
        .take(limits::COMPONENT)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Limits what this process may use, further than it is already.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let limit = now.maximum.map_or(limit, |most| most.min(limit));
    let limit = Some(limit);
    Ok(setrlimit(
        resource,
        Rlimit {
            current: limit,
            maximum: limit,
        },
    )?)
}
