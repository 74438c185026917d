//! The transport: how a core starts a provider, proves who it is, speaks to it and ends it.
//!
//! It is go-plugin's protocol as Terraform and OpenTofu use it. What is stricter than in go-plugin: the core's
//! certificate is mandatory and pinned byte for byte, the socket stands in a private directory, and an apply outlives
//! a core that dies.

mod connection;
mod control;
mod guard;
pub(crate) mod handshake;
mod life;
mod listener;
mod panics;
mod reattach;
mod serve;
mod signals;
mod tls;

pub(crate) use guard::InFlight;
pub use serve::{ServeOptions, serve_service};
