//! The order of a deploy, against a world that answers from a script and keeps a record
//! of what was asked of it. Time moves only by waiting.

use std::collections::VecDeque;

use super::{World, deploy};
use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{
    ContainerImage, Effect, Error, ImageChange, News, Object, Workload,
};
use crate::config::Config;
use crate::outputs::Outputs;
use crate::testing::{NEW, OLD, config, facts, image, object, pod};
use crate::wording::Notice;

#[derive(Default)]
struct Script {
    objects: VecDeque<Result<Object, Error>>,
    effects: VecDeque<Result<Effect, Error>>,
    follows: VecDeque<Option<Error>>,
    news: VecDeque<Result<News, Error>>,
    rollback: bool,
    now: u64,
    record: Vec<String>,
}

impl World for Script {
    type Rollout = ();

    fn get(&mut self, _: &Workload) -> Result<Object, Error> {
        self.record.push("get".to_owned());
        self.objects.pop_front().expect("one more read is foreseen")
    }

    fn set_images(
        &mut self,
        _: &Workload,
        uid: &str,
        changes: &[ImageChange],
        _: bool,
    ) -> Result<Effect, Error> {
        for ImageChange {
            container,
            old,
            new,
        } in changes
        {
            self.record
                .push(format!("set {uid} {container} {old} -> {new}"));
        }
        self.effects
            .pop_front()
            .expect("one more change is foreseen")
    }

    fn restart(
        &mut self,
        _: &Workload,
        uid: &str,
        images: &[ContainerImage],
    ) -> Result<Effect, Error> {
        for entry in images {
            let ContainerImage { container, image } = entry;
            self.record
                .push(format!("restart {uid} {container} {image}"));
        }
        self.effects
            .pop_front()
            .expect("one more change is foreseen")
    }

    fn delete_pod(&mut self, _: &Workload, _: &str, pod: &str) -> Result<Effect, Error> {
        self.record.push(format!("delete {pod}"));
        Ok(Effect::Done(0))
    }

    fn last_log_line(
        &mut self,
        _: &Workload,
        _: &str,
        pod: &str,
        container: &str,
    ) -> Result<String, Error> {
        self.record.push(format!("log of {pod} {container}"));
        Ok("panic: no database".to_owned())
    }

    fn follow(&mut self, _: &Workload, uid: &str) -> Result<(), Error> {
        self.record.push(format!("follow {uid}"));
        self.follows.pop_front().flatten().map_or(Ok(()), Err)
    }

    fn next(&mut self, (): &mut (), max_wait: u64) -> Result<News, Error> {
        let news = self.news.pop_front().unwrap_or(Ok(News::Quiet));
        if matches!(news, Ok(News::Quiet)) {
            self.now += max_wait;
        }
        news
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn pause(&mut self, millis: u64) {
        self.record.push(format!("pause {millis}"));
        self.now += millis;
    }

    fn tell(&mut self, notice: &Notice) {
        self.record.push(notice.message.clone());
    }

    fn progress(&mut self, line: &str) {
        self.record.push(format!("… {line}"));
    }
}

impl Script {
    fn object(mut self, object: Object) -> Self {
        self.objects.push_back(Ok(object));
        self
    }

    fn effect(mut self, effect: Result<Effect, Error>) -> Self {
        self.effects.push_back(effect);
        self
    }

    fn news(mut self, news: Result<News, Error>) -> Self {
        self.news.push_back(news);
        self
    }

