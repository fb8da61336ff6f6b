//! Two remotes as tables, for the tests: `origin` is read, `github` is changed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bindings::exports::sluice::plugin::step::Failure;
use crate::bindings::sluice::git::remote::{
    Effect, Error, RefChange, RefEntry, RefUpdate, Relayed,
};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::mirror::mirror;
use crate::world::World;

/// What somebody else does before refs are carried.
type Rival = Box<dyn FnOnce(&mut Remotes)>;

/// The two remotes.
#[derive(Default)]
pub(crate) struct Remotes {
    pub(crate) origin: BTreeMap<String, String>,
    pub(crate) github: BTreeMap<String, String>,
    /// Refs whose two ends are on different ways.
    pub(crate) diverged: Vec<&'static str>,
    /// Refs that a hook refuses.
    pub(crate) protected: Vec<&'static str>,
    /// Who is quicker, once before each carrying.
    pub(crate) rivals: Vec<Rival>,
    pub(crate) dry: bool,
    pub(crate) told: Vec<String>,
    /// How often refs were listed and carried.
    pub(crate) calls: Vec<String>,
}

/// Refs from lines of a name and an id.
pub(crate) fn refs(lines: &[&str]) -> BTreeMap<String, String> {
    let pairs = lines.iter().map(|line| {
        let (name, id) = line.split_once(' ').expect("a name and an id");
        (name.to_owned(), id.repeat(40))
    });
    pairs.collect()
}

impl Remotes {
    pub(crate) fn new(origin: &[&str], github: &[&str]) -> Self {
        Self {
            origin: refs(origin),
            github: refs(github),
            ..Self::default()
        }
    }

    /// What the plugin answers to this `with`.
    pub(crate) fn run(&mut self, with: &Value) -> Result<Value, Failure> {
        let mut with = with.clone();
        with["from"] = "origin".into();
        with["to"] = "github".into();
        let config = Config::read(&with.to_string()).expect("`with` is valid");
        let outputs = mirror(self, &config)?;
        Ok(serde_json::from_str(&outputs).expect("outputs are JSON"))
    }

    fn carry(&mut self, update: &RefUpdate) -> Result<Relayed, Error> {
        let RefUpdate { name, old, new, .. } = update;
        if self.github.get(name) != old.as_ref() {
            return Err(Error::Conflict(format!("{name} has moved")));
        }
        let is = |names: &[&str]| names.contains(&name.as_str());
        let change = match (old, new) {
            (None, _) => RefChange::Create,
            (_, None) => RefChange::Delete,
            _ if !is(&self.diverged) => RefChange::Update,
            _ if update.force => RefChange::Force,
            _ => return Err(Error::Diverged(format!("{name} has other commits"))),
        };
        if is(&self.protected) {
            return Err(Error::Rejected(format!("a hook refused {name}")));
        }
        if self.dry {
            let (effect, commits) = (Effect::Planned, Some(2));
            return Ok(Relayed {
                effect,
                change,
                commits,
            });
        }
        match new {
            Some(new) => self.github.insert(name.clone(), new.clone()),
            None => self.github.remove(name),
        };
        let effect = Effect::Done(new.clone().unwrap_or_default());
        Ok(Relayed {
            effect,
            change,
            commits: None,
        })
    }
}

impl World for Remotes {
    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error> {
        self.calls.push(format!("list {remote}"));
        let refs = match remote {
            "origin" => &self.origin,
            _ => &self.github,
        };
        let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let refs = refs.iter().filter(|(name, _)| wanted(name));
        let entry = |(name, id): (&String, &String)| RefEntry {
            name: name.clone(),
            id: id.clone(),
            peeled: None,
            symref: None,
        };
        Ok(refs.map(entry).collect())
    }

    fn relay(
        &mut self,
        from: &str,
        to: &str,
        updates: &[RefUpdate],
        atomic: bool,
    ) -> Result<Vec<Result<Relayed, Error>>, Error> {
        self.calls.push(format!("relay {} refs", updates.len()));
        assert_eq!((from, to), ("origin", "github"));
        if !self.rivals.is_empty() {
            let rival = self.rivals.remove(0);
            rival(self);
        }
        let before = self.github.clone();
        let ends: Vec<_> = updates.iter().map(|update| self.carry(update)).collect();
        if !atomic || ends.iter().all(Result::is_ok) {
            return Ok(ends);
        }
        self.github = before;
        let others = || Err(Error::Conflict("not sent".to_owned()));
        let ends = ends.into_iter();
        Ok(ends.map(|end| end.and_then(|_| others())).collect())
    }

    fn tell(&mut self, _: Level, line: &str) {
        self.told.push(line.to_owned());
    }

    fn progress(&mut self, _: &str) {}
}
