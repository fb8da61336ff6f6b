//! Memory, tables, handles, resources, stack: what an instance asks for beyond its limits it
//! does not get, and the step says which limit that was.

use std::fmt::Write;

use serde_json::json;

use super::{Attacks, Class, attacks::refused, handmade::Handmade};

/// Asks for more until there is none, and traps.
const GROW: &str =
    "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

#[test]
fn memory_is_limited_however_it_is_asked_for() {
    let one = Handmade {
        run: GROW,
        ..Handmade::default()
    };
    let at_once = Handmade {
        run: "(if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable))",
        ..Handmade::default()
    };
    // What another module of the component has counts too.
    let beside = one.beside("grow-beside", "(module (memory 1500))", 1);
    let mut after = Attacks::of(Class::Bombs)
        .step("one_memory", &one.file("grow"), "")
        .step("second_memory", &beside, "")
        .step("all_at_once", &at_once.file("grow-at-once"), "")
        .doing("allocations", "do: memory", "")
        .run();
    for id in ["one_memory", "second_memory", "all_at_once", "allocations"] {
        after.failed(
            id,
            "plugin",
            "limit",
            "the plugin used 128 MiB, the limit of its memory, and asked for more",
        );
    }
    after.all_judged();
}

#[test]
fn memory_and_tables_that_are_there_from_the_start_are_limited_too() {
    let plain = Handmade::default();
    let large = Handmade {
        memory: 4096,
        ..Handmade::default()
    };
    let two = Handmade {
        more: "(memory 1)",
        ..Handmade::default()
    };
    let cases = [
        (
            "initial_memory",
            large.file("initial"),
            "exceeds the limit of 0x8000000 bytes",
        ),
        (
            "second_memory",
            two.file("initial-second"),
            "defined memories count of 2 exceeds",
        ),
        (
            "two_modules",
            plain.beside("initial-two", "(module (memory 1500))", 2),
            "used 128 MiB",
        ),
        (
            "many_modules",
            plain.beside("initial-many", "(module (memory 1))", 40),
            "memories",
        ),
        (
            "initial_table",
            plain.beside("initial-table", "(module (table 1000000 funcref))", 1),
            "exceeds the limit",
        ),
        (
            "two_tables",
            plain.beside("initial-tables", "(module (table 90000 funcref))", 2),
            "100000 elements",
        ),
        (
            "many_instances",
            plain.beside("initial-instances", "(module)", 200),
            "instance",
        ),
    ];
    for (name, file, expected) in cases {
        let said = refused(Class::Bombs, name, &file, "");
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn tables_are_limited() {
    let grow = "(loop (br_if 0 (i32.ne (table.grow 0 (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable";
    let one = Handmade {
        run: grow,
        more: "(table 1 funcref)",
        ..Handmade::default()
    };
    let beside = one.beside("table-beside", "(module (table 60000 funcref))", 1);
    let mut after = Attacks::of(Class::Bombs)
        .step("one_table", &one.file("table"), "")
        .step("second_table", &beside, "")
        .run();
    for id in ["one_table", "second_table"] {
        after.failed(
            id,
            "plugin",
            "limit",
            "the plugin filled its tables with 100000 elements, their limit, and asked for more",
        );
    }
    after.all_judged();
}

#[test]
fn calls_without_end_use_up_the_stack_of_their_guest_and_nothing_else() {
    let calls = Handmade {
        run: "(drop (call $deeper (i64.const 0)))",
        more: "(func $deeper (param i64) (result i64)
            (i64.add (local.get 0) (call $deeper (i64.add (local.get 0) (i64.const 1)))))",
        ..Handmade::default()
    };
    // A frame as large as frames can be.
    let locals = "i64 ".repeat(20_000);
    let body = (0..20_000).fold(String::new(), |mut body, index| {
        let _ = write!(
            body,
            "(local.set {index} (i64.load (i32.const {})))",
            index % 4000
        );
        body
    });
    let kept = (0..20_000).fold(String::new(), |mut body, index| {
        let _ = write!(body, "(i64.store (i32.const 8) (local.get {index}))");
        body
    });
    let frames = format!("(func $deeper (local {locals}) {body} (call $deeper) {kept})");
    let frames = Handmade {
        run: "(call $deeper)",
        more: &frames,
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Bombs)
        .step("calls", &calls.file("stack"), "")
        .step("frames", &frames.file("stack-frames"), "")
        .run();
    for id in ["calls", "frames"] {
        let message = "the plugin trapped: wasm trap: call stack exhausted";
        after.failed(id, "plugin", "contract", message);
    }
    after.all_judged();
}

/// The part of `wasi:io` and `wasi:clocks` that makes handles.
const CLOCKS: &str = "
    package wasi:io@0.2.6 { interface poll { resource pollable {} } }
    package wasi:clocks@0.2.6 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.6.{pollable};
            subscribe-duration: func(when: u64) -> pollable;
        }
    }";

