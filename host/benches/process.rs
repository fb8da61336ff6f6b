//! Whole processes: `sluice run` and `sluice check` of files with no-op steps, with the
//! compiled plugins cached and not, beside a shell script that starts as many processes.
//! Measured in turn, medians of the rounds, as a Markdown table.

use std::{
    fmt::Write,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

mod guest;

const ROUNDS: usize = 15;

fn main() {
    let folder = std::env::temp_dir().join("sluice-bench-process");
    fs::create_dir_all(&folder).expect("the temporary folder can be written to");
    let guest = guest::noop();
    println!("{ROUNDS} rounds, medians of wall time; peak memory of the last round\n");
    println!(
        "| steps | run, warm | run, cold | check, warm | check, cold | as many `/bin/true` by `sh` | memory of a warm run |"
    );
    println!("|---|---|---|---|---|---|---|");
    for steps in [1, 10, 50] {
        let file = folder.join(format!("{steps}.yaml"));
        fs::write(&file, pipeline(&guest, steps)).expect("the folder is ours");
        let script = folder.join(format!("{steps}.sh"));
        fs::write(&script, "/bin/true\n".repeat(steps)).expect("the folder is ours");
        let cache = folder.join("cache");
        let mut times = [const { Vec::new() }; 5];
        for _ in 0..ROUNDS {
            for (index, command) in ["run", "check"].into_iter().enumerate() {
                let _ = fs::remove_dir_all(&cache);
                let cold = time(&mut sluice(command, &file, &cache));
                times[index * 2 + 1].push(cold);
                times[index * 2].push(time(&mut sluice(command, &file, &cache)));
            }
            times[4].push(time(Command::new("sh").arg(&script)));
        }
        let [run, run_cold, check, check_cold, shell] = times.map(median);
        let memory = memory(&file, &cache);
        println!("| {steps} | {run} | {run_cold} | {check} | {check_cold} | {shell} | {memory} |");
    }
}

fn sluice(command: &str, file: &Path, cache: &Path) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_sluice"));
    process.arg(command).arg(file).env("SLUICE_CACHE", cache);
    process
}

fn time(command: &mut Command) -> Duration {
    let started = Instant::now();
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("it starts");
    let elapsed = started.elapsed();
    assert!(status.success(), "{command:?} failed");
    elapsed
}

fn median(mut times: Vec<Duration>) -> String {
    times.sort();
    format!("{:.1} ms", times[times.len() / 2].as_secs_f64() * 1e3)
}

/// The peak resident memory of a warm run, as GNU time has it.
fn memory(file: &Path, cache: &Path) -> String {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%M", env!("CARGO_BIN_EXE_sluice"), "run"])
        .arg(file)
        .env("SLUICE_CACHE", cache)
        .stdout(Stdio::null())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let kilobytes = text.ok().and_then(|text| text.trim().parse::<u64>().ok());
    kilobytes.map_or("not measured: no GNU time".to_owned(), |size| {
        format!("{} MB", size / 1024)
    })
}

fn pipeline(guest: &Path, steps: usize) -> String {
    let mut text = "name: bench\non: [manual]\nsteps:\n".to_owned();
    for index in 0..steps {
        let _ = writeln!(text, "  s{index}: {{ uses: {} }}", guest.display());
    }
    text
}
