//! Handles: one that was dropped, that was never given, or that belongs to another step or
//! type, is a trap.

use super::{Attacks, Class, handmade::Handmade};

const PACKAGES: &str = "
    package wasi:io@0.2.6 {
        interface poll { resource pollable { block: func(); ready: func() -> bool; } }
        interface streams { use poll.{pollable}; resource output-stream { subscribe: func() -> pollable; } }
    }
    package wasi:clocks@0.2.6 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.6.{pollable};
            subscribe-duration: func(when: u64) -> pollable;
        }
    }
    package wasi:cli@0.2.6 {
        interface stdout {
            use wasi:io/streams@0.2.6.{output-stream};
            get-stdout: func() -> output-stream;
        }
    }";
const WORLD: &str = "
    import wasi:clocks/monotonic-clock@0.2.6;
    import wasi:io/poll@0.2.6;
    import wasi:cli/stdout@0.2.6;
    import wasi:io/streams@0.2.6;";
const IMPORTS: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $wait (param i64) (result i32)))
    (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))
    (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.6" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
    (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $close (param i32)))"#;

/// The rest of the imports is there so that each has the same.
const ALL: &str = "(func $unused (drop (call $subscribe (call $stdout))) (call $close (i32.const 0)) (call $drop (i32.const 0)) (call $block (i32.const 0)) (drop (call $wait (i64.const 0))))";

#[test]
fn handles_that_are_not_there_are_traps() {
    let cases = [
        (
            "never_given",
            "(call $block (i32.const 1))",
            "unknown handle index 1",
        ),
        (
            "negative",
            "(call $block (i32.const -1))",
            "unknown handle index 4294967295",
        ),
        (
            "zero",
            "(call $block (i32.const 0))",
            "unknown handle index 0",
        ),
        (
            "after_drop",
            "(local.set 1 (call $wait (i64.const 0))) (call $drop (local.get 1)) (call $block (local.get 1))",
            "unknown handle index 1",
        ),
        (
            "dropped_twice",
            "(local.set 1 (call $wait (i64.const 0))) (call $drop (local.get 1)) (call $drop (local.get 1))",
            "unknown handle index 1",
        ),
        (
            "of_another_type",
            "(call $block (call $stdout))",
            "handle index 1 used with the wrong type, expected guest-defined resource but found a different guest-defined resource",
        ),
        (
            "dropped_as_another_type",
            "(call $close (call $wait (i64.const 0)))",
            "handle index 1 used with the wrong type, expected guest-defined resource but found a different guest-defined resource",
        ),
    ];
    let mut attacks = Attacks::of(Class::Handles);
    for (id, run, _) in cases {
        let handmade = Handmade {
            packages: PACKAGES,
            world: WORLD,
            imports: IMPORTS,
            run,
            more: ALL,
            ..Handmade::default()
        };
        attacks = attacks.step(id, &handmade.file(&format!("handle-{id}")), "");
    }
    let mut after = attacks.run();
    for (id, _, why) in cases {
        let message = format!("the plugin trapped: {why}");
        after.failed(id, "plugin", "contract", &message);
    }
    after.all_judged();
}

#[test]
fn parent_that_is_dropped_before_its_child_is_a_trap() {
    let handmade = Handmade {
        packages: PACKAGES,
        world: WORLD,
        imports: IMPORTS,
        run: "(local.set 1 (call $stdout)) (drop (call $subscribe (local.get 1))) (call $close (local.get 1))",
        more: ALL,
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Handles)
        .step("parent", &handmade.file("handle-parent"), "")
        .run();
    let message = "the plugin trapped: resource has children";
    after.failed("parent", "plugin", "contract", message);
    after.all_judged();
}

#[test]
fn handles_of_one_attempt_are_worth_nothing_in_the_next() {
    // Each attempt of the step uses the handle that an attempt before it was given, without
    // being given one: the first makes it, the others would find it.
    let run = "
        ;; The attempt's number stands in its context.
        (if (i32.eq (i32.load (i32.add (local.get 0) (i32.const 24))) (i32.const 1))
          (then
            (drop (call $wait (i64.const 0)))
            ;; A failure that is worth another attempt: `unavailable`.
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.store8 (i32.const 8) (i32.const 2))
            (i32.store (i32.const 20) (i32.const 64))
            (i32.store (i32.const 24) (i32.const 2))
            (i32.store8 (i32.const 32) (i32.const 0))
            (i32.store (i32.const 48) (i32.const 64))
            (i32.store (i32.const 52) (i32.const 2))
            (return (i32.const 0))))
        (call $block (i32.const 1))";
    let handmade = Handmade {
        packages: PACKAGES,
        world: WORLD,
        imports: IMPORTS,
        run,
        more: ALL,
        ..Handmade::default()
    };
    let file = handmade.file("handle-kept");
    let retry = "    retry: { attempts: 2, backoff: 1ms }\n";
    let mut after = Attacks::of(Class::Handles)
        .step("next_attempt", &file, retry)
        .run();
    assert_eq!(
        after.said.all("step.retrying").len(),
        1,
        "{}",
        after.said.out
    );
    let message = "the plugin trapped: unknown handle index 1";
    after.failed("next_attempt", "plugin", "contract", message);
    after.all_judged();
}
