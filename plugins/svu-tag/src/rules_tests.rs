//! What svu 3.4 answers, sentence by sentence, on real repositories.

use serde_json::Value;

use crate::testing::{Repository, line};

mod changes;
mod current;

/// The answer as svu prints it, or the failure's first line.
fn answer(repository: &mut Repository, with: &Value) -> String {
    let prefix = with
        .get("prefix")
        .map_or("v", |prefix| prefix.as_str().expect("a text"));
    match repository.run(with) {
        Ok(outputs) => format!("{prefix}{}", outputs.version),
        Err(failure) => failure
            .message
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn next(told: &[&str], with: &Value) -> String {
    answer(&mut line(told), with)
}
