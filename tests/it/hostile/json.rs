//! Outputs whose text could be read in two ways, or costs more than it says: whoever reads
//! them after the host reads what the host read, or nothing.

use serde_json::json;

use super::{Attacks, Class};

#[test]
fn outputs_that_could_be_read_in_two_ways_are_not_taken() {
    let cases = [
        (
            "twice",
            r#"{"number":1,"number":2}"#,
            "key `number` occurs twice at line 1 column 20",
        ),
        (
            "escaped_twice",
            r#"{"text":"a","te\u0078t":"b"}"#,
            "key `text` occurs twice at line 1 column 23",
        ),
        (
            "surrogate",
            r#"{"text":"\ud800"}"#,
            "unexpected end of hex escape at line 1 column 16",
        ),
        (
            "two_surrogates",
            r#"{"text":"\udc00\ud800"}"#,
            "lone leading surrogate in hex escape at line 1 column 15",
        ),
        (
            "number",
            r#"{"number":1e999}"#,
            "number out of range at line 1 column 15",
        ),
        (
            "not_a_number",
            r#"{"number":NaN}"#,
            "expected value at line 1 column 11",
        ),
        (
            "hexadecimal",
            r#"{"number":0x10}"#,
            "expected `,` or `}` at line 1 column 12",
        ),
        (
            "comment",
            r#"{"number":1/**/}"#,
            "expected `,` or `}` at line 1 column 12",
        ),
        (
            "trailing_comma",
            r#"{"number":1,}"#,
            "trailing comma at line 1 column 13",
        ),
        (
            "single_quotes",
            "{'number':1}",
            "key must be a string at line 1 column 2",
        ),
        (
            "two_values",
            r#"{"number":1}{"number":2}"#,
            "trailing characters at line 1 column 13",
        ),
        (
            "byte_order_mark",
            "\u{feff}{\"number\":1}",
            "expected value at line 1 column 1",
        ),
        ("empty", "", "EOF while parsing a value at line 1 column 0"),
    ];
    let mut attacks = Attacks::of(Class::Json);
    for (id, text, _) in cases {
        let with = format!("do: answer, text: {}", json!(text));
        attacks = attacks.doing(id, &with, "");
    }
    let deep = format!(r#"{{"text":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let with = format!("do: answer, text: {}", json!(deep));
    let mut after = attacks
        .doing("deep", &with, "")
        .doing("list_for_map", "do: answer, text: '[1]'", "")
        .run();
    for (id, _, why) in cases {
        let message = format!("its outputs are not JSON: {why}");
        after.failed(id, "plugin", "contract", &message);
    }
    let message = "its outputs are not JSON: recursion limit exceeded at line 1 column 135";
    after.failed("deep", "plugin", "contract", message);
    let message = "its outputs are JSON but not an object";
    after.failed("list_for_map", "plugin", "contract", message);
    after.all_judged();
}

#[test]
fn outputs_that_break_their_schema_are_not_taken() {
    let cases = [
        ("fraction", r#"{"number":1.5}"#),
        ("text_for_number", r#"{"number":"1"}"#),
        ("nothing_for_text", r#"{"text":null}"#),
        ("prototype", r#"{"__proto__":{"number":1}}"#),
        ("upper_case", r#"{"Number":1}"#),
        ("list", r#"{"text":["a"]}"#),
    ];
    let mut attacks = Attacks::of(Class::Json);
    for (id, text) in cases {
        let with = format!("do: answer, text: {}", json!(text));
        attacks = attacks.doing(id, &with, "");
    }
    let mut after = attacks.run();
    for (id, _) in cases {
        let end = after.end(id);
        let message = end["error"]["message"].as_str().unwrap_or_default();
        assert!(
            message.starts_with("its outputs break its own schema: "),
            "{id}: {message}"
        );
        assert_eq!(end["outputs"], json!({}), "{id}");
        after.blocked(id);
    }
    after.all_judged();
}
