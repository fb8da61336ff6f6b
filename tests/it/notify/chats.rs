//! Every service that `notify` knows, each as a sink of its own, so that one run can tell
//! them all at the same time.

use std::fmt::Write as _;

use serde_json::Value;
use sluice_practice::{Received, Reply, Sink};
use tokio::runtime::Runtime;

use crate::sluice::Sluice;

/// One service: its key in `with`, and what it is told where.
pub(super) struct Service {
    pub(super) name: &'static str,
    /// What stands under its key; `AT` is its address.
    pub(super) with: &'static str,
    /// The first line of a request that posts.
    pub(super) post: &'static str,
    /// The first line of one that updates the message; that of another post where it cannot.
    pub(super) edit: &'static str,
    /// What it answers.
    pub(super) answer: (u16, &'static str),
    /// What the step hands over for an update.
    pub(super) handle: &'static str,
}

pub(super) const SERVICES: [Service; 7] = [
    Service {
        name: "slack",
        with: "{ url: 'AT/api', token: xoxb-1, channel: C1 }",
        post: "POST /api/chat.postMessage",
        edit: "POST /api/chat.update",
        answer: (
            200,
            r#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#,
        ),
        handle: "slack:C1:1503435956.000247",
    },
    Service {
        name: "mattermost",
        with: "{ url: AT, token: bot, channel: 4xp9fdt77p }",
        post: "POST /api/v4/posts",
        edit: "PUT /api/v4/posts/4q7mpuk3nf/patch",
        answer: (201, r#"{"id":"4q7mpuk3nf"}"#),
        handle: "mattermost:4q7mpuk3nf",
    },
    Service {
        name: "discord",
        with: "AT/api/webhooks/1/x",
        post: "POST /api/webhooks/1/x?wait=true",
        edit: "PATCH /api/webhooks/1/x/messages/1155",
        answer: (200, r#"{"id":"1155","type":0}"#),
        handle: "discord:1155",
    },
    Service {
        name: "teams",
        with: "AT/workflows/1?sig=x",
        post: "POST /workflows/1?sig=x",
        edit: "POST /workflows/1?sig=x",
        answer: (202, ""),
        handle: "",
    },
    Service {
        name: "ntfy",
        with: "{ url: AT/topic, token: tk_1 }",
        post: "POST /topic",
        edit: "POST /topic",
        answer: (200, r#"{"id":"xE73Iyuabi","event":"message"}"#),
        handle: "ntfy:xE73Iyuabi",
    },
    Service {
        name: "telegram",
        with: "{ url: AT/bot1, chat: -100123 }",
        post: "POST /bot1/sendMessage",
        edit: "POST /bot1/editMessageText",
        answer: (200, r#"{"ok":true,"result":{"message_id":4711}}"#),
        handle: "telegram:4711",
    },
    Service {
        name: "webhook",
        with: "AT/deploys",
        post: "POST /deploys",
        edit: "POST /deploys",
        answer: (204, ""),
        handle: "",
    },
];

/// All of them, listening. Each answers as [`SERVICES`] says.
pub(super) struct Chats {
    sinks: Vec<Sink>,
    _runtime: Runtime,
}

impl Chats {
    pub(super) fn open() -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let sinks = SERVICES.map(|service| {
            let sink = runtime
                .block_on(Sink::start())
                .expect("a loopback port is free");
            let (status, body) = service.answer;
            sink.reply(reply(status, None, body));
            sink
        });
        Self {
            sinks: sinks.into(),
            _runtime: runtime,
        }
    }

    /// The services, each with where it listens.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static Service, &Sink)> {
        const ALL: &[Service] = &SERVICES;
        ALL.iter().zip(&self.sinks)
    }

    /// A pipeline in which these steps, as YAML with `NAME`, `WITH` and `PERMISSIONS` in it,
    /// stand once for each service.
    pub(super) fn pipeline(&self, steps: &str) -> Sluice {
        let mut text = "name: deploy-web\non: [manual]\nsteps:\n".to_owned();
        for (service, sink) in self.each() {
            let url = sink.url();
            let port = url.rsplit(':').next().unwrap_or_default();
            let permission = format!(
                "{{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, \
                 methods: [POST, PUT, PATCH], addresses: [127.0.0.0/8] }}] }}"
            );
            let steps = steps
                .replace("NAME", service.name)
                .replace("WITH", &service.with.replace("AT", &url))
                .replace("PERMISSIONS", &permission);
            let _ = writeln!(text, "{steps}");
        }
        Sluice::pipeline(&text)
    }
}

/// An answer at once.
pub(super) fn reply(status: u16, header: Option<(&str, &str)>, body: &str) -> Reply {
    let header = header.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply::Answer {
        status,
        headers: header.into_iter().collect(),
        body: body.to_owned(),
        delay: std::time::Duration::ZERO,
    }
}

/// `POST /path` of each request.
pub(super) fn lines(sink: &Sink) -> Vec<String> {
    let requests = sink.requests();
    let lines = requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path));
    lines.collect()
}

/// The value of a header, if it came.
pub(super) fn header<'r>(request: &'r Received, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// The body as JSON.
pub(super) fn body(request: &Received) -> Value {
    serde_json::from_slice(&request.body).expect("the body is JSON")
}
