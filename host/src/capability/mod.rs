//! What the host can link into a plugin, one capability a folder, all of one shape:
//! the calls that a plugin makes, the permission asked on their values, and the client
//! that acts. Nothing here decides when a step runs.

pub mod derive;
pub mod git;
pub mod http;
pub mod kube;
pub mod log;
pub mod needs;
