//! Texts of the author's own: what they name is data, and no expression stands in them.

use super::chats::{Chats, body};

#[test]
fn a_value_that_somebody_else_chose_is_data_in_every_service() {
    let step = "  NAME:
    uses: notify
    needs: []
    with: { NAME: WITH, text: 'for {values.who}', values: { who: '<!channel> @everyone [x](http://evil.example) *b*' } }
    permissions: PERMISSIONS
";
    let chats = Chats::open();
    let said = chats.pipeline(step).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let expected = |name: &str| match name {
        "slack" => "for &lt;!channel<ZWSP>&gt; @everyone [x](http://evil.example) ∗b∗",
        "discord" => r"for \<\!channel\> \@<ZWSP>everyone \[x\]\(http\:\/\/evil\.example\) \*b\*",
        "mattermost" => {
            r"for &lt;\!channel\> @<ZWSP>everyone \[x\]\(http:<ZWSP>//evil\.example\) \*b\*"
        }
        "teams" => r"for &lt;\!channel\> @everyone \[x\]\(http:<ZWSP>//evil\.example\) \*b\*",
        "telegram" => {
            "for &lt;!channel&gt; @<ZWSP>everyone [x](http:<ZWSP>/<ZWSP>/<ZWSP>evil.<ZWSP>example) *b*"
        }
        _ => "for <!channel> @everyone [x](http://evil.example) *b*",
    };
    for (service, sink) in chats.each() {
        let request = &sink.requests()[0];
        let text = match service.name {
            "ntfy" => String::from_utf8_lossy(&request.body).into_owned(),
            name => {
                let body = body(request);
                let place = match name {
                    "slack" => "/blocks/1/text/text",
                    "mattermost" => "/message",
                    "discord" => "/embeds/0/description",
                    "teams" => "/attachments/0/content/body/1/text",
                    _ => "/text",
                };
                let text = body.pointer(place).and_then(|text| text.as_str());
                text.unwrap_or_else(|| panic!("{name} has {place}: {body}"))
                    .to_owned()
            }
        };
        let text = text.replace('\u{200b}', "<ZWSP>");
        let line = text.lines().find(|line| line.starts_with("for "));
        assert_eq!(line, Some(expected(service.name)), "{}", service.name);
    }
}

#[test]
fn an_expression_in_a_text_is_refused_with_what_to_write_instead() {
    let step = "  NAME:
    uses: notify
    needs: []
    with: { NAME: WITH, text: { failure: 'on ${{ trigger.ref }}' } }
    permissions: PERMISSIONS
";
    let said = Chats::open()
        .pipeline(step)
        .run(&["check", "pipeline.yaml"]);
    assert_eq!(said.code, Some(2));
    let problems = said
        .err
        .matches("error: an expression cannot stand here")
        .count();
    assert_eq!(problems, 7, "{}", said.err);
    let help = "help: put it under `values`, such as `note`, and write `{values.note}` here";
    assert_eq!(said.err.matches(help).count(), 7, "{}", said.err);
}

#[test]
fn a_name_that_does_not_exist_fails_the_step_before_anything_is_sent() {
    let step = "  NAME:
    uses: notify
    needs: []
    if: always()
    with: { NAME: WITH, text: '{branch}' }
    permissions: PERMISSIONS
";
    let chats = Chats::open();
    let said = chats.pipeline(step).events(&["--dry-run"]);
    assert_eq!(said.code, Some(1));
    for (service, sink) in chats.each() {
        let error = said.of_step("step.finished", service.name)["error"].take();
        assert_eq!(
            (&error["blame"], &error["kind"]),
            (&"author".into(), &"configuration".into())
        );
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            message.starts_with("`with.text`: there is no `{branch}`; there are `{pipeline}`, "),
            "{message}"
        );
        assert_eq!(sink.requests(), []);
    }
}
