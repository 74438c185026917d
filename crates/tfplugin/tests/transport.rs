//! The transport as a core sees it: a provider in a process of its own, started, spoken to, attacked and killed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails as a test does, and the lints know only test functions"
)]
#![expect(
    clippy::unnecessary_wraps,
    reason = "helpers make what stands in messages, where every field may be missing"
)]

#[path = "it/life.rs"]
mod life;
#[path = "it/offers.rs"]
mod offers;
#[path = "it/offers_managed.rs"]
mod offers_managed;
#[path = "it/offers_streams.rs"]
mod offers_streams;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/start.rs"]
mod start;
#[path = "it/support.rs"]
mod support;
