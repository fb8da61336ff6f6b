//! The values of one run's inputs, read by their declarations.

use serde_json::{Map, Value};

use crate::diagnostic::{Problem, Problems, did_you_mean, listed};
use crate::pipeline::{Input, Misfit, Pipeline};

/// Values that fit the inputs of a pipeline, defaults among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    values: Map<String, Value>,
}

impl Inputs {
    /// Reads `name=value` pairs as a command line has them: a list is a JSON array or has
    /// commas between its items. `Err` holds every problem, none with a place.
    pub fn from_pairs(pipeline: &Pipeline, pairs: &[(String, String)]) -> Result<Self, Problems> {
        let mut given: Vec<&str> = Vec::new();
        let mut problems = Problems::new();
        for (name, _) in pairs {
            if given.contains(&name.as_str()) {
                problems.push(Problem::error(format!("input `{name}` is given twice")));
            }
            given.push(name);
        }
        let value = |input: &Input| {
            let found = pairs.iter().find(|(name, _)| *name == input.name);
            found.map(|(_, text)| input.kind.of_text(text))
        };
        read(pipeline, &given, value, problems)
    }

    /// Reads a JSON object. `Err` holds every problem, none with a place.
    pub fn from_json(pipeline: &Pipeline, values: &Map<String, Value>) -> Result<Self, Problems> {
        let given: Vec<&str> = values.keys().map(String::as_str).collect();
        let value = |input: &Input| {
            values
                .get(&input.name)
                .map(|value| input.kind.of_json(value))
        };
        read(pipeline, &given, value, Problems::new())
    }

    /// Reads a JSON object that was settled before, with which the `name=value` pairs must
    /// agree. `Err` holds every problem, none with a place.
    pub fn settled(
        pipeline: &Pipeline,
        values: &Map<String, Value>,
        pairs: &[(String, String)],
    ) -> Result<Self, Problems> {
        let inputs = Self::from_json(pipeline, values)?;
        let mut problems = Problems::new();
        for (name, text) in pairs {
            let input = pipeline.inputs.iter().find(|input| input.name == *name);
            let given = input.map(|input| input.kind.of_text(text));
            let settled = inputs.values.get(name);
            if !matches!(given, Some(Ok(value)) if Some(&value) == settled) {
                let settled = settled.map_or_else(|| "not there".to_owned(), Value::to_string);
                let problem = format!(
                    "input `{name}` is given as {}, and in the plan it is {settled}",
                    Value::from(text.as_str())
                );
                problems.push(
                    Problem::error(problem)
                        .help("leave `--input` away, or make a new plan with it"),
                );
            }
        }
        problems.into_result()?;
        Ok(inputs)
    }

    /// The values by name, in the order of their declarations.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }
}

fn read(
    pipeline: &Pipeline,
    given: &[&str],
    value: impl Fn(&Input) -> Option<Result<Value, Misfit>>,
    mut problems: Problems,
) -> Result<Inputs, Problems> {
    let known = || pipeline.inputs.iter().map(|input| input.name.as_str());
    for name in given {
        if !known().any(|known| known == *name) {
            let names = listed(known(), "and");
            let help = if names.is_empty() {
                "it has no inputs".to_owned()
            } else {
                format!("its inputs: {names}")
            };
            let problem = Problem::error(format!(
                "pipeline `{}` has no input `{name}`",
                pipeline.name
            ));
            problems.push(problem.label(did_you_mean(name, known())).help(help));
        }
    }
    let mut values = Map::new();
    for input in &pipeline.inputs {
        match value(input) {
            Some(Ok(value)) => {
                values.insert(input.name.clone(), value);
            }
            Some(Err(misfit)) => {
                let problem = Problem::error(format!("input `{}` {}", input.name, misfit.message));
                problems.push(problem.label(misfit.label));
            }
            None if input.default.is_some() || !input.required => {
                let default = input.default.clone().unwrap_or(Value::Null);
                values.insert(input.name.clone(), default);
            }
            None => {
                let what = input
                    .description
                    .as_ref()
                    .map(|text| format!(" ({text})"))
                    .unwrap_or_default();
                problems.push(
                    Problem::error(format!("input `{}`{what} is missing", input.name))
                        .help(format!("give it with `--input {}=…`", input.name)),
                );
            }
        }
    }
    problems.into_result()?;
    Ok(Inputs { values })
}
