//! `with`, read into what is to be said, and where to.

use serde_json::Value;
use sluice_plugin_with::Keys;

use crate::url::Url;

/// How long an answer *come back later* is followed, in milliseconds, where `patience`
/// is not given.
const PATIENCE: u64 = 30_000;

/// What a step of this plugin is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// At least one, in the order in which they are told.
    pub(crate) targets: Vec<Target>,
    /// In place of the pipeline's name.
    pub(crate) title: Option<String>,
    /// In place of the run's own link.
    pub(crate) link: Option<String>,
    /// What the pipeline's author adds.
    pub(crate) details: Option<String>,
    /// Milliseconds.
    pub(crate) patience: u64,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) service: Service,
    pub(crate) url: Url,
}

/// What a message looks like there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Service {
    Slack,
    Webhook,
}

impl Service {
    /// Its key in `with`, and its name in outputs and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }
}

impl Config {
    /// Reads `with`; the error is a sentence for the pipeline's author.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("`with`: {error}"))?;
        let with = Keys::of("with", &value)?;
        let mut targets = Vec::new();
        for service in [Service::Slack, Service::Webhook] {
            if let Some(text) = with.text(service.name())? {
                // The rest of the address may be a secret's stand-in: only the key is named.
                let url = Url::read(text)
                    .map_err(|problem| format!("`with.{}`: {problem}", service.name()))?;
                targets.push(Target { service, url });
            }
        }
        if targets.is_empty() {
            return Err("nobody is to be told; write `slack` or `webhook`".to_owned());
        }
        let text = |key| Ok::<_, String>(with.text(key)?.map(str::to_owned));
        Ok(Self {
            targets,
            title: text("title")?,
            link: text("link")?,
            details: text("details")?,
            patience: with.millis("patience", PATIENCE)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Service, Target};
    use crate::url::Url;

    #[test]
    fn both_services_are_told_slack_first() {
        let text = r#"{"webhook":"http://127.0.0.1:9/h","slack":"https://hooks.slack.com/x",
                       "title":"web","link":"https://ci.example/1","details":"by hand","patience":"2m"}"#;
        let target = |service, text| Target {
            service,
            url: Url::read(text).expect("an address of the test"),
        };
        let expected = Config {
            targets: vec![
                target(Service::Slack, "https://hooks.slack.com/x"),
                target(Service::Webhook, "http://127.0.0.1:9/h"),
            ],
            title: Some("web".to_owned()),
            link: Some("https://ci.example/1".to_owned()),
            details: Some("by hand".to_owned()),
            patience: 120_000,
        };
        assert_eq!(Config::read(text), Ok(expected));
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_a_reason() {
        let cases = [
            ("{}", "nobody is to be told; write `slack` or `webhook`"),
            (
                r#"{"slack":"hooks.slack.com"}"#,
                "`with.slack`: it is not an address; write it like `https://host/path`",
            ),
            (
                r#"{"slack":"https://hooks.slack.com/","patience":"soon"}"#,
                "`with.patience`: `soon` is not a duration; write it like `90s`, `5m` or `1h30m`",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Config::read(text), Err(expected.to_owned()));
        }
    }
}
