//! A rehearsal's world, in this process: a [`Cluster`] that speaks the Kubernetes API over a real
//! loopback socket, and a [`Sink`] that takes any HTTP request. Nothing here reaches further.
//!
//! The cluster knows get, list, watch and image patches of workloads, and answers anything else
//! with 501. Its controllers roll Deployments out as real ones do, or fail as chosen, in the words
//! of real schedulers and kubelets.
//!
//! From the outside in: `cluster` and `sink` are what users hold; `http` carries requests to
//! `server`, which reads them (`request`, `selector`), answers (`patch`, `watch`, `discovery`,
//! `status`) and lets time pass in the `world`; there `deployment`, `replicaset`,
//! `scheduler` and `kubelet` move the objects of the `store`, and say so in `event`s and `messages`.

mod actor;
mod backoff;
mod bounds;
mod cluster;
mod condition;
mod deployment;
mod discovery;
mod event;
mod failure;
mod fault;
mod garbage;
mod http;
mod image;
mod kind;
mod kubelet;
mod managed;
mod messages;
mod object;
mod pace;
mod patch;
mod pod;
mod progress;
mod replicaset;
mod request;
mod response;
mod scheduler;
mod seed;
mod selector;
mod server;
mod sink;
mod status;
mod stay;
mod store;
mod watch;
mod world;

pub use cluster::Cluster;
pub use failure::{Failure, UnknownFailure};
pub use fault::{Answer, Requests, Times};
pub use kind::{Kind, UnknownKind};
pub use managed::{Manager, Operation};
pub use pace::Pace;
pub use seed::Seed;
pub use server::Write;
pub use sink::{Received, Reply, Sink};
