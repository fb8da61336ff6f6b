//! `--out` and `--plan`: a plan is written when a dry run has ended well, read before a run
//! starts, and told of when it has ended.

use std::path::Path;

use super::{
    load::Loaded,
    refused::Refused,
    render::{self, Format, clean},
};
use crate::run::{
    event::{Blame, ErrorKind},
    plan::{self, Guard, Plan, Sketch, When},
};

/// Reads the plan, which must be of the very pipeline file.
pub(super) fn read(path: &Path, loaded: &Loaded) -> Result<Plan, Refused> {
    let refused = |why| Refused::because(Blame::Author, ErrorKind::Configuration, why);
    let plan = plan::read(path).map_err(refused)?;
    let file = plan::digest(&loaded.source.text);
    if plan.file == file {
        return Ok(plan);
    }
    let (shown, name) = (path.display(), &loaded.source.name);
    Err(refused(format!(
        "the plan `{shown}` is not of `{name}` as it is now: the plan is of pipeline `{}` with the digest {}, and the file's digest is {file}; make a new plan",
        plan.pipeline, plan.file
    )))
}

/// Writes the plan that a dry run has given; whether it did.
pub(super) fn write(
    path: &Path,
    sketch: Sketch,
    offline: bool,
    loaded: &Loaded,
    format: Format,
) -> bool {
    let shown = path.display();
    let plan = match sketch.finish(&plan::digest(&loaded.source.text), offline) {
        Ok(plan) => plan,
        Err(why) => {
            render::error(&format!("`{shown}` is not written: {why}"));
            return false;
        }
    };
    if let Err(error) = plan::write(path, &plan) {
        render::error(&format!("cannot write the plan `{shown}`: {error}"));
        return false;
    }
    for lack in &plan.unforeseen {
        render::warn(&format!(
            "the plan does not hold all that step `{}` may do, and refuses the rest: {}",
            lack.step, lack.why
        ));
    }
    if format == Format::Text {
        let conditional = plan
            .effects
            .iter()
            .filter(|entry| entry.when != When::Expected);
        let (all, conditional) = (plan.effects.len(), conditional.count());
        let only = match conditional {
            0 => String::new(),
            some => format!(", {some} of them only on other ways than this run took"),
        };
        let noun = if all == 1 { "effect" } else { "effects" };
        render::line(&format!(
            "\n{shown} holds {all} {noun}{only}; to have them and no others:\n  sluice run {} --plan {shown}",
            loaded.source.name
        ));
    }
    true
}

/// Says which effects of the plan took place.
pub(super) fn tell(path: &Path, guard: &Guard) {
    render::line(&format!("\nof {}:", path.display()));
    for (summary, used) in guard.tally() {
        let mark = if used > 0 { "✓" } else { "·" };
        render::line(&format!("  {mark} {}", clean(&summary)));
    }
}
