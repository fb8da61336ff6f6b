//! The grid: each function that the host links, and for each the tests that show it called
//! without permission, beyond its scope, with too much, without an answer, and dropped in the
//! middle; or why that cannot be. The host's own tests keep the list of functions whole
//! (`plugin::engine`), this one sees that each has a row.

use std::process::Command;

/// A cell: what shows it, or why nothing can.
#[derive(Clone, Copy)]
enum Cell {
    /// The test of that path.
    Shown(&'static str),
    Cannot(&'static str),
}

use Cell::{Cannot, Shown};

/// Functions that share their cells.
struct Row {
    interface: &'static str,
    /// All of the interface where it is empty.
    functions: &'static [&'static str],
    ungranted: Cell,
    out_of_scope: Cell,
    oversized: Cell,
    hung: Cell,
    dropped: Cell,
}

const UNGRANTED: Cell = Shown(
    "hostile::imports::capabilities_without_permission_are_refused_also_where_only_their_types_are_imported",
);
/// What a call hands over is limited where it is lifted out of the guest, whatever the call.
const OVERSIZED: Cell = Shown("hostile::bombs::what_one_call_makes_the_host_hold_is_limited");
const HANDLES: Cell = Shown("hostile::bombs::handles_are_limited_whoever_makes_them");
const INERT: Cell = Cannot("it is linked for all and reaches nothing");
const NO_SCOPE: Cell = Cannot("it has no scope: nothing outside the store is touched");
const AT_ONCE: Cell = Cannot("it answers at once, from the store alone");
const AT_ONCE_DROPPED: Cell = Cannot("it ends before anything could drop it");
const NO_SOCKETS: Cell = Shown("hostile::wasi::sockets_take_no_descriptor_of_the_process");
const NOTHING_THERE: Cell =
    Shown("hostile::wasi::environment_files_sockets_and_names_are_not_there");
const WAITS: Cell = Shown("hostile::waits::waits_for_what_never_comes_are_ended_by_the_timeout");
const KUBE_SCOPE: Cell = Shown("hostile::kube::calls_beyond_the_permission_write_nothing");
const KUBE_LONG: Cell = KUBE_SCOPE;
const KUBE_WAITS: Cell =
    Shown("hostile::kube::calls_that_are_never_answered_end_with_their_step_and_are_told");
const GIT_WAITS: Cell =
    Shown("git::beyond::calls_that_are_never_answered_end_with_their_step_and_are_told");
const GIT_SCOPE: Cell =
    Shown("git::beyond::remotes_and_ids_that_are_not_permitted_or_none_are_not_asked");
const ANSWER: Cell = Shown("http::answer_that_never_comes_is_unknown_and_never_repeated");
const BODIES: Cell =
    Shown("hostile::requests::headers_and_bodies_that_nobody_sends_are_limited_in_what_they_hold");
const WIRE: Cell = Shown("hostile::requests::what_arrives_is_the_one_request_that_was_permitted");

/// A row of functions that work on the store alone.
const fn inert(interface: &'static str, out_of_scope: Cell, oversized: Cell) -> Row {
    Row {
        interface,
        functions: &[],
        ungranted: INERT,
        out_of_scope,
        oversized,
        hung: AT_ONCE,
        dropped: AT_ONCE_DROPPED,
    }
}

/// A row of functions that ask a cluster.
const fn kube(functions: &'static [&'static str]) -> Row {
    Row {
        interface: "sluice:kube/apply",
        functions,
        ungranted: UNGRANTED,
        out_of_scope: KUBE_SCOPE,
        oversized: KUBE_LONG,
        hung: KUBE_WAITS,
        dropped: KUBE_WAITS,
    }
}

