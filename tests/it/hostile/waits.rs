//! Waits in the host: what does not answer does not hold a step longer than its timeout, and
//! whatever was asked for is gone with it.

use super::{Attacks, Class, handmade::Handmade};

const SOON: &str = "    timeout: 300ms\n";

#[test]
fn waits_for_what_never_comes_are_ended_by_the_timeout() {
    let ever = Handmade {
        packages: "
            package wasi:io@0.2.6 {
                interface poll {
                    resource pollable { block: func(); }
                    poll: func(in: list<borrow<pollable>>) -> list<u32>;
                }
            }
            package wasi:clocks@0.2.6 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.6.{pollable};
                    subscribe-duration: func(when: u64) -> pollable;
                }
            }",
        world: "import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6;",
        imports: r#"
            (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $wait (param i64) (result i32)))
            (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
            (import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))"#,
        run: "(call $block (call $wait (i64.const -1)))",
        ..Handmade::default()
    };
    let many = Handmade {
        run: "
            (local.set 1 (i32.const 0))
            (loop
              (i32.store (i32.add (i32.const 65536) (i32.shl (local.get 1) (i32.const 2))) (call $wait (i64.const -1)))
              (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 5000))))
            (call $poll (i32.const 65536) (i32.const 5000) (i32.const 0))",
        memory: 4,
        ..ever
    };
    let mut after = Attacks::of(Class::Waits)
        .step("one", &ever.file("wait"), SOON)
        .step("five_thousand_at_once", &many.file("wait-many"), SOON)
        .doing("sleep", "do: wait", SOON)
        .run();
    for id in ["one", "five_thousand_at_once", "sleep"] {
        after.timed_out(id, "300ms", 300);
    }
    after.all_judged();
}

#[test]
fn list_of_nothing_to_wait_for_is_a_trap() {
    let nothing = Handmade {
        packages: "package wasi:io@0.2.6 { interface poll { resource pollable {} poll: func(in: list<borrow<pollable>>) -> list<u32>; } }",
        world: "import wasi:io/poll@0.2.6;",
        imports: r#"(import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))"#,
        run: "(call $poll (i32.const 65536) (i32.const 0) (i32.const 0))",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Waits)
        .step("nothing", &nothing.file("wait-nothing"), SOON)
        .run();
    after.failed(
        "nothing",
        "plugin",
        "contract",
        "the plugin trapped: empty poll list",
    );
    after.all_judged();
}
