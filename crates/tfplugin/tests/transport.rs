//! The transport as a core sees it: a provider in a process of its own, started, spoken to, attacked and killed.

#[path = "it/life.rs"]
mod life;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/start.rs"]
mod start;
#[path = "it/support.rs"]
mod support;
