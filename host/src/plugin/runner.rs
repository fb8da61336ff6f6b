//! Runs one attempt of a step: a fresh store, the capabilities that the step's
//! permissions link, one call, and what its end means.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::Value;
use sluice_pipeline::{
    permission::{Authority, Permissions},
    policy::{self, Limit},
    schedule::Schedule,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Component;

use super::{
    describe::root,
    engine::{Engine, Linked},
    instance::{Calls, Instance},
    json,
    library::{Library, PluginError},
    limits::{self, Limits},
};
use crate::{
    bindings::{
        ComponentPre,
        exports::sluice::plugin::step::{Context, Failure, FailureKind},
    },
    capability::{
        git::{GitCalls, Reach, Remotes},
        http::{Budget, Egress, HttpCalls},
        kube::{Cluster, KubeCalls, Room},
    },
    run::{
        Attempt, AttemptEnd, Effects, Needs, Reporter, Worker,
        clock::Clock,
        event::{Blame, ErrorKind, StepError},
    },
    secret::{Mask, StepSecrets},
};

/// What of the outside world a run can reach.
#[derive(Clone)]
pub struct World {
    /// The cluster.
    pub cluster: Cluster,
    /// The network.
    pub egress: Egress,
    /// The pipeline's git remotes.
    pub remotes: Remotes,
}

/// Runs steps as components.
pub struct PluginWorker {
    engine: Arc<Engine>,
    world: World,
    /// By what a step uses.
    plugins: HashMap<String, Prepared>,
    /// What started the run, as JSON.
    trigger: Arc<str>,
}

/// A plugin that some step of the schedule uses.
struct Prepared {
    component: Component,
    /// What an instance takes of the engine's room.
    slots: u32,
    repeatable: bool,
    /// Linked with each set of capabilities that some step may have.
    linked: Vec<(Linked, Arc<ComponentPre<Instance>>)>,
}

impl PluginWorker {
    /// A worker with every component of the schedule compiled and linked, before the
    /// first step starts.
    pub fn prepare(
        library: &Library,
        schedule: &Schedule,
        world: World,
    ) -> Result<Self, (String, PluginError)> {
        let engine = library
            .engine()
            .map_err(|error| (String::new(), error))?
            .clone();
        let mut plugins = HashMap::<String, Prepared>::new();
        for step in &schedule.steps {
            let failed = |error| (step.uses.clone(), error);
            let plugin = match plugins.entry(step.uses.clone()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let component = library.component(&step.uses).map_err(failed)?;
                    entry.insert(Prepared {
                        slots: Engine::slots_of(&component),
                        component,
                        repeatable: step.repeatable(),
                        linked: Vec::new(),
                    })
                }
            };
            let link = plugin.link(&engine, Linked::of(&step.permissions));
            link.map_err(|error| failed(PluginError::Contract(root(&error))))?;
        }
        Ok(Self {
            engine,
            world,
            plugins,
            trigger: serde_json::json!(schedule.trigger).to_string().into(),
        })
    }
}

impl Prepared {
    fn link(&mut self, engine: &Engine, what: Linked) -> wasmtime::Result<()> {
        if self.linked(what).is_none() {
            let linker = engine.linker(what)?;
            let plugin = ComponentPre::new(linker.instantiate_pre(&self.component)?)?;
            self.linked.push((what, Arc::new(plugin)));
        }
        Ok(())
    }

    /// The plugin with exactly these capabilities.
    fn linked(&self, what: Linked) -> Option<&Arc<ComponentPre<Instance>>> {
        let mut linked = self.linked.iter();
        linked.find_map(|(has, plugin)| (*has == what).then_some(plugin))
    }
}

impl Linked {
    fn of(permissions: &Permissions) -> Self {
        Self {
            kube: !permissions.kube_apply.is_empty(),
            http: !permissions.http.is_empty(),
            git: !permissions.git.is_empty(),
        }
    }
}

