//! What a plugin says is kept to stated sizes, whichever way it says it.

use serde_json::json;

use super::{Attacks, Class};

/// What a step may say, in bytes, with room for what an event has beside its text.
const SAID: usize = 4 * 256 * 1024;

#[test]
fn logs_progress_and_output_are_kept_to_the_size_of_a_log() {
    let ids = [
        "lines",
        "progress",
        "standard_output",
        "fields",
        "long_line",
    ];
    let mut after = Attacks::of(Class::Floods)
        .doing("lines", "do: flood", "")
        .doing("progress", "do: flood-progress", "")
        .doing("standard_output", "do: flood-output", "")
        .doing("fields", "do: flood-fields", "")
        .doing("long_line", "do: long-line", "")
        .run();
    for id in ids {
        let lines = after.said.out.lines();
        let own = lines.filter(|line| line.contains(&format!(r#""step":"{id}""#)));
        let size = own.map(str::len).sum::<usize>();
        assert!((1..SAID).contains(&size), "{id} said {size} bytes");
    }
    for id in &ids[..4] {
        let lines = after.said.all("step.log");
        let mut lines = lines.iter().filter(|line| line["step"] == *id);
        let note = "the log was cut here: a step may say 256 KiB";
        assert!(lines.any(|line| line["message"] == note), "{id}");
    }
    for id in ids {
        after.bounded(id, &json!({}));
    }
    after.all_judged();
}

#[test]
fn failures_are_cut_to_a_lines_length() {
    let mut after = Attacks::of(Class::Floods)
        .doing("failure", "do: fail-at-length", "")
        .run();
    let cut = format!("{}…", "x".repeat(8 * 1024));
    after.failed("failure", "world", "failed", &cut);
    after.all_judged();
}

#[test]
fn outputs_beyond_their_limit_are_not_taken() {
    let mut after = Attacks::of(Class::Floods)
        .doing("outputs", "do: outputs-huge", "")
        .run();
    let message = "its outputs are 2048 KiB long, the limit is 1024 KiB";
    after.failed("outputs", "plugin", "limit", message);
    after.all_judged();
}
