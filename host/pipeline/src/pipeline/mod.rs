//! A document becomes a pipeline: after this stage an unknown key, a dangling name or a cycle
//! cannot be represented. All problems of a file are found together.

mod advice;
mod config;
mod duration;
mod entries;
pub(crate) mod fields;
pub(crate) mod grants;
mod graph;
mod input;
pub(crate) mod keys;
mod secret;
mod step;
mod words;
mod workloads;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Plugin};
use crate::diagnostic::{Problem, Problems, Span, did_you_mean};
use crate::document::{Document, Entry};
use crate::expression::{Names, Place, Scope, Template, Type};
use fields::Fields;
use graph::Vertex;
use keys::{CONFLICTS, EVENTS};
use step::{Draft, Surroundings};

pub(crate) use config::Config;
pub use duration::show_duration;
pub(crate) use entries::Entries;
pub(crate) use input::Misfit;
pub use input::{Input, InputKind};
pub use secret::{Auth, Placement, Remote, Secret, SecretSource};
pub use step::{Retry, RetryOn, Step};

/// A pipeline whose names, types and permissions are settled.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What may start it; empty for by hand alone.
    pub on: Vec<Event>,
    /// Its inputs in the file's order.
    pub inputs: Vec<Input>,
    /// Its secrets in the file's order.
    pub secrets: Vec<Secret>,
    /// Its git remotes in the file's order.
    pub remotes: Vec<Remote>,
    /// Which runs must not overlap.
    pub concurrency: Option<Concurrency>,
    /// What a run gives, by name.
    pub outputs: Vec<(String, Template)>,
    /// Its steps in the file's order; at least one.
    pub steps: Vec<Step>,
    /// What is worth saying although the pipeline can run.
    pub warnings: Problems,
    pub(crate) name_span: Span,
    pub(crate) names: Arc<Names>,
}

/// Something that starts a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A request to the API.
    Api,
    /// A person.
    Manual,
    /// A time.
    Cron,
    /// A push to a branch.
    Push,
    /// A new tag.
    Tag,
    /// A pull request.
    PullRequest,
    /// A release.
    Release,
}

/// Which runs must not overlap, and what becomes of one that would.
#[derive(Debug, Clone)]
pub struct Concurrency {
    /// Runs whose group is the same text do not overlap.
    pub group: Template,
    /// What becomes of a run whose group is taken.
    pub on_conflict: OnConflict,
}

/// What becomes of a run whose group is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// It waits.
    Queue,
    /// The older one is cancelled.
    Cancel,
    /// It is refused.
    Refuse,
}

/// What each step uses, each text once, in the file's order. Whatever is wrong with the file
/// is passed over: this is for filling a catalog before the file is read.
pub fn uses_of(document: &Document) -> Vec<String> {
    let mut uses: Vec<String> = Vec::new();
    for step in steps_of(document) {
        let text = step
            .value
            .get("uses")
            .and_then(|entry| entry.value.scalar());
        if let Some(scalar) =
            text.filter(|scalar| !scalar.is_null() && !uses.contains(&scalar.text))
        {
            uses.push(scalar.text.clone());
        }
    }
    uses
}

/// The steps as they stand there, whatever is wrong with them.
pub fn steps_of(document: &Document) -> &[Entry] {
    let steps = document.root().get("steps");
    let steps = steps.and_then(|entry| entry.value.map());
    steps.unwrap_or_default()
}

impl Pipeline {
    /// Reads a document against a catalog that knows what its steps use.
    ///
    /// `Err` holds every problem of the file, those of the document among them.
    pub fn read(document: &Document, catalog: &Catalog) -> Result<Pipeline, Problems> {
        let mut problems = document.problems().clone();
        let pipeline = read(document, catalog, &mut problems);
        let warnings = problems.into_result()?;
        let mut pipeline =
            pipeline.ok_or_else(|| Problems::from(Problem::error("the file holds no pipeline")))?;
        pipeline.warnings = warnings;
        Ok(pipeline)
    }
}

