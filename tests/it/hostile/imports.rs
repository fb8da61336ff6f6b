//! Imports: what a component asks for is judged by name and version before the first step
//! starts, also where there are only types.

use super::{
    Class,
    attacks::refused,
    handmade::{Handmade, component},
};
use crate::guests::guest;

#[test]
fn interfaces_that_no_permission_gives_are_refused_by_their_names() {
    let names = [
        ("unknown_package", "acme:door/open@1.0.0"),
        ("unknown_interface", "sluice:plugin/secrets@0.1.0"),
        ("unknown_capability", "sluice:kube/exec@0.1.0"),
        ("next_version", "sluice:plugin/log@0.2.0"),
        ("old_version", "sluice:kube/apply@0.0.9"),
        ("major_version", "sluice:git/remote@1.0.0"),
        ("release_candidate", "sluice:kube/apply@0.1.0-rc.1"),
        ("build_of_a_version", "sluice:kube/apply@0.1.0+evil"),
        ("no_version", "sluice:kube/apply"),
        ("http_of_the_future", "wasi:http/outgoing-handler@0.3.0"),
        ("http_as_a_server", "wasi:http/incoming-handler@0.2.0"),
        ("other_wasi", "wasi:keyvalue/store@0.2.0"),
        ("next_wasi", "wasi:cli/environment@0.3.0"),
        ("one_letter_more", "wasi:httpx/types@0.2.0"),
        ("one_letter_less", "sluice:plugi/log@0.1.0"),
        ("outside_any_interface", "log"),
    ];
    for (id, name) in names {
        let text = format!(
            r#"(component
                (import "{name}" (instance))
                (instance $step)
                (export "sluice:plugin/step@0.1.0" (instance $step)))"#
        );
        let file = component(&format!("import-{id}"), &text);
        let said = refused(Class::Imports, id, &file, "");
        let expected = format!("it imports `{name}`, which no permission gives");
        assert!(said.contains(&expected), "{id}: {said}");
    }
}

#[test]
fn names_that_are_none_are_no_component() {
    let names = [
        ("path", "sluice:plugin/../kube/apply@0.1.0"),
        ("two_versions", "sluice:plugin/log@0.1.0@0.2.0"),
        ("upper_case", "Sluice:Plugin/Log@0.1.0"),
        ("space", "sluice:plugin/log @0.1.0"),
        ("end_of_text", "sluice:plugin/log@0.1.0\\00"),
        ("other_alphabet", "ѕluice:plugin/log@0.1.0"),
        ("nested", "sluice:plugin/log/more@0.1.0"),
        ("nothing", ""),
    ];
    for (id, name) in names {
        let text = format!(r#"(component (import "{name}" (instance)))"#);
        let file = component(&format!("import-{id}"), &text);
        let said = refused(Class::Imports, id, &file, "");
        assert!(said.contains("it is not a component: "), "{id}: {said}");
    }
}

#[test]
fn functions_and_modules_outside_any_interface_are_refused() {
    let not = "which no permission gives";
    let none = "it is not a component: ";
    let imports = [
        ("function", r#"(import "open" (func))"#, not),
        ("module", r#"(import "code" (core module))"#, not),
        ("component", r#"(import "part" (component))"#, none),
        (
            "address",
            r#"(import "url=<https://acme.example/x.wasm>" (func))"#,
            not,
        ),
    ];
    for (id, import, expected) in imports {
        let text = format!(
            r#"(component
                {import}
                (instance $step)
                (export "sluice:plugin/step@0.1.0" (instance $step)))"#
        );
        let file = component(&format!("import-{id}"), &text);
        let said = refused(Class::Imports, id, &file, "");
        assert!(said.contains(expected), "{id}: {said}");
    }
}

#[test]
fn capabilities_without_permission_are_refused_also_where_only_their_types_are_imported() {
    let kube = Handmade {
        world: "export mine: interface { use sluice:kube/apply@0.1.0.{image-change}; take: func(it: image-change); }",
        more: r#"(func (export "mine#take") (param i32 i32 i32 i32 i32 i32))"#,
        ..Handmade::default()
    };
    let git = Handmade {
        world: "export mine: interface { use sluice:git/remote@0.1.0.{signature}; take: func(it: signature); }",
        more: r#"(func (export "mine#take") (param i32 i32 i32 i32 i64 i32))"#,
        ..Handmade::default()
    };
    let http = Handmade {
        packages: "package wasi:http@0.2.6 { interface types { type status-code = u16; } }",
        world: "export mine: interface { use wasi:http/types@0.2.6.{status-code}; take: func(it: status-code); }",
        more: r#"(func (export "mine#take") (param i32))"#,
        ..Handmade::default()
    };
    let cases = [
        (
            "kube",
            guest("workloads"),
            "calls: []",
            "sluice:kube/apply",
            "kube-apply",
        ),
        (
            "git",
            guest("git"),
            "call: list-refs",
            "sluice:git/remote",
            "git",
        ),
        ("http", guest("requests"), "do: send", "wasi:http/", "http"),
        (
            "types_of_kube",
            kube.file("types-kube"),
            "",
            "sluice:kube/apply",
            "kube-apply",
        ),
        (
            "types_of_git",
            git.file("types-git"),
            "",
            "sluice:git/remote",
            "git",
        ),
        (
            "types_of_http",
            http.file("types-http"),
            "",
            "wasi:http/types",
            "http",
        ),
    ];
    for (id, uses, with, interface, key) in cases {
        let rest = format!("    with: {{ {with} }}\n");
        let said = refused(Class::Imports, id, &uses, &rest);
        assert!(said.contains(interface), "{id}: {said}");
        assert!(said.contains(&format!("      {key}:")), "{id}: {said}");
    }
}

#[test]
fn functions_that_an_interface_does_not_have_do_not_link() {
    let functions = [
        ("unknown", r#""secrets" (func (result string))"#),
        (
            "other_type",
            r#""progress" (func (param "line" string) (result string))"#,
        ),
    ];
    for (id, function) in functions {
        for version in ["0.1.0", "0.1.9"] {
            let text = format!(
                r#"(component
                    (import "sluice:plugin/log@{version}" (instance (export {function})))
                    (instance $step)
                    (export "sluice:plugin/step@0.1.0" (instance $step)))"#
            );
            let id = format!("{id}_{version}");
            let file = component(&format!("function-{id}"), &text);
            let said = refused(Class::Imports, &id, &file, "");
            assert!(said.contains("`describe` failed: "), "{id}: {said}");
        }
    }
}