impl Worker for PluginWorker {
    fn attempt(&self, attempt: Attempt) -> BoxFuture<'static, AttemptEnd> {
        let step = attempt.step();
        let prepared = self.plugins.get(&step.uses);
        let plugin = prepared.and_then(|plugin| {
            let linked = plugin.linked(Linked::of(&step.permissions))?;
            Some((linked.clone(), plugin.slots))
        });
        let Some((plugin, slots)) = plugin else {
            let message = format!("`{}` was not prepared", step.uses);
            let error = StepError::new(Blame::Sluice, ErrorKind::Internal, message);
            return Box::pin(std::future::ready(Err(error)));
        };
        let instance = instance(&self.world, &attempt);
        let context = context(&attempt, &self.trigger);
        let engine = self.engine.clone();
        Box::pin(run(engine, plugin, slots, instance, context, attempt))
    }

    fn repeatable(&self, uses: &str) -> bool {
        self.plugins
            .get(uses)
            .is_some_and(|plugin| plugin.repeatable)
    }
}

async fn run(
    engine: Arc<Engine>,
    plugin: Arc<ComponentPre<Instance>>,
    slots: u32,
    instance: Instance,
    context: Context,
    attempt: Attempt,
) -> AttemptEnd {
    // Steps that need more than the pool has wait for each other.
    let _room = engine.room(slots).await;
    let mut store = engine.store(instance);
    let config = attempt.config.to_string();
    let call = async {
        let plugin = plugin.instantiate_async(&mut store).await?;
        plugin
            .sluice_plugin_step()
            .call_run(&mut store, &context, &config)
            .await
    };
    let called = call.await;
    store.data().finish_output();
    match called {
        Ok(Ok(outputs)) => outputs_of(&outputs, &attempt.schedule.limits.outputs),
        Ok(Err(failure)) => {
            let details = details_of(&failure.details, &attempt.schedule.limits.outputs);
            Err(failure_of(failure, details, attempt.effects.refused()))
        }
        Err(error) => Err(trap(&error, store.data().limits.refused.as_deref())),
    }
}

fn instance(world: &World, attempt: &Attempt) -> Instance {
    let step = attempt.step();
    let http = HttpCalls {
        step: step.id.clone(),
        authority: step.authority(),
        secrets: attempt.secrets.clone(),
        effects: attempt.effects.clone(),
        reporter: attempt.reporter.clone(),
        egress: world.egress.clone(),
        limits: attempt.schedule.limits.clone(),
        budget: Budget::new(&attempt.schedule.limits.requests),
    };
    let kube = KubeCalls {
        step: step.id.clone(),
        authority: step.authority(),
        effects: attempt.effects.clone(),
        reporter: attempt.reporter.clone(),
        cancel: attempt.cancel.clone(),
        cluster: world.cluster.clone(),
        room: Room::default(),
    };
    let git = GitCalls {
        step: step.id.clone(),
        authority: step.authority(),
        effects: attempt.effects.clone(),
        reporter: attempt.reporter.clone(),
        cancel: attempt.cancel.clone(),
        schedule: Some(attempt.schedule.clone()),
        remotes: world.remotes.clone(),
    };
    let calls = Calls { http, kube, git };
    let limits = Limits::new(attempt.schedule.limits.memory.clone());
    Instance::new(
        calls,
        attempt.needs.clone(),
        attempt.reporter.clone(),
        limits,
    )
}

/// An instance that may do nothing and whom nobody hears: for descriptions.
pub(super) struct Refusing;

