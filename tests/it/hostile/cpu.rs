//! Loops in every place where code of a guest runs. Each is ended by a deadline, and while
//! it turns other steps go on.

use super::{
    Attacks, Class,
    attacks::refused,
    handmade::{self, Handmade},
};

const LOOP: &str = "(loop (br 0))";
const SOON: &str = "    timeout: 300ms\n";

/// A resource of the plugin's own, which loops when it is dropped.
const DROP: Handmade = Handmade {
    description: handmade::PLAIN,
    packages: "",
    world: "export mine: interface { resource thing { constructor(); } }",
    imports: r#"
        (import "[export]mine" "[resource-new]thing" (func $new (param i32) (result i32)))
        (import "[export]mine" "[resource-drop]thing" (func $drop (param i32)))"#,
    describe: "",
    run: "(call $drop (call $new (i32.const 7)))",
    realloc: "",
    memory: 0,
    more: r#"
        (func (export "mine#[constructor]thing") (result i32) (call $new (i32.const 7)))
        (func (export "mine#[dtor]thing") (param i32) (loop (br 0)))"#,
};

#[test]
fn loops_in_all_that_a_step_runs_are_ended_by_its_timeout() {
    let run = Handmade {
        run: LOOP,
        ..Handmade::default()
    };
    let realloc = Handmade {
        realloc: LOOP,
        ..Handmade::default()
    };
    let after = Handmade {
        more: r#"(func (export "cabi_post_sluice:plugin/step@0.1.0#run") (param i32) (loop (br 0)))"#,
        ..Handmade::default()
    };
    // Each turn takes milliseconds, and there is no end to them.
    let filling = Handmade {
        run: "(loop (memory.fill (i32.const 65536) (i32.const 1) (i32.const 66977792)) (br 0))",
        memory: 1024,
        ..Handmade::default()
    };
    // It calls itself, each time as the last thing that it does.
    let calling = Handmade {
        run: "(call $again)",
        more: "(func $again (loop (call_indirect (i32.const 0)) (br 0)))
            (func $nothing)
            (table 1 funcref)
            (elem (i32.const 0) $nothing)",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Cpu)
        .step("run", &run.file("loop-run"), SOON)
        .step("realloc", &realloc.file("loop-realloc"), SOON)
        .step("post_return", &after.file("loop-after"), SOON)
        .step("filling_memory", &filling.file("loop-filling"), SOON)
        .step("indirect_calls", &calling.file("loop-calling"), SOON)
        .step("drop_of_a_resource", &DROP.file("loop-drop"), SOON)
        .doing("calls_of_the_host", "do: log-for-ever", SOON)
        .doing("compiled_loop", "do: loop", SOON)
        .run();
    for id in [
        "run",
        "realloc",
        "post_return",
        "filling_memory",
        "indirect_calls",
        "drop_of_a_resource",
        "calls_of_the_host",
        "compiled_loop",
    ] {
        after.timed_out(id, "300ms", 300);
    }
    after.all_judged();
}

#[test]
fn loops_in_all_that_a_description_runs_are_refused_before_anything_starts() {
    let start = Handmade {
        more: "(func $start (loop (br 0))) (start $start)",
        ..Handmade::default()
    };
    let initialize = Handmade {
        more: r#"(func (export "_initialize") (loop (br 0)))"#,
        ..Handmade::default()
    };
    let describe = Handmade {
        describe: LOOP,
        ..Handmade::default()
    };
    let after = Handmade {
        more: r#"(func (export "cabi_post_sluice:plugin/step@0.1.0#describe") (param i32) (loop (br 0)))"#,
        ..Handmade::default()
    };
    for (name, handmade) in [
        ("start", start),
        ("initialize", initialize),
        ("describe", describe),
        ("post_return_of_describe", after),
    ] {
        let file = handmade.file(&format!("loop-{name}"));
        let said = refused(Class::Cpu, name, &file, "");
        assert!(
            said.contains("`describe` took longer than 2s"),
            "{name}: {said}"
        );
    }
}

#[test]
fn guests_that_spin_delay_no_other_step() {
    let spinning = Handmade {
        run: LOOP,
        ..Handmade::default()
    };
    let spinning = spinning.file("loop-beside");
    let mut attacks = Attacks::of(Class::Cpu);
    for index in 0..8 {
        attacks = attacks.step(&format!("beside_{index}"), &spinning, "    timeout: 3s\n");
    }
    // Not an attack, but what goes on beside them.
    let mut after = attacks.doing("meanwhile", "do: nothing", "").run();
    for index in 0..8 {
        after.timed_out(&format!("beside_{index}"), "3s", 3000);
    }
    let took = after.end("meanwhile")["duration_ms"].as_u64();
    assert!(took.is_some_and(|took| took < 2000), "{took:?} ms");
    after.bounded("meanwhile", &serde_json::json!({}));
    after.all_judged();
}
