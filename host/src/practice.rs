//! A rehearsal's world, filled from what the pipeline is permitted: the workloads that it
//! may change, and a sink for all that it sends.

use std::{collections::BTreeMap, io, net::SocketAddr};

use http::Uri;
use sluice_pipeline::{permission::ImagePattern, schedule::Schedule};
use sluice_practice::{Cluster as StandIn, Failure, Kind, Pace, Received, Seed, Sink};

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
}

impl Practice {
    /// Starts a cluster with the workloads that the schedule's permissions name, which
    /// fail as chosen, and a sink.
    pub async fn start(schedule: &Schedule, failure: Option<Failure>) -> io::Result<Self> {
        let cluster = StandIn::start(seeds(schedule)?, failure, Pace::default()).await?;
        Ok(Self {
            cluster,
            sink: Sink::start().await?,
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
            remotes: Remotes::without(Reach::Rehearsal),
        })
    }

    /// The requests that reached the sink.
    pub fn requests(&self) -> Vec<Received> {
        self.sink.requests()
    }

    /// The cluster.
    pub fn cluster(&self) -> &StandIn {
        &self.cluster
    }
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
