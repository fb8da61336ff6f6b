//! Memory, tables, handles, resources, stack: what an instance asks for beyond its limits it
//! does not get, and the step says which limit that was.

use std::fmt::Write;

use serde_json::json;

use super::{
    Attacks, Class,
    attacks::refused,
    handmade::{self, Handmade},
};

/// Asks for more until there is none, and traps.
const GROW: &str =
    "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

#[test]
fn memory_of_all_modules_together_is_limited() {
    let two = Handmade {
        // The second memory stands beside the first, and counts.
        run: "(loop (br_if 0 (i32.ne (memory.grow 1 (i32.const 16)) (i32.const -1)))) unreachable",
        more: "(memory 1)",
        memory: 1500,
        ..Handmade::default()
    };
    let one = Handmade {
        run: GROW,
        ..Handmade::default()
    };
    let at_once = Handmade {
        run: "(if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable))",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Bombs)
        .step("one_memory", &one.file("grow"), "")
        .step("second_memory", &two.file("grow-second"), "")
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
fn memory_that_is_there_from_the_start_is_limited_too() {
    let large = Handmade {
        memory: 4096,
        ..Handmade::default()
    };
    let said = refused(Class::Bombs, "initial_memory", &large.file("initial"), "");
    assert!(said.contains("128 MiB"), "{said}");
}

#[test]
fn tables_of_all_modules_together_are_limited() {
    let grow = |table: &str| {
        format!(
            "(loop (br_if 0 (i32.ne (table.grow {table} (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable"
        )
    };
    let (first, both) = (
        grow("0"),
        format!(
            "{} {}",
            "(drop (table.grow 0 (ref.null func) (i32.const 60000)))",
            grow("1")
        ),
    );
    let one = Handmade {
        run: &first,
        more: "(table 1 funcref)",
        ..Handmade::default()
    };
    let two = Handmade {
        run: &both,
        more: "(table 1 funcref) (table 1 funcref)",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Bombs)
        .step("one_table", &one.file("table"), "")
        .step("second_table", &two.file("table-second"), "")
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
        world: "export own: interface { resource thing { constructor(); } }",
        imports: r#"(import "[export]own" "[resource-new]thing" (func $new (param i32) (result i32)))"#,
        run: "(loop (drop (call $new (i32.const 7))) (br 0))",
        more: r#"(func (export "own#[constructor]thing") (result i32) (call $new (i32.const 7)))"#,
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
    // Each of these takes sixteen memories of a pool that has 64.
    let memories = "(memory 1) ".repeat(15);
    let many = Handmade {
        packages: CLOCKS,
        world: "import wasi:clocks/monotonic-clock@0.2.6;",
        more: &memories,
        ..Handmade::default()
    };
    let many = many.file("memories");
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

#[test]
fn component_of_too_many_instances_is_refused() {
    let mut text = String::from("(component (core module $m)");
    for index in 0..200 {
        let _ = write!(text, "(core instance $i{index} (instantiate $m))");
    }
    // It has the contract's export as far as a name goes.
    text.push_str(r#"(instance $step) (export "sluice:plugin/step@0.1.0" (instance $step)))"#);
    let file = handmade::component("instances", &text);
    let said = refused(Class::Bombs, "instances", &file, "");
    assert!(said.contains("instance"), "{said}");
}
