//! One step: its keys, its condition and configuration with their names settled, and what its
//! component may and may not ask for.

use std::sync::Arc;
use std::time::Duration;

use super::advice::lines_that_permit;
use super::config::Config;
use super::fields::Fields;
use super::grants::Grants;
use super::input::Input;
use super::keys::{self, RETRY_ON};
use super::secret::Secret;
use super::words;
use crate::catalog::Plugin;
use crate::diagnostic::{Problem, Problems, Span};
use crate::document::{Entry, Node};
use crate::expression::{Expression, Names, Place, Scope, Type};
use crate::permission::{Capability, Import, Permissions, Scheme, classify_import};

/// When a step is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried in all; 1 for no repetition.
    pub attempts: u32,
    /// The wait before the second attempt, doubled for each after it.
    pub backoff: Duration,
    /// After which failures.
    pub on: Vec<RetryOn>,
}

/// A failure after which a step may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// The plugin said that the world is not ready.
    Unavailable,
    /// The plugin said that it did not work.
    Failed,
    /// The attempt took too long.
    Timeout,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 1,
            backoff: Duration::from_secs(1),
            on: vec![RetryOn::Unavailable],
        }
    }
}

/// A step of a pipeline.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its identifier.
    pub id: String,
    /// Its title for people.
    pub title: Option<String>,
    /// What it uses, as it was written.
    pub uses: String,
    /// The steps that it follows, by their index.
    pub needs: Vec<usize>,
    /// The steps that it follows directly or through others, in the file's order.
    pub ancestors: Vec<usize>,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// When it is tried again.
    pub retry: Retry,
    /// Whether its failure leaves the run successful.
    pub continue_on_error: bool,
    pub(crate) condition: Option<Expression>,
    pub(crate) config: Config,
    pub(crate) grants: Grants,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) names: Arc<Names>,
    /// Where `uses` stands, and `timeout` if it does.
    pub(crate) uses_span: Span,
    pub(crate) timeout_span: Option<Span>,
}

/// What the reading of one step needs to know of the rest of the file.
pub(super) struct Surroundings<'a> {
    pub(super) inputs: &'a [Input],
    pub(super) secrets: &'a [Secret],
    pub(super) secret_names: &'a [String],
    pub(super) remotes: &'a [String],
    pub(super) steps: &'a [String],
}

/// A step before it is read: its keys and its place in the graph.
pub(super) struct Draft<'d> {
    pub(super) entry: &'d Entry,
    pub(super) fields: Fields<'d>,
    pub(super) plugin: Option<Arc<Plugin>>,
    pub(super) needs: Vec<usize>,
    pub(super) ancestors: Vec<usize>,
}

impl Draft<'_> {
    /// The step; `None`, with problems, where it cannot be used.
    pub(super) fn read(
        self,
        names: Names,
        around: &Surroundings,
        problems: &mut Problems,
    ) -> Option<Step> {
        let fields = &self.fields;
        let id = self.entry.key.as_str();
        let scope = |place| Scope {
            place,
            names: &names,
            secrets: around.secret_names,
            all_steps: around.steps,
        };
        let condition = fields
            .get("if")
            .and_then(|node| read_condition(node, scope(Place::Condition), problems));
        let config = match fields.entry("with") {
            Some(with) if !with.value.is_null() => {
                let schema = self.plugin.as_ref().map(|plugin| &plugin.facts.with_schema);
                if with.value.map().is_none() {
                    let problem = Problem::error(format!(
                        "`with` must be a map, and this is {}",
                        with.value.kind()
                    ));
                    problems.push(problem.at(with.value.span));
                    Config::empty(with.key_span)
                } else {
                    Config::read(
                        &with.value,
                        with.key_span,
                        schema,
                        scope(Place::With),
                        problems,
                    )
                }
            }
            Some(with) => Config::empty(with.key_span),
            None => Config::empty(self.entry.key_span),
        };
        if let Some(plugin) = &self.plugin {
            config.check(plugin, problems);
        }
        let grants = Grants::new(fields.entry("permissions"));
        let tried = grants.tried(around.inputs, around.remotes, problems);
        if let (Some(plugin), Some(uses)) = (&self.plugin, fields.get("uses")) {
            let judged = Judged {
                id,
                plugin,
                config: &config,
                secrets: around.secrets,
                uses: uses.span,
                permissions: fields.entry("permissions"),
            };
            judged.judge_imports(&tried, problems);
            let place = fields.entry("permissions");
            let place = place.map_or(uses.span, |permissions| permissions.key_span);
            let with = config.foreseen_by_literals();
            for problem in words::missing(id, &plugin.facts.effects, &with, &tried, place) {
                problems.push(problem);
            }
        }
        check_secrets(id, &config, around.secrets, &tried, problems);
        let title = fields.text("title", problems).map(str::to_owned);
        let timeout = fields.duration("timeout", problems);
        if let (Some(Duration::ZERO), Some(node)) = (timeout, fields.get("timeout")) {
            problems.push(Problem::error("`timeout` leaves no time at all").at(node.span));
        }
        let retry = fields
            .entry("retry")
            .and_then(|entry| read_retry(entry, problems))
            .unwrap_or_default();
        let continue_on_error = fields
            .boolean("continue-on-error", problems)
            .unwrap_or(false);
        Some(Step {
            id: id.to_owned(),
            title,
            uses: fields.get("uses")?.scalar()?.text.clone(),
            uses_span: fields.get("uses")?.span,
            timeout_span: fields.get("timeout").map(|node| node.span),
            needs: self.needs,
            ancestors: self.ancestors,
            timeout,
            retry,
            continue_on_error,
            condition,
            config,
            grants,
            plugin: self.plugin?,
            names: Arc::new(names),
        })
    }
}

