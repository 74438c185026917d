//! The form that is embedded in a program: made by `nhi-precompile`, the same in every respect but start-up time.

use std::process::Command;

use nhi_policy_host::{HostErrorKind, precompile};

use crate::support::{guest, host, run};

#[test]
fn the_precompiled_form_behaves_as_the_component_does() {
    let host = host();
    let compiled: &'static [u8] = Box::leak(precompile(guest("misbehave")).unwrap().into_boxed_slice());
    let module = host.load_precompiled("built-in", compiled).unwrap();
    let other = host.load("team.wasm", guest("misbehave")).unwrap();
    assert_eq!(module.description(), other.description());
    assert_eq!(
        run(&host, &module, "nothing").unwrap(),
        run(&host, &other, "nothing").unwrap()
    );
    assert_eq!(run(&host, &module, "loop").unwrap_err().kind, HostErrorKind::Fuel);
}

#[test]
fn the_build_tool_compiles_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.cwasm"));
    let tool = || Command::new(env!("CARGO_BIN_EXE_nhi-precompile"));

    assert_eq!(
        tool().arg(&input).output().unwrap().status.code(),
        Some(2),
        "one argument is a usage error"
    );
    let missing = tool().args([&input, &output]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&missing.stderr).contains("in.wasm"),
        "{missing:?}"
    );

    std::fs::write(&input, "garbage").unwrap();
    let garbage = tool().args([&input, &output]).output().unwrap();
    assert_eq!(garbage.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&garbage.stderr).contains("not a WebAssembly binary"),
        "{garbage:?}"
    );
    assert!(!output.exists());

    std::fs::write(&input, guest("misbehave")).unwrap();
    assert!(tool().args([&input, &output]).status().unwrap().success());
    assert_eq!(
        std::fs::read(&output).unwrap(),
        precompile(guest("misbehave")).unwrap(),
        "compiling is deterministic"
    );
}
