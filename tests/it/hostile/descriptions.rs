//! What is refused before anything starts: components that are made to be slow to compile,
//! schemas that are made to be slow to check, and descriptions that could be read in two ways.

use serde_json::{Value, json};
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, Instruction, Module, TypeSection, ValType,
};

use super::{
    Attacks, Class,
    attacks::{Attempt, refused},
    handmade::{self, Handmade},
};

/// A module of so many functions, in each of which so many branches lead to each of as many
/// blocks as there are around them.
fn branching(functions: u32, branches: usize, blocks: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], []);
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..functions {
        declared.function(0);
        let mut function = Function::new([]);
        for _ in 0..blocks {
            function.instruction(&Instruction::Block(BlockType::Empty));
        }
        for _ in 0..branches {
            function
                .instruction(&Instruction::LocalGet(0))
                .instruction(&Instruction::If(BlockType::Empty))
                .instruction(&Instruction::LocalGet(0))
                .instruction(&Instruction::BrTable(
                    (0..blocks).collect::<Vec<_>>().into(),
                    0,
                ))
                .instruction(&Instruction::End);
        }
        for _ in 0..=blocks {
            function.instruction(&Instruction::End);
        }
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    module.finish()
}

#[test]
fn compilers_that_take_too_long_are_ended() {
    let attempt = Attempt::new(Class::Compilation, "branches");
    let module = branching(16, 200, 2_000);
    let component = handmade::within(&[(handmade::MODULE, &module)]);
    let file = handmade::file("branches", &component);
    let sluice = Attacks::of(Class::Compilation)
        .step("bad", &file, "")
        .sluice();
    // What a process may use its children may too, and no more. A minute is much to wait for.
    let script = r#"ulimit -t 4 && exec "$0" check pipeline.yaml"#;
    let said = sluice.run_by(&["sh", "-c", script], &[]);
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
    let expected =
        "it is not a component: compiling it takes more than 60 s of processor time, the limit";
    assert!(said.err.contains(expected), "{}", said.err);
    attempt.blocked();
}

#[test]
fn compilers_that_take_too_much_memory_are_ended() {
    let attempt = Attempt::new(Class::Compilation, "memory");
    let module = branching(2, 400, 4_000);
    let component = handmade::within(&[(handmade::MODULE, &module)]);
    let file = handmade::file("branches-memory", &component);
    let sluice = Attacks::of(Class::Compilation)
        .step("bad", &file, "")
        .sluice();
    // Enough for this process, and not for the compiler.
    let script = r#"ulimit -v 400000 && exec "$0" check pipeline.yaml"#;
    let said = sluice.run_by(&["sh", "-c", script], &[]);
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
    let expected = "it is not a component: compiling it takes more than 4 GiB of memory, the limit";
    assert!(said.err.contains(expected), "{}", said.err);
    attempt.blocked();
}

#[test]
fn bytes_that_are_no_component_are_refused_in_words() {
    let attempt = |name: &str, bytes: &[u8]| {
        let file = handmade::file(&format!("bytes-{name}"), bytes);
        refused(Class::Compilation, name, &file, "")
    };
    let whole = std::fs::read(Handmade::default().file("bytes-whole"));
    let whole = whole.expect("it was written just now");
    let half = &whole[..whole.len() / 2];
    let mut flipped = whole.clone();
    let place = flipped.len() / 2;
    flipped[place] ^= 0xff;
    let nested = (0..500).fold(handmade::within(&[]), |inner, _| {
        handmade::within(&[(handmade::COMPONENT, &inner)])
    });
    let said = attempt("nested", &nested);
    assert!(said.contains("it does not export"), "{said}");
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("script", b"#!/bin/sh\nrm -rf /\n"),
        ("half", half),
        ("flipped", &flipped),
        ("zeros", &[0; 4096]),
    ] {
        let said = attempt(name, bytes);
        assert!(said.contains("it is not a component: "), "{name}: {said}");
    }
}

/// What is said of a plugin with that description.
fn described(name: &str, description: &str) -> String {
    let handmade = Handmade {
        description,
        ..Handmade::default()
    };
    let file = handmade.file(&format!("described-{name}"));
    refused(Class::Schemas, name, &file, "")
}

fn with_schema(with: &Value) -> String {
    json!({
        "name": "handmade", "version": "0.1.0", "summary": "by hand",
        "with": with, "outputs": {"type": "object"},
    })
    .to_string()
}

