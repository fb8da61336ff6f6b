//! `notify` on real sockets: what each service receives, and what its answers come to.

mod answers;
mod change;
mod chats;
mod messages;
mod plan;
mod text;