fn read(document: &Document, catalog: &Catalog, problems: &mut Problems) -> Option<Pipeline> {
    let root = document.root();
    let fields = Fields::read(root, keys::FILE, "a pipeline", root.span, problems)?;
    let name = fields.text("name", problems).map(str::to_owned);
    let description = fields.text("description", problems).map(str::to_owned);
    let on = read_events(&fields, problems);
    let inputs: Vec<Input> = fields
        .named("inputs", problems)
        .iter()
        .filter_map(|entry| Input::read(entry, problems))
        .collect();
    let secret_entries = fields.named("secrets", problems);
    let secrets: Vec<Secret> = secret_entries
        .iter()
        .filter_map(|entry| Secret::read(entry, problems))
        .collect();
    let input_entries = fields.named("inputs", problems);
    let inputs_type = inputs_type(input_entries, &inputs);
    let secret_names = keys_of(secret_entries);
    let remote_entries = fields.named("remotes", problems);
    let remote_names = keys_of(remote_entries);
    let step_entries = fields.named("steps", problems);
    let step_names = keys_of(step_entries);

    let input_names = Names::new([("inputs", inputs_type.clone())]);
    let scope = |place, names| Scope {
        place,
        names,
        secrets: &secret_names,
        all_steps: &step_names,
    };
    let remotes = remote_entries
        .iter()
        .filter_map(|entry| {
            Remote::read(
                entry,
                &secrets,
                scope(Place::Remote, &input_names),
                problems,
            )
        })
        .collect();
    let group_names = Names::new([("inputs", inputs_type.clone()), Names::trigger()]);
    let concurrency = fields
        .entry("concurrency")
        .and_then(|entry| read_concurrency(entry, scope(Place::Group, &group_names), problems));

    let around = Surroundings {
        inputs: &inputs,
        secrets: &secrets,
        secret_names: &secret_names,
        remotes: &remote_names,
        steps: &step_names,
    };
    let drafts = draft_steps(step_entries, catalog, problems);
    if let (true, Some(entry)) = (step_entries.is_empty(), fields.entry("steps")) {
        problems.push(Problem::error("a pipeline needs a step").at(entry.key_span));
    }
    let step_of = |draft: &Draft| {
        let known = draft
            .plugin
            .as_ref()
            .map(|plugin| Type::of_schema(&plugin.facts.outputs_schema));
        let step = Names::step(known.unwrap_or_else(Type::any_map));
        (draft.entry.key.clone(), step)
    };
    let step_types: Vec<_> = drafts.iter().map(step_of).collect();
    let (trigger, run) = (Names::trigger(), Names::run());
    let names_with = |steps: Vec<(String, Type)>| {
        Names::new([
            ("inputs", inputs_type.clone()),
            Names::steps(steps),
            trigger.clone(),
            run.clone(),
        ])
    };
    let mut steps = Vec::new();
    for draft in drafts {
        let reachable = draft
            .ancestors
            .iter()
            .map(|index| step_types[*index].clone())
            .collect();
        steps.extend(draft.read(names_with(reachable), &around, problems));
    }
    let names = names_with(step_types);
    let outputs = fields
        .named("outputs", problems)
        .iter()
        .filter_map(|entry| {
            fields::text(&entry.value, "an output", problems)?;
            let scalar = entry.value.scalar()?;
            Some((
                entry.key.clone(),
                Template::read(
                    scalar,
                    entry.value.span,
                    scope(Place::Output, &names),
                    problems,
                ),
            ))
        })
        .collect();
    Some(Pipeline {
        name: name?,
        description,
        on,
        inputs,
        secrets,
        remotes,
        concurrency,
        outputs,
        steps,
        warnings: Problems::new(),
        name_span: fields.get("name")?.span,
        names: Arc::new(names),
    })
}

fn keys_of(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.key.clone()).collect()
}

