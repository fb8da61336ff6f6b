//! A rehearsal's world, on this machine: a [`Cluster`] that speaks the Kubernetes API over a real
//! loopback socket, a [`Sink`] that takes any HTTP request, and git [`Remotes`] in a folder.
//! Nothing here reaches further.
//!
//! The cluster knows get, list and watch of workloads and what they control, image patches and
//! restarts of Deployments, `StatefulSet`s, `DaemonSet`s and `CronJob`s, deletion of pods, their logs,
//! and the question what one may do; it answers anything else with 501. Its controllers roll
//! workloads out as real ones do, or fail as chosen, in the words of real schedulers and kubelets.
//!
//! From the outside in: `cluster` (with `meddle`, for tests), `sink` and `remote` are what users hold; `seed`,
//! `workload` and `manifest` are what a cluster starts with. `http` carries requests to `server`,
//! which reads them (`request`, `selector`), has them answered (`respond`, `page`, `patch`, `write`,
//! `watch`, `logs`, `discovery`, `status`) and lets time pass in the `world`. There `deployment`,
//! `replicaset`, `statefulset`, `daemonset`, `scheduler` and `kubelet` (`volumes`, `start`,
//! `backoff`) move the objects of the `store`, as `fate` and `admission` let them, and say so in
//! `event`s and `messages`.

mod actor;
mod admission;
mod availability;
mod backoff;
mod birth;
mod bounds;
mod cluster;
mod condition;
mod daemonset;
mod deployment;
mod discovery;
mod event;
mod failure;
mod fate;
mod fault;
mod garbage;
mod http;
mod image;
mod kind;
mod kubelet;
mod logs;
mod managed;
mod manifest;
mod meddle;
mod messages;
mod object;
mod pace;
mod page;
mod patch;
mod pod;
mod progress;
mod remote;
mod replicaset;
mod request;
mod respond;
mod response;
mod revision;
mod scheduler;
mod seed;
mod selector;
mod server;
mod sink;
mod start;
mod statefulset;
mod status;
mod stay;
mod store;
mod template;
mod volumes;
mod watch;
mod workload;
mod world;
mod write;

pub use cluster::Cluster;
pub use failure::{Failure, UnknownFailure};
pub use fault::{Answer, Requests, Times};
pub use kind::{Kind, UnknownKind};
pub use managed::{Manager, Operation};
pub use pace::Pace;
pub use remote::{History, Moved, Remotes};
pub use seed::Seed;
pub use server::Write;
pub use sink::{Received, Reply, Sink};
pub use workload::Workload;