const ROWS: &[Row] = &[
    Row {
        oversized: Shown("hostile::floods::logs_progress_and_output_are_kept_to_the_size_of_a_log"),
        ..inert("sluice:plugin/log", NO_SCOPE, OVERSIZED)
    },
    inert(
        "sluice:plugin/needs",
        Shown("hostile::contract::step_sees_how_the_steps_that_it_needs_ended"),
        Cannot("it takes nothing"),
    ),
    Row {
        ungranted: Cannot("it answers a placeholder, which is worth no more than its secret's"),
        ..inert(
            "sluice:secret/derive",
            Shown("secrets::derived::what_is_derived_is_bound_like_its_secret"),
            OVERSIZED,
        )
    },
    kube(&[
        "get",
        "set-images",
        "restart",
        "delete-pod",
        "last-log-line",
    ]),
    Row {
        oversized: Shown(
            "hostile::kube::workloads_that_are_followed_are_limited_and_waits_end_with_the_step",
        ),
        ..kube(&["follow"])
    },
    Row {
        out_of_scope: Shown("hostile::resources::handles_that_are_not_there_are_traps"),
        oversized: Cannot("it takes a handle and a number, which is bounded to a minute"),
        hung: Shown(
            "hostile::kube::workloads_that_are_followed_are_limited_and_waits_end_with_the_step",
        ),
        dropped: Shown(
            "hostile::kube::workloads_that_are_followed_are_limited_and_waits_end_with_the_step",
        ),
        ..kube(&["[method]rollout.next"])
    },
    Row {
        interface: "sluice:git/remote",
        functions: &["list-refs", "log", "relay"],
        ungranted: UNGRANTED,
        out_of_scope: GIT_SCOPE,
        oversized: OVERSIZED,
        hung: GIT_WAITS,
        dropped: GIT_WAITS,
    },
    Row {
        interface: "sluice:git/remote",
        functions: &["create-ref"],
        ungranted: UNGRANTED,
        out_of_scope: Shown("git::beyond::refs_beyond_the_pattern_are_not_created"),
        oversized: OVERSIZED,
        hung: GIT_WAITS,
        dropped: GIT_WAITS,
    },
    Row {
        interface: "sluice:git/remote",
        functions: &["[method]commits.next"],
        ungranted: UNGRANTED,
        out_of_scope: Shown("hostile::resources::handles_that_are_not_there_are_traps"),
        oversized: Cannot("it takes a number, and hands over a megabyte at most"),
        hung: Cannot("the commits are there before the handle is"),
        dropped: AT_ONCE_DROPPED,
    },
    Row {
        interface: "wasi:http/outgoing-handler",
        functions: &["handle"],
        ungranted: UNGRANTED,
        out_of_scope: Shown(
            "hostile::egress::what_no_permission_names_is_neither_dialled_nor_looked_up",
        ),
        oversized: Shown("hostile::requests::requests_are_limited_in_number_and_size"),
        hung: Shown(
            "hostile::egress::name_server_that_does_not_answer_holds_a_step_no_longer_than_its_timeout",
        ),
        dropped: ANSWER,
    },
    Row {
        interface: "wasi:http/types",
        functions: &[
            "[method]future-incoming-response.get",
            "[method]future-incoming-response.subscribe",
            "[method]incoming-response.consume",
            "[method]incoming-response.headers",
            "[method]incoming-response.status",
            "[method]incoming-body.stream",
            "[static]incoming-body.finish",
            "[method]future-trailers.get",
            "[method]future-trailers.subscribe",
            "http-error-code",
        ],
        ungranted: UNGRANTED,
        out_of_scope: Cannot("it is about an answer to a request that was permitted"),
        oversized: Shown("hostile::requests::requests_are_limited_in_number_and_size"),
        hung: ANSWER,
        dropped: ANSWER,
    },
    Row {
        interface: "wasi:http/types",
        functions: &[
            "[constructor]fields",
            "[static]fields.from-list",
            "[method]fields.append",
            "[method]fields.set",
            "[method]fields.delete",
            "[method]fields.clone",
            "[method]fields.entries",
            "[method]fields.get",
            "[method]fields.has",
        ],
        ungranted: UNGRANTED,
        out_of_scope: WIRE,
        oversized: BODIES,
        hung: AT_ONCE,
        dropped: AT_ONCE_DROPPED,
    },
    Row {
        interface: "wasi:http/types",
        functions: &[
            "[constructor]outgoing-request",
            "[method]outgoing-request.authority",
            "[method]outgoing-request.body",
            "[method]outgoing-request.headers",
            "[method]outgoing-request.method",
            "[method]outgoing-request.path-with-query",
            "[method]outgoing-request.scheme",
            "[method]outgoing-request.set-authority",
            "[method]outgoing-request.set-method",
            "[method]outgoing-request.set-path-with-query",
            "[method]outgoing-request.set-scheme",
            "[method]outgoing-body.write",
            "[static]outgoing-body.finish",
        ],
        ungranted: UNGRANTED,
        out_of_scope: WIRE,
        oversized: BODIES,
        hung: AT_ONCE,
        dropped: AT_ONCE_DROPPED,
    },
    Row {
        interface: "wasi:http/types",
        functions: &[
            "[constructor]request-options",
            "[method]request-options.between-bytes-timeout",
            "[method]request-options.connect-timeout",
            "[method]request-options.first-byte-timeout",
            "[method]request-options.set-between-bytes-timeout",
            "[method]request-options.set-connect-timeout",
            "[method]request-options.set-first-byte-timeout",
        ],
        ungranted: UNGRANTED,
        out_of_scope: Cannot("the host bounds what it is told"),
        oversized: HANDLES,
        hung: AT_ONCE,
        dropped: AT_ONCE_DROPPED,
    },
    Row {
        interface: "wasi:http/types",
        functions: &[
            "[method]incoming-request.authority",
            "[method]incoming-request.consume",
            "[method]incoming-request.headers",
            "[method]incoming-request.method",
            "[method]incoming-request.path-with-query",
            "[method]incoming-request.scheme",
            "[constructor]outgoing-response",
            "[method]outgoing-response.body",
            "[method]outgoing-response.headers",
            "[method]outgoing-response.set-status-code",
            "[method]outgoing-response.status-code",
            "[static]response-outparam.set",
        ],
        ungranted: UNGRANTED,
        out_of_scope: Cannot("it is a server's, and nobody asks a plugin: there is no such handle"),
        oversized: HANDLES,
        hung: AT_ONCE,
        dropped: AT_ONCE_DROPPED,
    },
    inert(
        "wasi:cli/environment",
        NOTHING_THERE,
        Cannot("it takes nothing"),
    ),
    Row {
        out_of_scope: Shown(
            "hostile::contract::plugin_that_ends_by_exit_without_a_result_fails_its_step",
        ),
        ..inert("wasi:cli/exit", NO_SCOPE, Cannot("it takes a number"))
    },
    inert("wasi:cli/stdin", NOTHING_THERE, Cannot("it takes nothing")),
    inert("wasi:cli/stdout", NO_SCOPE, HANDLES),
    inert("wasi:cli/stderr", NO_SCOPE, HANDLES),
    inert(
        "wasi:cli/terminal-stdin",
        NO_SCOPE,
        Cannot("it takes nothing"),
    ),
    inert(
        "wasi:cli/terminal-stdout",
        NO_SCOPE,
        Cannot("it takes nothing"),
    ),
    inert(
        "wasi:cli/terminal-stderr",
        NO_SCOPE,
        Cannot("it takes nothing"),
    ),
    Row {
        hung: WAITS,
        dropped: WAITS,
        ..inert("wasi:clocks/monotonic-clock", NO_SCOPE, HANDLES)
    },
    inert(
        "wasi:clocks/wall-clock",
        NO_SCOPE,
        Cannot("it takes nothing"),
    ),
    inert(
        "wasi:filesystem/preopens",
        NOTHING_THERE,
        Cannot("it takes nothing"),
    ),
    inert("wasi:filesystem/types", NOTHING_THERE, OVERSIZED),
    inert("wasi:io/error", NO_SCOPE, Cannot("it takes a handle")),
    Row {
        out_of_scope: Shown("hostile::resources::handles_that_are_not_there_are_traps"),
        hung: WAITS,
        dropped: WAITS,
        ..inert("wasi:io/poll", NO_SCOPE, HANDLES)
    },
    Row {
        oversized: Shown("hostile::floods::logs_progress_and_output_are_kept_to_the_size_of_a_log"),
        hung: ANSWER,
        dropped: ANSWER,
        ..inert(
            "wasi:io/streams",
            Shown("hostile::resources::handles_that_are_not_there_are_traps"),
            OVERSIZED,
        )
    },
    inert("wasi:random/random", NO_SCOPE, OVERSIZED),
    inert("wasi:random/insecure", NO_SCOPE, OVERSIZED),
    inert(
        "wasi:random/insecure-seed",
        NO_SCOPE,
        Cannot("it takes nothing"),
    ),
    inert("wasi:sockets/instance-network", NOTHING_THERE, HANDLES),
    inert("wasi:sockets/ip-name-lookup", NOTHING_THERE, OVERSIZED),
    inert("wasi:sockets/tcp", NOTHING_THERE, OVERSIZED),
    inert("wasi:sockets/tcp-create-socket", NO_SOCKETS, NO_SOCKETS),
    inert("wasi:sockets/udp", NOTHING_THERE, OVERSIZED),
    inert("wasi:sockets/udp-create-socket", NOTHING_THERE, NO_SOCKETS),
];

