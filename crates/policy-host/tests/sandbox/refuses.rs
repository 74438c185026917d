//! Bytes that are no policy module: refused before anything of them runs, with the fix.

use nhi_policy_host::{Host, HostErrorKind, HostLimits};

use crate::support::{componentize, guest, host, limits, run};

#[test]
fn bytes_that_are_no_compiled_component_are_refused() {
    let host = host();
    let component: &'static [u8] = guest("misbehave");
    for bytes in [b"".as_slice(), b"garbage", b"\0asm\x01\0\0\0", component] {
        let error = host.load_precompiled("built-in", bytes).unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Precompiled, "{error}");
    }
}

/// File name, bytes, kind, part of the message, part of the fix.
type Case<'a> = (&'a str, Vec<u8>, HostErrorKind, &'a str, &'a str);

fn refused(cases: &[Case<'_>]) {
    let host = host();
    for (name, bytes, kind, message, help) in cases {
        let error = host.load(name, bytes).unwrap_err();
        assert_eq!(error.kind, *kind, "{error}");
        assert!(error.message.contains(message), "{error}");
        assert!(error.help.contains(help), "{error}: {}", error.help);
    }
    host.load("still", guest("misbehave")).unwrap();
}

/// A component with one core module of one function.
fn body(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module (func {text})))")).unwrap()
}

fn named(component: &[u8], version: &str) -> Vec<u8> {
    nhi_policy_host::name_contract(component, version)
}

fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn what_is_no_component_is_refused_with_the_fix() {
    use HostErrorKind::{CoreModule, Malformed};
    let whole = guest("misbehave");
    refused(&[
        (
            "empty",
            vec![],
            Malformed,
            "not a WebAssembly binary",
            "build the module again",
        ),
        (
            "program",
            b"MZ\x90\0garbage".to_vec(),
            Malformed,
            "not a WebAssembly binary",
            "build the module again",
        ),
        (
            "text",
            b" (component)".to_vec(),
            Malformed,
            "not a WebAssembly binary",
            "wasm-tools parse",
        ),
        (
            "header",
            whole[..6].to_vec(),
            Malformed,
            "damaged at byte",
            "build the module again",
        ),
        (
            "half",
            whole[..whole.len() / 2].to_vec(),
            Malformed,
            "damaged at byte",
            "build the module again",
        ),
        (
            "core",
            text("(module)"),
            CoreModule,
            "a core module",
            "wasm-tools component new",
        ),
    ]);
}

#[test]
fn what_would_make_a_compiler_slow_is_refused_unread() {
    use HostErrorKind::TooBig;
    let many = format!("(component (core module {}))", "(func)".repeat(20_001));
    let big = format!(
        "(component (core module (func {})))",
        "i32.const 0 drop ".repeat(400_000)
    );
    refused(&[
        (
            "functions",
            text(&many),
            TooBig,
            "20001 functions are more than the 20000",
            "split",
        ),
        (
            "locals",
            body(&format!("(local {})", "i64 ".repeat(20_001))),
            TooBig,
            "20001 locals in one function are more than the 20000",
            "split",
        ),
        (
            "nesting",
            body(&format!("{}{}", "block ".repeat(5_001), "end ".repeat(5_001))),
            TooBig,
            "5001 levels of blocks in one function are more than the 5000",
            "split",
        ),
        (
            "branches",
            body(&format!("block i32.const 0 br_table {}end", "0 ".repeat(20_002))),
            TooBig,
            "20001 branch targets in one function are more than the 20000",
            "split",
        ),
        (
            "segments",
            text(&format!(
                "(component (core module (memory 1) {}))",
                "(data \"a\")".repeat(10_001)
            )),
            TooBig,
            "10001 data segments are more than the 10000",
            "split",
        ),
        (
            "modules",
            text(&format!("(component {})", "(core module)".repeat(513))),
            TooBig,
            "513 core modules are more than the 512",
            "split",
        ),
        (
            "components",
            text(&format!("{}{}", "(component ".repeat(34), ")".repeat(34))),
            TooBig,
            "33 levels of components are more than the 32",
            "split",
        ),
        (
            "function",
            text(&big),
            TooBig,
            "bytes in one function are more than the 1048576",
            "split",
        ),
    ]);
}

