//! Turns a core WebAssembly module, as cargo builds it, into the component that the host runs.
//!
//! The same encoder that `wasm-tools component new` uses, as a library: a stranger needs no tool beside cargo.

use anyhow::{Context as _, Result, bail};
use wit_component::ComponentEncoder;

/// Encodes `core_wasm`, a module built with `policy-sdk`, as a component without imports.
///
/// No adapter is offered: a module that calls WASI has no way into the sandbox, and fails here with the import's name.
pub(crate) fn componentize(core_wasm: &[u8]) -> Result<Vec<u8>> {
    if core_wasm.get(4..8) == Some(&[0x0d, 0x00, 0x01, 0x00]) {
        bail!("already a component: give the core module that cargo built");
    }
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(core_wasm).context(
        "not a core module with a policy-module export: build it for wasm32-unknown-unknown with policy-sdk",
    )?;
    encoder
        .encode()
        .context("the module could not be encoded as a component without imports")
}