#[test]
fn handles_are_limited_whoever_makes_them() {
    let hosts = Handmade {
        packages: CLOCKS,
        world: "import wasi:clocks/monotonic-clock@0.2.6;",
        imports: r#"(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $wait (param i64) (result i32)))"#,
        run: "(loop (drop (call $wait (i64.const 1000000000))) (br 0))",
        ..Handmade::default()
    };
    let own = Handmade {
        world: "export mine: interface { resource thing { constructor(); } }",
        imports: r#"(import "[export]mine" "[resource-new]thing" (func $new (param i32) (result i32)))"#,
        run: "(loop (drop (call $new (i32.const 7))) (br 0))",
        more: r#"(func (export "mine#[constructor]thing") (result i32) (call $new (i32.const 7)))"#,
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Bombs)
        .step("handles_of_the_host", &hosts.file("handles"), "")
        .step("handles_of_its_own", &own.file("handles-own"), "")
        .run();
    for id in ["handles_of_the_host", "handles_of_its_own"] {
        let message = "the plugin held 10000 handles, their limit, and asked for more";
        after.failed(id, "plugin", "limit", message);
    }
    after.all_judged();
}

/// The contract's log, of which the host takes what it is given.
const LOG: &str =
    r#"(import "sluice:plugin/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))"#;

#[test]
fn what_one_call_makes_the_host_hold_is_limited() {
    // A list of 100,000 fields, each of which has the same text of 1 MiB: 100 GB in the host
    // for 3 MiB in the guest.
    let aliased = Handmade {
        imports: LOG,
        run: "
            (local.set 1 (i32.const 2097152))
            (loop
              (i32.store (local.get 1) (i32.const 65536))
              (i32.store (i32.add (local.get 1) (i32.const 4)) (i32.const 1048576))
              (i32.store (i32.add (local.get 1) (i32.const 8)) (i32.const 65536))
              (i32.store (i32.add (local.get 1) (i32.const 12)) (i32.const 1048576))
              (local.set 1 (i32.add (local.get 1) (i32.const 16)))
              (br_if 0 (i32.lt_u (local.get 1) (i32.const 3697152))))
            (call $log (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 2097152) (i32.const 100000))",
        memory: 64,
        ..Handmade::default()
    };
    // A list that is longer than the memory that it is said to lie in.
    let beyond = Handmade {
        imports: LOG,
        run: "(call $log (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 4096) (i32.const 268435455))",
        ..Handmade::default()
    };
    let text = Handmade {
        imports: LOG,
        run: "(call $log (i32.const 1) (i32.const 65536) (i32.const 100000000) (i32.const 0) (i32.const 0))",
        memory: 1600,
        ..Handmade::default()
    };
    let random = Handmade {
        packages: "package wasi:random@0.2.6 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }",
        world: "import wasi:random/random@0.2.6;",
        imports: r#"(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))"#,
        run: "(call $random (i64.const 50000000) (i32.const 0))",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Bombs)
        .step("same_text_many_times", &aliased.file("aliased"), "")
        .step("list_beyond_its_memory", &beyond.file("beyond"), "")
        .step("text_of_100_megabytes", &text.file("text"), "")
        .step("random_bytes", &random.file("random"), "")
        .run();
    let message = "the plugin handed over more than 16 MiB in one call, the limit";
    after.failed("same_text_many_times", "plugin", "limit", message);
    after.failed("text_of_100_megabytes", "plugin", "limit", message);
    let end = after.end("list_beyond_its_memory");
    assert_eq!(end["error"]["blame"], "plugin", "{end}");
    after.blocked("list_beyond_its_memory");
    after.failed(
        "random_bytes",
        "plugin",
        "contract",
        "the plugin trapped: requested len 50000000 exceeds limit 1048576",
    );
    after.all_judged();
}

#[test]
fn steps_that_fill_the_pool_wait_for_each_other_and_fail_no_other() {
    // Each of these takes sixteen memories of a pool that has 64, and keeps them for a while.
    let many = Handmade {
        run: "
            (local.set 1 (i32.const 200000000))
            (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))",
        ..Handmade::default()
    };
    let many = many.beside("memories", "(module (memory 1))", 15);
    let mut attacks = Attacks::of(Class::Bombs);
    let ids = (0..12).map(|index| format!("sixteen_memories_{index}"));
    let ids = ids.collect::<Vec<_>>();
    for id in &ids {
        attacks = attacks.step(id, &many, "");
    }
    let mut after = attacks.doing("beside_them", "do: nothing", "").run();
    for id in ids.iter().map(String::as_str).chain(["beside_them"]) {
        after.bounded(id, &json!({}));
    }
    after.all_judged();
}