#[test]
fn what_does_not_fit_the_contract_is_refused_with_the_fix() {
    use HostErrorKind::{Abi, Exports, Imports};
    let future = r#"(component (instance $i) (export "nhi:policy/policy@2.1.0" (instance $i)))"#;
    let hollow = r#"(component (instance $i) (export "nhi:policy/policy@1.0.0" (instance $i)))"#;
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    let two = r#"(component (import "a:b/c" (instance)) (import "f" (func)))"#;
    refused(&[
        (
            "bare",
            text("(component)"),
            Exports,
            "does not export `nhi:policy/policy`",
            "policy-module",
        ),
        (
            "future",
            text(future),
            Exports,
            "speaks version 2.1.0 of the contract",
            "nhi:policy@1.0.0",
        ),
        (
            "hollow",
            named(&text(hollow), "1.0.0"),
            Exports,
            "describe",
            "policy-module",
        ),
        (
            "nameless",
            text(hollow),
            Abi,
            "has no section `nhi-policy-abi`",
            "nhi module build",
        ),
        (
            "other",
            named(&text(hollow), "1.4.0"),
            Abi,
            "names version 1.4.0 of the contract and exports version 1.0.0",
            "nhi module build",
        ),
        (
            "wasi",
            text(wasi),
            Imports,
            "imports `wasi:cli/environment@0.2.0`",
            "without WASI",
        ),
        (
            "two",
            text(two),
            Imports,
            "imports `a:b/c`, `f`, and",
            "knows only what it is handed",
        ),
        (
            "python",
            producer("componentize-py"),
            Imports,
            "imports `wasi:cli/stdin@0.2.0`",
            "--stub-wasi",
        ),
        (
            "javascript",
            producer("ComponentizeJS"),
            Imports,
            "imports",
            "--disable stdio random",
        ),
        (
            "rust",
            producer("rustc"),
            Imports,
            "imports",
            "--target wasm32-unknown-unknown",
        ),
    ]);
}

/// A component that imports WASI and says which tool made it.
fn producer(tool: &str) -> Vec<u8> {
    let section = format!("\\01\\0cprocessed-by\\01\\{:02x}{tool}\\011", tool.len());
    let text = format!(
        r#"(component (import "wasi:cli/stdin@0.2.0" (instance)) (core module (@custom "producers" "{section}")))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_module_is_measured_before_it_is_read() {
    let host = Host::new(HostLimits {
        module_bytes: 1_000,
        ..limits()
    })
    .unwrap();
    let error = host.load("big.wasm", guest("misbehave")).unwrap_err();
    assert_eq!(error.kind, HostErrorKind::TooBig);
    assert!(error.message.contains("more than the 1000"), "{error}");
}

#[test]
fn what_the_engine_leaves_out_is_refused() {
    let features = [
        ("threads", "(module (memory 1 1 shared))"),
        ("memory64", "(module (memory i64 1))"),
        ("exceptions", "(module (tag))"),
        ("gc", "(module (type (struct)))"),
        (
            "relaxed simd",
            "(module (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0))))",
        ),
    ];
    let host = host();
    for (name, module) in features {
        let text = format!(
            r#"(component (core module {}) (instance $i) (export "nhi:policy/policy@1.0.0" (instance $i)))"#,
            module.trim_start_matches("(module").trim_end_matches(')').to_owned()
                + ")"
                    .repeat(module.len() - module.trim_end_matches(')').len() - 1)
                    .as_str()
        );
        let component = named(&wat::parse_str(&text).unwrap(), "1.0.0");
        let error = host.load(name, &component).unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Malformed, "{error}");
        assert!(error.message.contains("not a valid component"), "{error}");
    }
}

#[test]
fn random_damage_never_harms_the_host() {
    // A fixed generator: the cases are the same in every run, and a failure names its seed.
    let host = host();
    let whole = guest("misbehave");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for case in 0..60 {
        let mut bytes = whole.to_vec();
        for _ in 0..=case % 4 {
            let at = usize::try_from(next()).unwrap() % bytes.len();
            bytes[at] = next().to_le_bytes()[0];
        }
        // Damage may be harmless (a name, a text); what loads must also run to a verdict or an error.
        if let Ok(module) = host.load("damaged", &bytes) {
            let _ = run(&host, &module, "nothing");
        }
    }
    assert!(run(&host, &host.load("whole", whole).unwrap(), "nothing").is_ok());
}

#[test]
fn a_guest_built_with_the_sdk_imports_nothing() {
    for name in ["misbehave", "echo_records", "echo_lines"] {
        host().load(name, guest(name)).unwrap_or_else(|error| panic!("{error}"));
    }
    let error = componentize(guest("misbehave")).unwrap_err();
    assert!(error.contains("already a component"), "{error}");
}
