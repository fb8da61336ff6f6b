//! A run of every service that is held to its plan.

use super::chats::{Chats, lines};

const STEPS: &str = "  NAME_start:
    uses: notify
    needs: []
    with: { NAME: WITH, at: start }
    permissions: PERMISSIONS
  NAME:
    uses: notify
    needs: [NAME_start]
    if: always()
    with: { NAME: WITH, update: NAME_start }
    permissions: PERMISSIONS
";

#[test]
fn a_plan_holds_the_update_that_its_dry_run_could_not_make() {
    let chats = Chats::open();
    let sluice = chats.pipeline(STEPS);
    let planned = sluice.events(&["--dry-run", "--out", "plan.json"]);
    assert_eq!(planned.code, Some(0), "{}\n{}", planned.out, planned.err);
    let said = sluice.events(&["--plan", "plan.json"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        assert_eq!(
            lines(sink),
            [service.post, service.edit],
            "{}",
            service.name
        );
    }
}

#[test]
fn a_plan_foresees_what_each_service_is_told_after_a_failure() {
    let chats = Chats::open();
    let steps = STEPS.replace("update: NAME_start", "title: it")
        + "  NAME_failed:
    uses: notify
    needs: [NAME]
    if: failure()
    with: { NAME: WITH }
    permissions: PERMISSIONS
";
    let sluice = chats.pipeline(&steps);
    let planned = sluice.events(&["--dry-run", "--out", "plan.json"]);
    assert_eq!(planned.code, Some(0), "{}\n{}", planned.out, planned.err);
    for (_, sink) in chats.each() {
        // The start is told; the step that follows it is not.
        sink.reply_once(sluice_practice::Reply::default());
        sink.reply_once(sluice_practice::Reply::status(400));
    }
    let said = sluice.events(&["--plan", "plan.json"]);
    assert_eq!(said.code, Some(1));
    for (service, sink) in chats.each() {
        assert_eq!(lines(sink), [service.post; 3], "{}", service.name);
        let end = said.of_step("step.finished", &format!("{}_failed", service.name));
        assert_eq!(end["outcome"], "success", "{end}");
    }
}
