//! The examples do what their texts say.

use crate::{guests::guest, sluice::Sluice};

#[test]
fn hello_greets_whom_it_is_told_to_and_hands_the_greeting_on() {
    let text = include_str!("../../examples/hello/pipeline.yaml");
    let component = guest("hello");
    let text = text.replace("../../target/wasm32-wasip2/release/hello.wasm", &component);
    let said = Sluice::pipeline(&text).events(&["--input", "name=reader"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(
        said.all("step.log")[0]["message"],
        "Hello, reader! (in pipeline `greet`)"
    );
    assert_eq!(
        said.all("run.finished")[0]["outputs"]["greeting"],
        "Hello, reader!"
    );
}