impl Row {
    fn has(&self, interface: &str, function: &str) -> bool {
        self.interface == interface
            && (self.functions.is_empty() || self.functions.contains(&function))
    }

    fn cells(&self) -> [Cell; 5] {
        let Self {
            ungranted,
            out_of_scope,
            oversized,
            hung,
            dropped,
            ..
        } = self;
        [*ungranted, *out_of_scope, *oversized, *hung, *dropped]
    }
}

/// Each function that the host links, as `interface function`.
fn functions() -> Vec<(String, String)> {
    let file = "../tests/cases/functions.txt";
    let text = std::fs::read_to_string(file).expect("the host's tests write it");
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .map(|(interface, function)| (interface.to_owned(), function.to_owned()))
        .collect()
}

#[test]
fn each_function_that_the_host_links_has_one_row() {
    let functions = functions();
    assert!(functions.len() > 150, "{} functions", functions.len());
    for (interface, function) in &functions {
        let rows = ROWS.iter().filter(|row| row.has(interface, function));
        assert_eq!(rows.count(), 1, "rows of `{function}` of {interface}");
    }
    for row in ROWS {
        let linked = |function: &str| {
            functions.iter().any(|(interface, known)| {
                row.interface == interface && (function.is_empty() || known == function)
            })
        };
        let named = row.functions.iter().find(|function| !linked(function));
        assert_eq!(named, None, "of {}", row.interface);
        assert!(linked(""), "{}", row.interface);
    }
}

#[test]
fn each_cell_is_shown_by_a_test_that_exists() {
    let tests = tests();
    for row in ROWS {
        for cell in row.cells() {
            match cell {
                Shown(test) => assert!(
                    tests.iter().any(|known| known == test),
                    "there is no test `{test}`"
                ),
                Cannot(why) => assert!(!why.is_empty()),
            }
        }
    }
}

/// The paths of all tests.
pub(super) fn tests() -> Vec<String> {
    let own = std::env::current_exe().expect("it has a path");
    let listed = Command::new(own).arg("--list").output();
    let listed = listed.expect("it can be started").stdout;
    let listed = String::from_utf8(listed).expect("names are text");
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}