#[test]
fn schemas_that_would_take_long_are_refused() {
    let mut doubling = json!({"type": "string"});
    let mut definitions = serde_json::Map::new();
    for index in 0..20 {
        let next = format!("#/$defs/d{index}");
        definitions.insert(format!("d{index}"), doubling);
        doubling = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
    }
    doubling["$defs"] = definitions.into();
    let pattern = |pattern: &str| json!({"properties": {"a": {"pattern": pattern}}});
    let patterns = (0..1500).map(|index| {
        (
            format!("p{index}"),
            json!({"pattern": format!("(\\pL{{1,20}}){{{}}}", index % 7)}),
        )
    });
    let patterns = patterns.collect::<serde_json::Map<_, _>>();
    let cases = [
        ("doubling", doubling, "it has more than 2000 parts"),
        (
            "many_parts",
            json!({"allOf": vec![json!({}); 2500]}),
            "it has more than 2000 parts",
        ),
        (
            "many_values",
            json!({"enum": (0..3000).collect::<Vec<_>>()}),
            "it has more than 2000 parts",
        ),
        (
            "circle",
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
            "comes back to itself",
        ),
        (
            "elsewhere",
            json!({"$ref": "https://example.com/schema"}),
            "only `#/$defs/…` is supported",
        ),
        (
            "dynamic",
            json!({"$dynamicRef": "#a"}),
            "`$dynamicRef` is not supported",
        ),
        (
            "backtracking",
            pattern("^(a+)+\\1$"),
            "is not a supported regular expression",
        ),
        (
            "look_around",
            pattern("(?=a)"),
            "is not a supported regular expression",
        ),
        (
            "large_pattern",
            pattern("(\\pL{1,99}){99}"),
            "is too large a regular expression",
        ),
        (
            "many_patterns",
            json!({"properties": patterns}),
            "regular expression",
        ),
    ];
    for (name, schema, expected) in cases {
        let said = described(name, &with_schema(&schema));
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn descriptions_that_could_be_read_in_two_ways_are_refused() {
    let plain = |more: &str| format!(r#"{{"name":"x","version":"1",{more}}}"#);
    let deep = plain(&format!(
        r#""with":{}{}"#,
        r#"{"not":"#.repeat(150),
        "}".repeat(150)
    ));
    let long = plain(&format!(r#""summary":"{}""#, "x".repeat(300 << 10)));
    let cases = [
        ("twice", plain(r#""name":"y""#), "key `name` occurs twice"),
        (
            "twice_within",
            plain(r#""with":{"type":"object","type":"string"}"#),
            "key `type` occurs twice",
        ),
        (
            "escaped_twice",
            plain(r#""with":{"type":"object","\u0074ype":"string"}"#),
            "key `type` occurs twice",
        ),
        (
            "surrogate",
            plain(r#""summary":"\ud800""#),
            "unexpected end of hex escape",
        ),
        (
            "number",
            plain(r#""with":{"const":1e999}"#),
            "number out of range",
        ),
        ("deep", deep, "recursion limit exceeded"),
        ("long", long, "its description is longer than 256 KiB"),
        (
            "more",
            plain(r#""summary":"a"} {"b":1"#),
            "trailing characters",
        ),
        (
            "no_object",
            "[]".to_owned(),
            "its description cannot be read",
        ),
    ];
    for (name, description, expected) in cases {
        let said = described(name, &description);
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn value_that_is_too_large_for_its_schema_is_not_checked() {
    // 900 schemas for each of 300,000 values.
    let description = json!({
        "name": "handmade", "version": "0.1.0", "summary": "by hand",
        "with": {"type": "object", "additionalProperties": false},
        "outputs": {"properties": {"l": {"allOf": vec![json!({"items": {"type": "integer"}}); 450]}}},
    });
    let description = description.to_string();
    // The outputs are written by a loop: `{"l":[1,1,1,…,1]}`.
    let run = "
        (i32.store (i32.const 65536) (i32.const 0x226c227b))
        (i32.store (i32.const 65540) (i32.const 0x0000005b3a))
        (local.set 1 (i32.const 65542))
        (loop
          (i32.store16 (local.get 1) (i32.const 0x2c31))
          (local.set 1 (i32.add (local.get 1) (i32.const 2)))
          (br_if 0 (i32.lt_u (local.get 1) (i32.const 665542))))
        (i32.store (local.get 1) (i32.const 0x7d5d31))
        (i32.store8 (i32.const 0) (i32.const 0))
        (i32.store (i32.const 8) (i32.const 65536))
        (i32.store (i32.const 12) (i32.const 600009))
        (return (i32.const 0))";
    let handmade = Handmade {
        description: &description,
        run,
        memory: 16,
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Schemas)
        .step("outputs", &handmade.file("outputs-slow"), "")
        .run();
    after.failed(
        "outputs",
        "plugin",
        "contract",
        "its outputs break its own schema: `outputs`: this is too large to be checked against so long a schema",
    );
    after.all_judged();
}