/// The type of `inputs`. One whose declaration is wrong is known by name, so that only the
/// declaration is reported.
fn inputs_type(entries: &[Entry], inputs: &[Input]) -> Type {
    Type::fields(entries.iter().map(|entry| {
        let input = inputs.iter().find(|input| input.name == entry.key);
        (entry.key.clone(), input.map_or(Type::Any, Input::ty))
    }))
}

fn read_events(fields: &Fields, problems: &mut Problems) -> Vec<Event> {
    const ALL: [Event; 7] = [
        Event::Api,
        Event::Manual,
        Event::Cron,
        Event::Push,
        Event::Tag,
        Event::PullRequest,
        Event::Release,
    ];
    let items = fields.list("on", problems).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| fields::word(item, "on", EVENTS, problems))
        .map(|index| ALL[index])
        .collect()
}

fn read_concurrency(entry: &Entry, scope: Scope, problems: &mut Problems) -> Option<Concurrency> {
    let fields = Fields::read(
        &entry.value,
        keys::CONCURRENCY,
        "`concurrency`",
        entry.key_span,
        problems,
    )?;
    let on_conflict = match fields.word("on-conflict", CONFLICTS, problems) {
        Some(1) => OnConflict::Cancel,
        Some(2) => OnConflict::Refuse,
        _ => OnConflict::Queue,
    };
    fields.text("group", problems)?;
    let node = fields.get("group")?;
    Some(Concurrency {
        group: Template::read(node.scalar()?, node.span, scope, problems),
        on_conflict,
    })
}

/// The steps with their plugins and their places in the graph.
fn draft_steps<'d>(
    entries: &'d [Entry],
    catalog: &Catalog,
    problems: &mut Problems,
) -> Vec<Draft<'d>> {
    let read: Vec<(&Entry, Fields)> = entries
        .iter()
        .filter_map(|entry| {
            let what = format!("step `{}`", entry.key);
            Some((
                entry,
                Fields::read(&entry.value, keys::STEP, &what, entry.key_span, problems)?,
            ))
        })
        .collect();
    let mut vertices: Vec<Vertex> = Vec::new();
    for (entry, fields) in &read {
        let needs = match fields.entry("needs") {
            Some(_) => fields.texts("needs", problems),
            // A step without `needs` follows the step written before it.
            None => vertices
                .last()
                .map(|before| (before.id, entry.key_span))
                .into_iter()
                .collect(),
        };
        vertices.push(Vertex {
            id: &entry.key,
            needs,
        });
    }
    let edges = graph::connect(&vertices, problems);
    let ancestors = graph::ancestors(&edges);
    let mut plugins: BTreeMap<&str, Arc<Plugin>> = BTreeMap::new();
    read.into_iter()
        .zip(edges.into_iter().zip(ancestors))
        .map(|((entry, fields), (needs, ancestors))| Draft {
            plugin: find_plugin(&fields, catalog, &mut plugins, problems),
            entry,
            fields,
            needs,
            ancestors,
        })
        .collect()
}

/// The plugin that a step uses, shared by all steps that use it.
fn find_plugin<'d>(
    fields: &Fields<'d>,
    catalog: &Catalog,
    plugins: &mut BTreeMap<&'d str, Arc<Plugin>>,
    problems: &mut Problems,
) -> Option<Arc<Plugin>> {
    let uses = fields.text("uses", problems)?;
    if let Some(plugin) = plugins.get(uses) {
        return Some(Arc::clone(plugin));
    }
    let problem = match catalog.plugins.get(uses) {
        Some(Ok(facts)) => {
            let plugin = Arc::new(Plugin::new(facts.clone()));
            plugins.insert(uses, Arc::clone(&plugin));
            return Some(plugin);
        }
        Some(Err(reason)) => Problem::error(format!("`{uses}` cannot be used: {reason}")),
        None => Problem::error(format!("there is no plugin `{uses}`")),
    };
    let known = catalog
        .plugins
        .iter()
        .filter(|(_, facts)| facts.is_ok())
        .map(|(name, _)| name.as_str());
    problems.push(
        problem
            .at(fields.get("uses")?.span)
            .label(did_you_mean(uses, known)),
    );
    None
}