    fn run(mut self) -> (Result<Outputs, Failure>, Vec<String>) {
        let config = Config {
            rollback: self.rollback,
            ..config(&[("app", NEW)])
        };
        let ended = deploy(&mut self, &config);
        (ended, self.record)
    }
}

/// The old pods, before the change.
fn before() -> News {
    let mut facts = facts(vec![pod("x").given(OLD), pod("y").given(OLD)]);
    facts.object = object(OLD);
    facts.observed_generation = 1;
    "web-1".clone_into(&mut facts.revisions[0].name);
    facts.revisions[0].images = vec![image("app", OLD)];
    News::Change(facts)
}

fn up() -> News {
    News::Change(facts(vec![pod("a"), pod("b")]))
}

fn outputs() -> Outputs {
    Outputs {
        workload: "Deployment web/web".to_owned(),
        images: vec![image("app", NEW)],
        previous: vec![image("app", OLD)],
        changed: true,
        verified: true,
        revision: "web-2".to_owned(),
        pods: 2,
        duration: 10_000,
        note: None,
    }
}

fn kind_and_message(ended: Result<Outputs, Failure>) -> (FailureKind, String) {
    let failure = ended.expect_err("it fails");
    (failure.kind, failure.message)
}

#[test]
fn images_are_set_once_and_followed_until_they_have_settled() {
    let (ended, record) = Script::default()
        .object(object(OLD))
        .effect(Ok(Effect::Done(2)))
        .news(Ok(up()))
        .run();
    assert_eq!(ended, Ok(outputs()));
    assert_eq!(
        record,
        [
            "… reading Deployment web/web",
            "get",
            "follow u1",
            "… setting `ghcr.io/acme/web:2`",
            "set u1 app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2",
            "… 2 of 2 pods updated, 2 available; watching for 10s that they stay so",
        ]
    );
}

#[test]
fn an_image_that_is_set_already_is_followed_and_verified() {
    let (ended, record) = Script::default().object(object(NEW)).news(Ok(up())).run();
    let expected = Outputs {
        previous: vec![image("app", NEW)],
        changed: false,
        ..outputs()
    };
    assert_eq!(ended, Ok(expected));
    assert_eq!(
        record[2..4],
        [
            "follow u1",
            "`Deployment web/web` has `ghcr.io/acme/web:2` already: nothing to set"
        ]
    );
}

#[test]
fn a_planned_change_is_not_followed() {
    let (ended, record) = Script::default()
        .object(object(OLD))
        .news(Ok(before()))
        .effect(Ok(Effect::Planned))
        .run();
    let expected = Outputs {
        verified: false,
        revision: String::new(),
        duration: 0,
        note: Some("planned: nothing was changed, nothing could be watched".to_owned()),
        ..outputs()
    };
    assert_eq!(ended, Ok(expected));
    let set = "set u1 app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2";
    assert_eq!(record.last().map(String::as_str), Some(set));
}

#[test]
fn a_conflict_about_something_else_is_tried_again() {
    let (ended, record) = Script::default()
        .object(object(OLD))
        .effect(Err(Error::Conflict("stale".to_owned())))
        .object(object(OLD))
        .effect(Ok(Effect::Done(2)))
        .news(Ok(up()))
        .run();
    assert_eq!(ended, Ok(outputs()));
    assert_eq!(
        record.iter().filter(|line| line.starts_with("set")).count(),
        2
    );
}

#[test]
fn a_conflict_about_the_image_ends_the_step() {
    let (ended, _) = Script::default()
        .object(object(OLD))
        .effect(Err(Error::Conflict("stale".to_owned())))
        .object(object("ghcr.io/acme/web:3"))
        .run();
    let message = "`Deployment web/web` was given `ghcr.io/acme/web:3` while this step was about \
                   to set `ghcr.io/acme/web:2`: somebody else deploys it too";
    assert_eq!(
        kind_and_message(ended),
        (FailureKind::Failed, message.to_owned())
    );
}

#[test]
fn errors_of_the_change_keep_their_kind_and_are_not_repeated() {
    let said = || "said the host".to_owned();
    let cases = [
        (Error::Denied(said()), FailureKind::Denied),
        (Error::Forbidden(said()), FailureKind::Denied),
        (Error::NotFound(said()), FailureKind::Failed),
        (Error::Invalid(said()), FailureKind::Configuration),
        (Error::Unavailable(said()), FailureKind::Unavailable),
        (Error::Unknown(said()), FailureKind::Unknown),
        (Error::Other(said()), FailureKind::Failed),
    ];
    for (error, kind) in cases {
        let (ended, record) = Script::default()
            .object(object(OLD))
            .news(Ok(before()))
            .effect(Err(error))
            .run();
        let message = "setting images of `Deployment web/web`: said the host".to_owned();
        assert_eq!(kind_and_message(ended), (kind, message));
        let sets = record.iter().filter(|line| line.starts_with("set"));
        assert_eq!(sets.count(), 1);
    }
}

#[test]
fn a_cluster_that_is_away_for_a_while_is_followed_again() {
    let away = || Error::Unavailable("connection refused".to_owned());
    let mut script = Script::default()
        .object(object(OLD))
        .news(Ok(before()))
        .effect(Ok(Effect::Done(2)))
        .news(Err(away()))
        .news(Ok(up()));
    script.follows = [None, Some(away())].into();
    let (ended, record) = script.run();
    let expected = Outputs {
        duration: 12_000,
        ..outputs()
    };
    assert_eq!(ended, Ok(expected));
    assert_eq!(
        record[6..],
        [
            "the cluster does not answer: connection refused",
            "… the cluster does not answer: connection refused",
            "pause 1000",
            "follow u1",
            "pause 1000",
            "follow u1",
            "… 2 of 2 pods updated, 2 available; watching for 10s that they stay so",
        ]
    );
}

#[test]
fn a_cluster_that_stays_away_fails_as_unavailable_when_wait_is_over() {
    let mut script = Script::default()
        .object(object(OLD))
        .news(Ok(before()))
        .effect(Ok(Effect::Done(2)))
        .news(Err(Error::Unavailable("connection refused".to_owned())));
    script.follows = std::iter::once(None)
        .chain((0..400).map(|_| Some(Error::Unavailable("connection refused".to_owned()))))
        .collect();
    let (ended, record) = script.run();
    let message = "following `Deployment web/web`: the cluster did not answer: connection refused";
    assert_eq!(
        kind_and_message(ended),
        (FailureKind::Unavailable, message.to_owned())
    );
    assert_eq!(
        record.iter().filter(|line| *line == "pause 1000").count(),
        300
    );
}

#[test]
fn a_cancelled_step_ends_as_cancelled() {
    for news in [Ok(News::Cancelled), Err(Error::Cancelled)] {
        let (ended, _) = Script::default()
            .object(object(OLD))
            .news(Ok(before()))
            .effect(Ok(Effect::Done(2)))
            .news(news)
            .run();
        let message =
            "cancelled while `Deployment web/web` was rolling out: that goes on in the cluster";
        assert_eq!(
            kind_and_message(ended),
            (FailureKind::Cancelled, message.to_owned())
        );
    }
}

#[test]
fn an_account_that_may_not_watch_changes_nothing() {
    let mut script = Script::default().object(object(OLD));
    script.follows = [Some(Error::Forbidden("cannot watch pods".to_owned()))].into();
    let (ended, record) = script.run();
    let message = "following `Deployment web/web`: cannot watch pods";
    assert_eq!(
        kind_and_message(ended),
        (FailureKind::Denied, message.to_owned())
    );
    assert_eq!(record.last().map(String::as_str), Some("follow u1"));
}

#[test]
fn a_step_that_is_cancelled_before_its_change_says_so() {
    let (ended, _) = Script::default()
        .object(object(OLD))
        .news(Ok(News::Cancelled))
        .run();
    let message = "cancelled before `Deployment web/web` was changed";
    assert_eq!(
        kind_and_message(ended),
        (FailureKind::Cancelled, message.to_owned())
    );
}

/// The new image does not come up: the registry does not have it.
fn broken() -> News {
    let gone = "manifest unknown";
    News::Change(
        facts(vec![pod("a").waiting("ErrImagePull", gone)]).beside(vec![pod("x").given(OLD)]),
    )
}

/// A rollback that is to put the old image back, and what it finds then.
fn rolls_back(
    effect: Result<Effect, Error>,
    after: News,
) -> (Result<Outputs, Failure>, Vec<String>) {
    let script = Script::default()
        .object(object(OLD))
        .news(Ok(before()))
        .effect(Ok(Effect::Done(2)))
        .news(Ok(broken()))
        .effect(effect)
        .news(Ok(after));
    Script {
        rollback: true,
        ..script
    }
    .run()
}

#[test]
fn pods_that_do_not_come_up_are_rolled_back_to_what_was_healthy() {
    let News::Change(mut after) = before() else {
        unreachable!("it is a change")
    };
    after.object.generation = 3;
    after.observed_generation = 3;
    let (ended, record) = rolls_back(Ok(Effect::Done(3)), News::Change(after));
    let failure = ended.expect_err("the step fails all the same");
    assert_eq!(
        failure.message.lines().last(),
        Some("rolled back to `ghcr.io/acme/web:1`: 2 pods are up")
    );
    assert!(failure.details.contains("\"rolled-back\":true"));
    assert!(record.contains(&"set u1 app ghcr.io/acme/web:2 -> ghcr.io/acme/web:1".to_owned()));
}

#[test]
fn image_that_is_not_ours_any_more_is_not_rolled_back() {
    let conflict = Error::Conflict("the image is `ghcr.io/acme/web:9`".to_owned());
    let (ended, _) = rolls_back(Err(conflict), before());
    let failure = ended.expect_err("the step fails");
    assert_eq!(
        failure.message.lines().last(),
        Some("not rolled back: somebody else deploys it now: the image is `ghcr.io/acme/web:9`")
    );
    assert!(failure.details.contains("\"rolled-back\":false"));
}

#[test]
fn a_doubt_is_told_and_kept_in_the_outputs() {
    let (ended, record) = Script::default()
        .object(object(OLD))
        .effect(Ok(Effect::Done(2)))
        .news(Ok(News::Change(
            facts(Vec::new()).change(|facts| facts.object.replicas = 0),
        )))
        .run();
    let doubt = "no pods are wanted: none could be watched";
    let expected = Outputs {
        verified: false,
        pods: 0,
        duration: 0,
        note: Some(doubt.to_owned()),
        ..outputs()
    };
    assert_eq!(ended, Ok(expected));
    assert_eq!(record.last(), Some(&format!("not verified: {doubt}")));
}

#[test]
fn outputs_are_the_json_that_is_promised() {
    let json = r#"{"workload":"Deployment web/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":false,"revision":"web-2","pods":2,"duration":10000,"note":"a doubt"}"#;
    let outputs = Outputs {
        verified: false,
        note: Some("a doubt".to_owned()),
        ..outputs()
    };
    assert_eq!(outputs.to_json(), json);
}