/// A condition is an expression by itself; `${{ … }}` around it is allowed and says nothing.
fn read_condition(node: &Node, scope: Scope, problems: &mut Problems) -> Option<Expression> {
    let text = super::fields::text(node, "`if`", problems)?;
    let scalar = node.scalar()?;
    let inner = text
        .trim()
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .unwrap_or(text)
        .trim();
    // Both are slices of the same text, so that the difference is where the expression begins.
    let start = inner.as_ptr() as usize - text.as_ptr() as usize;
    let mark = text.find("${{").unwrap_or(0);
    let place = |from, to| scalar.locate(start + from, start + to, (0, mark), node.span);
    let expression = Expression::read(inner, &place, scope, problems);
    if !matches!(expression.ty(), Type::Boolean | Type::Any) {
        problems.push(
            Problem::error(format!(
                "`if` must be a boolean, and this is {}",
                expression.ty()
            ))
            .at(expression.span())
            .help("compare it with something: `inputs.tier == 'prod'`"),
        );
    }
    Some(expression)
}

fn read_retry(entry: &Entry, problems: &mut Problems) -> Option<Retry> {
    let fields = Fields::read(
        &entry.value,
        keys::RETRY,
        "`retry`",
        entry.key_span,
        problems,
    )?;
    let default = Retry::default();
    let attempts = fields.integer("attempts", 1, 20, problems);
    let on = fields
        .entry("on")
        .and_then(|_| fields.list("on", problems))
        .map(|items| {
            let kinds = [RetryOn::Unavailable, RetryOn::Failed, RetryOn::Timeout];
            let words = items
                .iter()
                .filter_map(|item| super::fields::word(item, "on", RETRY_ON, problems));
            words.map(|index| kinds[index]).collect()
        });
    Some(Retry {
        attempts: attempts
            .and_then(|attempts| u32::try_from(attempts).ok())
            .unwrap_or(1),
        backoff: fields
            .duration("backoff", problems)
            .unwrap_or(default.backoff),
        on: on.unwrap_or(default.on),
    })
}

/// A step whose component's imports are judged.
struct Judged<'a> {
    id: &'a str,
    plugin: &'a Plugin,
    config: &'a Config,
    secrets: &'a [Secret],
    /// The place of the value of `uses`.
    uses: Span,
    permissions: Option<&'a Entry>,
}

impl Judged<'_> {
    /// Each import is the contract or inert WASI, permitted, or an error; what is permitted
    /// and not imported is worth a warning.
    fn judge_imports(&self, tried: &[Permissions], problems: &mut Problems) {
        let id = self.id;
        let mut asked = Vec::new();
        for import in &self.plugin.facts.imports {
            match classify_import(import) {
                Import::Inert => {}
                Import::Unknown => problems.push(
                    Problem::error(format!("step `{id}` uses a component that imports `{import}`, which does not exist here"))
                        .at(self.uses)
                        .help("build the component for the interfaces of this version"),
                ),
                Import::Capability(capability) if asked.contains(&capability) => {}
                Import::Capability(capability) => {
                    asked.push(capability);
                    if !tried.iter().all(|permissions| permissions.gives(capability)) {
                        problems.push(self.not_permitted(import, capability));
                    }
                }
            }
        }
        let given = |capability: &Capability| {
            tried
                .iter()
                .any(|permissions| permissions.gives(*capability))
        };
        for capability in Capability::ALL.into_iter().filter(given) {
            let place = self
                .permissions
                .and_then(|entry| entry.value.get(capability.key()));
            if let (false, Some(place)) = (asked.contains(&capability), place) {
                let name = &self.plugin.facts.name;
                let message = format!(
                    "step `{id}` is permitted `{capability}`, which `{name}` never asks for"
                );
                problems.push(
                    Problem::warning(message)
                        .at(place.key_span)
                        .help("leave it out"),
                );
            }
        }
    }

    fn not_permitted(&self, import: &str, capability: Capability) -> Problem {
        let id = self.id;
        // The plugin's own words are about an interface; a package of types comes along with it.
        let package = |interface: &str| interface.split('/').next().map(str::to_owned);
        let needs = &self.plugin.facts.capabilities;
        let (interface, why) = match needs
            .iter()
            .find(|need| package(&need.interface) == package(import))
        {
            Some(need) => (need.interface.as_str(), format!(" {}", need.why)),
            None => (import, String::new()),
        };
        let lines = lines_that_permit(id, capability, self.config, self.secrets);
        Problem::error(format!(
            "step `{id}` uses `{interface}`{why}, and has no `{capability}` permission"
        ))
        .at(self.uses)
        .help(format!("to permit it:\n{lines}"))
    }
}

/// A secret goes to its hosts alone, so that a step that may not reach them cannot use it.
fn check_secrets(
    id: &str,
    config: &Config,
    secrets: &[Secret],
    tried: &[Permissions],
    problems: &mut Problems,
) {
    for template in config.templates() {
        for name in template.secrets() {
            let Some(secret) = secrets.iter().find(|secret| secret.name == name) else {
                continue;
            };
            for host in &secret.hosts {
                let reaches = |permissions: &Permissions| {
                    let mut rules = permissions
                        .http
                        .iter()
                        .filter(|rule| rule.scheme == Scheme::Https);
                    rules.any(|rule| rule.host.contains(host))
                };
                if !tried.iter().all(reaches) {
                    let problem = Problem::error(format!(
                        "secret `{name}` is for `{host}`, which step `{id}` may not reach"
                    ));
                    let help = format!(
                        "add `{host}` to the step's `permissions.http`, or take it out of the secret's `hosts`"
                    );
                    problems.push(problem.at(template.span()).help(help));
                }
            }
        }
    }
}
