//! The practice cluster and the sink, driven over their sockets by the client that they are for.

mod api;
mod failures;
mod faults;
mod golden;
mod rollout;
mod scene;
mod sink;
mod watch;
