//! What the mask hides and what it leaves.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::json;

use super::*;

fn mask() -> Mask {
    let mask = Mask::default();
    mask.add("hunter2\"hunter2");
    mask.add("https://hooks.example/services/T0/B0/abcdef");
    mask
}

#[test]
fn values_are_hidden_as_they_are_and_as_json_and_urls_write_them() {
    for (text, hidden) in [
        ("a hunter2\"hunter2 b", "a *** b"),
        (r#"a hunter2\"hunter2 b"#, "a *** b"),
        (r#"a hunter2\\\"hunter2 b"#, "a *** b"),
        (r"a hunter2\u0022hunter2 b", "a *** b"),
        ("a hunter2&quot;hunter2 b", "a *** b"),
        ("x=hunter2%22hunter2&y", "x=***&y"),
        ("x=hunter2%2522hunter2&y", "x=***&y"),
        ("%68unter2%22hunter%32", "***"),
        ("GET /services/T0/B0/abcdef HTTP/1.1", "GET /*** HTTP/1.1"),
        ("next=%2fservices%2fT0%2fB0%2fabcdef", "next=%2f***"),
        (
            r#"{"at":"\/services\/T0\/B0\/abcdef"}"#,
            r#"{"at":"\/***"}"#,
        ),
        ("https://hooks.example/services/T0/B0/abcdef", "***"),
        ("hunter2 is half of it", "hunter2 is half of it"),
    ] {
        assert_eq!(mask().text(text), hidden, "{text}");
    }
}

#[test]
fn values_are_hidden_in_base64_wherever_they_stand_with_all_their_bits() {
    let mask = Mask::default();
    mask.add("hunter2\"~~~~\u{ff}\u{ff}?");
    for engine in [STANDARD, URL_SAFE] {
        for before in ["", "u", "us", "user:"] {
            for after in ["", "!", "!!"] {
                let text = engine.encode(format!("{before}hunter2\"~~~~\u{ff}\u{ff}?{after}"));
                let masked = mask.text(&text);
                let left = masked.replace(STAR, "").replace('=', "");
                // What is around the value: four digits for each three bytes.
                let most = (before.len() + after.len()).div_ceil(3) * 4;
                assert!(masked.contains(STAR), "{text} became {masked}");
                assert!(left.len() <= most, "{text} became {masked}");
            }
        }
    }
    let url = engine_in_url("hunter2\"~~~~\u{ff}\u{ff}?");
    assert_eq!(mask.text(&url), "***");
}

/// Base64 whose signs a URL escapes.
fn engine_in_url(value: &str) -> String {
    STANDARD
        .encode(value)
        .replace('+', "%2b")
        .replace('/', "%2F")
        .trim_end_matches('=')
        .to_owned()
}

#[test]
fn values_are_hidden_in_hexadecimal_digits_of_either_case() {
    let mask = Mask::default();
    mask.add("jo-jo-jo");
    assert_eq!(mask.text("0x6a6f2d6a6f2d6a6f."), "0x***.");
    assert_eq!(mask.text("0x6A6F2D6A6F2D6A6F."), "0x***.");
}

#[test]
fn parts_of_a_secret_address_are_hidden_by_themselves_and_in_what_is_no_text() {
    let mask = Mask::default();
    mask.add("https://hooks.example/services/0123456789abcdef0123/?key=fedcba98765432100");
    assert_eq!(mask.text("no 0123456789abcdef0123 here"), "no *** here");
    assert_eq!(mask.text("key fedcba98765432100"), "key ***");
    assert_eq!(mask.text("the services are up"), "the services are up");
    assert_eq!(
        mask.bytes(b"\xff 0123456789abcdef0123 \xfe"),
        b"\xff *** \xfe"
    );
}

#[test]
fn keys_texts_and_numbers_of_values_are_hidden() {
    let value = json!({"hunter2\"hunter2": ["hunter2\"hunter2", 1]});
    assert_eq!(mask().value(value), json!({"***": ["***", 1]}));
    let mask = Mask::default();
    mask.add("20261121");
    assert_eq!(
        mask.value(json!([20_261_121, 20_261_122])),
        json!(["***", 20_261_122])
    );
}

#[test]
fn a_value_inside_another_leaves_nothing_of_it_behind() {
    let mask = Mask::default();
    mask.add("inner-value");
    mask.add("outer-inner-value-outer");
    assert_eq!(
        mask.text("<outer-inner-value-outer> <inner-value>"),
        "<***> <***>"
    );
}

#[test]
fn each_line_of_a_value_that_has_several_is_hidden_but_not_what_all_keys_begin_with() {
    let mask = Mask::default();
    mask.add("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----");
    assert_eq!(mask.text("key: kqhkiG9w0BAQEF"), "key: ***");
    assert_eq!(mask.text("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn a_value_that_is_broken_over_lines_is_hidden_piece_by_piece() {
    let mask = Mask::default();
    mask.add("correct-horse-battery-staple");
    for (line, hidden) in [
        ("token: correct-horse", "token: ***"),
        ("-battery", "***"),
        ("  -battery  ", "***"),
        ("-staple was refused", "*** was refused"),
        ("-battery-staple and correct-horse", "*** and ***"),
        ("that is correct", "that is ***"),
        // Too little of it to be told from a word.
        ("that is cor", "that is cor"),
        ("a horse-drawn cart", "a horse-drawn cart"),
    ] {
        assert_eq!(mask.line(line), hidden, "{line}");
        assert_eq!(mask.text(line), line, "only a line is looked at so closely");
    }
    let mask = Mask::default();
    mask.add("https://hooks.example/services/T0/B0/abcdef");
    assert_eq!(
        mask.line("posted to https://hooks.example/"),
        "posted to https://hooks.example/"
    );
    assert_eq!(mask.line("services/T0/B0"), "***");
}
