//! Which ends are told.

use sluice_practice::Reply;

use super::chats::{Chats, lines};

/// A step that is done, and one that tells of it.
fn steps(on: &str) -> String {
    format!(
        "  NAME_first:
    uses: notify
    needs: []
    with: {{ NAME: WITH, at: start }}
    permissions: PERMISSIONS
  NAME:
    uses: notify
    needs: [NAME_first]
    if: always()
    with: {{ NAME: WITH, on: {on} }}
    permissions: PERMISSIONS
"
    )
}

#[test]
fn a_change_is_told_where_no_runs_are_kept_and_the_log_says_why_once() {
    let chats = Chats::open();
    let said = chats.pipeline(&steps("change")).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        assert_eq!(lines(sink), [service.post, service.post]);
        let log = said.of_step("step.log", service.name);
        assert_eq!(
            log["message"],
            "`on` is `change`, and no earlier run of this pipeline is known here"
        );
    }
}

#[test]
fn an_outcome_that_is_the_last_runs_is_told_once() {
    let chats = Chats::open();
    let sluice = chats.pipeline(&steps("change"));
    let state = sluice.folder().join("state");
    let sluice = sluice.env("SLUICE_STATE", state);
    for told in [2, 3] {
        let said = sluice.events(&[]);
        assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
        for (service, sink) in chats.each() {
            // The start is told each time, and the first end.
            assert_eq!(lines(sink).len(), told, "{}", service.name);
        }
    }
    let (service, sink) = chats.each().next().expect("there are services");
    let start = format!("{}_first", service.name);
    sink.reply_once(Reply::status(400));
    let said = sluice.events(&[]);
    assert_eq!(said.of_step("step.finished", &start)["outcome"], "failure");
    assert_eq!(lines(sink).len(), 5, "a failure after a success is told");
}

#[test]
fn a_success_is_not_told_where_only_failures_are() {
    let chats = Chats::open();
    let said = chats.pipeline(&steps("failure")).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        assert_eq!(lines(sink), [service.post]);
        let end = said.of_step("step.finished", service.name);
        assert_eq!(
            end["outputs"],
            serde_json::json!({ "service": service.name, "sent": false, "updated": false, "message": "" })
        );
    }
}
