//! The command line: what was typed, which command it is, and how the process ends.

mod check;
mod demo;
mod interrupt;
mod load;
mod plan;
mod policy;
mod rbac;
mod refused;
mod rehearsed;
mod render;
mod run;
mod schema;
mod show;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use sluice_pipeline::schedule::Outcome;

use crate::plugin::compile_as_child;

/// Deployment pipelines whose every step is a sandboxed WebAssembly component.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sluice demo                                             see a whole release, on this machine alone
  sluice check deploy.yaml                                every problem of a file, before anything runs
  sluice run deploy.yaml --input tag=0b5e6f1a --practice  rehearse it against stand-ins
  sluice run deploy.yaml --input tag=0b5e6f1a --dry-run   what it would change, without changing it
  sluice run deploy.yaml --input tag=0b5e6f1a             deploy

Exit codes: 0 success; 1 a step failed, was cancelled or is unknown; 2 refused before anything
started; 64 wrong usage; 70 a bug in sluice.";

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Check(check::Args),
    Schema(schema::Args),
    Demo(demo::Args),
    Rbac(rbac::Args),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Compile a component from standard input: what sluice asks of itself
    #[command(hide = true)]
    Compile,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Success,
    /// A step failed, was cancelled or is unknown.
    Failed,
    /// Refused before anything started.
    Refused,
    /// Wrong usage.
    Usage,
    /// A bug in sluice.
    Bug,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::Usage => USAGE,
            Exit::Bug => 70,
        })
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        if outcome == Outcome::Success {
            Self::Success
        } else {
            Self::Failed
        }
    }
}

/// Wrong usage, by the convention of `sysexits.h`.
const USAGE: u8 = 64;

/// The process, from its arguments to its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that went away is no failure of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    // The panic itself has been said by then; a bug has an exit code of its own.
    let exit = std::panic::catch_unwind(|| dispatch(cli.command));
    exit.unwrap_or(Ok(Exit::Bug))
        .unwrap_or_else(|error| {
            render::error(&format!("{error:#}"));
            Exit::Bug
        })
        .into()
}

fn dispatch(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Rbac(args) => rbac::rbac(&args),
        Command::Compile => Ok(if compile_as_child() {
            Exit::Success
        } else {
            Exit::Failed
        }),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sluice", &mut script);
            render::line(String::from_utf8_lossy(&script).trim_end());
            Ok(Exit::Success)
        }
    }
}
