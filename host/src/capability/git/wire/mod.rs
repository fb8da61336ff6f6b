//! Git's own protocol, as far as refs and objects travel by it: version 2 to fetch, version 0
//! to push, and version 0 to fetch from servers that know no other. Knows neither plugins
//! nor permissions.

mod advert;
mod band;
mod fetch;
mod http;
mod line;
mod link;
mod local;
mod pin;
mod push;
mod reach;
mod ssh;

pub(super) use advert::{Advert, Entry};
pub(super) use band::Progress;
pub(super) use fetch::{Fetch, can_filter, fetch, fetch_from, list};
pub(super) use line::Body;
pub(super) use link::{Address, Link, Login, Lost, Service};
pub(super) use push::{Command, Pack, Pushed, push};
