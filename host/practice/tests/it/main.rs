//! The practice cluster and the sink, driven over their sockets by the client that they are for.

mod api;
mod cronjob;
mod daemonset;
mod failures;
mod faults;
mod golden;
mod history;
mod init;
mod large;
mod logs;
mod meddling;
mod pods;
mod remote;
mod rollout;
mod scene;
mod seeding;
mod sink;
mod stage;
mod statefulset;
mod watch;
