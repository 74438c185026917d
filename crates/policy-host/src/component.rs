//! Turns a core WebAssembly module, as cargo builds it, into the component that the host runs.
//!
//! The same encoder that `wasm-tools component new` uses, as a library: a stranger needs no tool beside cargo. Also
//! included by `crates/xtask`, which must not wait for an engine to be compiled.

use wit_component::ComponentEncoder;

/// The custom section that names the version of the contract.
const ABI_SECTION: &str = "nhi-policy-abi";
/// The version of the contract that the encoder was given.
const ABI: &str = "1.0.0";
/// How a component's binary begins: the format's mark, and the version that tells it from a core module.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// Encodes `core_wasm`, a module built with `policy-sdk`, as a component without imports that names its contract.
///
/// No adapter is offered: a module that calls WASI has no way into the sandbox, and fails here with the import's name.
pub fn componentize(core_wasm: &[u8]) -> Result<Vec<u8>, String> {
    if core_wasm.starts_with(&COMPONENT) {
        return Err(String::from(
            "already a component: give the core module that cargo built",
        ));
    }
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error:#}");
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(core_wasm).map_err(|error| {
        failed(
            "not a core module with a policy-module export: build it for wasm32-unknown-unknown with policy-sdk",
            &error,
        )
    })?;
    let component = encoder
        .encode()
        .map_err(|error| failed("the module could not be encoded as a component without imports", &error))?;
    Ok(name_contract(&component, ABI))
}

/// Puts the custom section that names the contract's version behind a component.
pub fn name_contract(component: &[u8], version: &str) -> Vec<u8> {
    let mut content = Vec::new();
    sized(&mut content, ABI_SECTION.as_bytes());
    content.extend_from_slice(version.as_bytes());
    let mut out = component.to_vec();
    out.push(0);
    sized(&mut out, &content);
    out
}

/// Bytes behind their length, a LEB128 number.
fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or(0));
    out.extend_from_slice(bytes);
}