impl Refusing {
    pub(super) fn instance() -> Instance {
        let (events, _) = mpsc::unbounded_channel();
        let reporter = Reporter::new("", Clock::system(), Mask::default(), events);
        let authority = Authority::default();
        let effects = Effects::new(reporter.clone());
        let http = HttpCalls {
            step: String::new(),
            authority: authority.clone(),
            secrets: Arc::new(StepSecrets::default()),
            effects: effects.clone(),
            reporter: reporter.clone(),
            egress: Egress::Plan(None),
            limits: Arc::default(),
            budget: Budget::new(&policy::Limits::default().requests),
        };
        let kube = KubeCalls {
            step: String::new(),
            authority: authority.clone(),
            effects: effects.clone(),
            reporter: reporter.clone(),
            cancel: CancellationToken::new(),
            cluster: Cluster::Offline,
            room: Room::default(),
        };
        let git = GitCalls {
            step: String::new(),
            authority,
            effects,
            reporter: reporter.clone(),
            cancel: CancellationToken::new(),
            schedule: None,
            remotes: Remotes::without(Reach::Offline),
        };
        let calls = Calls { http, kube, git };
        let limits = Limits::new(Limit::of_host(limits::MEMORY));
        Instance::new(calls, Needs::default(), reporter, limits)
    }
}

fn context(attempt: &Attempt, trigger: &str) -> Context {
    Context {
        run: attempt.reporter.run().to_owned(),
        pipeline: attempt.schedule.pipeline.clone(),
        step: attempt.step().id.clone(),
        attempt: attempt.number,
        trigger: trigger.to_owned(),
        link: None,
        elapsed: millis(attempt.elapsed),
        details: format!(r#"{{"timeout":{}}}"#, millis(attempt.timeout)),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn outputs_of(text: &str, limit: &Limit<usize>) -> AttemptEnd {
    let wrong = |kind, message: String| Err(StepError::new(Blame::Plugin, kind, message));
    if text.len() > limit.most {
        let message = format!(
            "its outputs are {} KiB long, the limit is {} KiB{}",
            text.len() >> 10,
            limit.most >> 10,
            limit.whose()
        );
        return wrong(ErrorKind::Limit, message);
    }
    match json::read(text) {
        Ok(outputs @ Value::Object(_)) => Ok(outputs),
        Ok(_) => wrong(
            ErrorKind::Contract,
            "its outputs are JSON but not an object".to_owned(),
        ),
        Err(error) => wrong(
            ErrorKind::Contract,
            format!("its outputs are not JSON: {error}"),
        ),
    }
}

/// What a failure that the plugin reports means. A wrong configuration and a permission
/// that sluice missed are the pipeline author's; for the rest the plugin speaks of the
/// world, also where another system refused.
fn failure_of(failure: Failure, details: Value, refused: bool) -> StepError {
    let (blame, kind) = match failure.kind {
        FailureKind::Configuration => (Blame::Author, ErrorKind::Configuration),
        FailureKind::Denied if refused => (Blame::Author, ErrorKind::Denied),
        FailureKind::Denied => (Blame::World, ErrorKind::Denied),
        FailureKind::Unavailable => (Blame::World, ErrorKind::Unavailable),
        FailureKind::Failed | FailureKind::Other(_) => (Blame::World, ErrorKind::Failed),
        FailureKind::Unknown => (Blame::World, ErrorKind::Unknown),
        FailureKind::Cancelled => (Blame::Author, ErrorKind::Cancelled),
    };
    let message = crate::run::cut(failure.message);
    StepError {
        blame,
        kind,
        message,
        details,
        retry_after: failure.retry_after,
    }
}

/// What a plugin says of its failure to programs; nothing where that is too long, or no object
/// with something in it: the failure counts all the same.
fn details_of(text: &str, limit: &Limit<usize>) -> Value {
    if text.len() > limit.most {
        return Value::Null;
    }
    match json::read(text) {
        Ok(Value::Object(details)) if !details.is_empty() => Value::Object(details),
        _ => Value::Null,
    }
}

/// What it means that the plugin did not come to its end.
fn trap(error: &wasmtime::Error, refused: Option<&str>) -> StepError {
    let exceeded = limits::exceeded(error);
    if let Some(what) = refused.or(exceeded.as_deref()) {
        return StepError::new(
            Blame::Plugin,
            ErrorKind::Limit,
            format!("the plugin {what}"),
        );
    }
    let message = if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        format!("the plugin ended by `exit({})` without a result", exit.0)
    } else {
        format!("the plugin trapped: {}", root(error))
    };
    StepError::new(Blame::Plugin, ErrorKind::Contract, message)
}
