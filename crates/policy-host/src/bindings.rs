//! The contract's host side, generated. Borrowing types, so that a change is lowered straight from the plan's text.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated from the contract"
)]

wasmtime::component::bindgen!({
    path: "../../wit/v1",
    world: "policy-module",
    ownership: Borrowing { duplicate_if_necessary: true },
});

pub(crate) use exports::nhi::policy::policy as wit;
