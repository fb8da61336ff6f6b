//! A rehearsal's world, filled from what the pipeline is permitted: the workloads that it
//! may change, the git remotes that it names, and a sink for all that it sends.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
};

use http::Uri;
use sluice_pipeline::{
    permission::{ImagePattern, RefChange},
    schedule::Schedule,
};
use sluice_practice::{
    Cluster as StandIn, Failure, History, Kind, Moved, Pace, Received, Remotes as Repositories,
    Seed, Sink,
};
use url::Url;

use crate::{
    capability::{
        git::{Reach, Remotes},
        http::{Dialer, Egress, Route},
        kube::{Cluster, Connection},
    },
    plugin::World,
};

/// The pods of each workload.
const REPLICAS: u32 = 3;

/// The stand-ins of one run. They end with it.
pub struct Practice {
    cluster: StandIn,
    sink: Sink,
    /// None where there is no `git` to make them.
    repositories: Option<Repositories>,
    remotes: Remotes,
}

impl Practice {
    /// Starts a cluster with the workloads that the schedule's permissions name, which
    /// fail as chosen, a sink, and a repository for each remote.
    pub async fn start(schedule: &Schedule, failure: Option<Failure>) -> io::Result<Self> {
        let cluster = StandIn::start(seeds(schedule)?, failure, Pace::default()).await?;
        let histories = histories(schedule);
        let repositories = match Repositories::start(&histories).await {
            Ok(made) => Some(made),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut remotes = Remotes::without(Reach::Rehearsal);
        if let Some(made) = &repositories {
            let url = |name: &str| Url::from_file_path(made.path(name)).ok();
            let named = |(name, _): &(String, _)| Some((name.clone(), url(name)?));
            remotes.stand_ins = histories.iter().filter_map(named).collect();
        }
        Ok(Self {
            cluster,
            sink: Sink::start().await?,
            repositories,
            remotes,
        })
    }

    /// What a run can reach of it: all that it can reach at all.
    pub fn world(&self) -> io::Result<World> {
        let cluster = self
            .cluster
            .url()
            .parse::<Uri>()
            .map_err(io::Error::other)?;
        let sink = self
            .sink
            .url()
            .trim_start_matches("http://")
            .parse::<SocketAddr>();
        let sink = sink.map_err(io::Error::other)?;
        Ok(World {
            cluster: Cluster::Live(Connection::to(cluster)),
            egress: Egress::Send(Dialer::new(Route::Sink(sink))),
            remotes: self.remotes.clone(),
        })
    }

    /// The requests that reached the sink.
    pub fn requests(&self) -> Vec<Received> {
        self.sink.requests()
    }

    /// The refs of remotes that are not as they were at first.
    pub async fn moved(&self) -> io::Result<Vec<Moved>> {
        match &self.repositories {
            Some(repositories) => repositories.moved().await,
            None => Ok(Vec::new()),
        }
    }

    /// The cluster.
    pub fn cluster(&self) -> &StandIn {
        &self.cluster
    }
}

/// The remotes with their histories: one whose branches a step may move is behind the others,
/// so that there is something to carry there.
fn histories(schedule: &Schedule) -> Vec<(String, History)> {
    let rules = schedule.steps.iter().flat_map(|step| &step.permissions.git);
    let behind = rules.filter(|rule| rule.permits(RefChange::Update, "refs/heads/main"));
    let behind = behind.map(|rule| rule.remote.as_str());
    let behind = behind.collect::<BTreeSet<_>>();
    let remotes = schedule.remotes.iter();
    let history = |name: &str| {
        if behind.contains(name) {
            History::Behind
        } else {
            History::Whole
        }
    };
    remotes
        .map(|remote| (remote.name.clone(), history(&remote.name)))
        .collect()
}

/// One seed for each workload that some step may set images of.
fn seeds(schedule: &Schedule) -> io::Result<Vec<Seed>> {
    let mut seeds = BTreeMap::<(String, String, String), Seed>::new();
    for rule in schedule
        .steps
        .iter()
        .flat_map(|step| &step.permissions.kube_apply)
    {
        let kind = rule.kind.to_string();
        let key = (kind.clone(), rule.namespace.clone(), rule.name.clone());
        let seed = match seeds.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Seed {
                kind: kind.parse::<Kind>().map_err(io::Error::other)?,
                namespace: rule.namespace.clone(),
                name: rule.name.clone(),
                containers: Vec::new(),
                replicas: REPLICAS,
            }),
        };
        for container in &rule.containers {
            if seed.containers.iter().all(|(known, _)| known != container) {
                let repository = rule.images.first().map(ImagePattern::repository);
                let image = format!("{}:before", repository.unwrap_or_default());
                seed.containers.push((container.clone(), image));
            }
        }
    }
    Ok(seeds.into_values().collect())
}
