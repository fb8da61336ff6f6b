use super::{SECTION, render};
use crate::bindings::sluice::plugin::needs::Outcome;
use crate::summary::Summary;
use crate::testing::{config, hold, runs, step, told};

#[test]
fn messages_are_what_they_were() {
    hold("slack", include_str!("bodies.txt"), render);
}

#[test]
fn no_text_is_longer_than_slack_takes_or_ends_within_an_escape() {
    let ampersands = "&".repeat(10_000);
    let steps = (0..30).map(|_| step(&ampersands, Outcome::Failure, Some(&ampersands)));
    let text = format!(r#"{{"slack":"https://a.example","details":"{ampersands}"}}"#);
    let summary = Summary::of(&told(steps.collect()), &config(&text));
    let body = render(&summary);
    let texts = body["blocks"].as_array().expect("blocks").iter();
    for text in texts.filter_map(|block| block["text"]["text"].as_str()) {
        assert!(text.chars().count() <= SECTION);
        assert!(!text.replace("&amp;", "").contains('&'), "{text}");
    }
}

#[test]
fn nothing_of_a_run_can_mention_anybody() {
    for (sentence, summary) in runs() {
        let body = render(&summary).to_string();
        for mention in ["<!", "<@", "<#"] {
            assert!(!body.contains(mention), "{sentence}");
        }
    }
}
