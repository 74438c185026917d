//! Modules that misbehave while they run: stopped, named, and the host goes on.

use std::time::Duration;

use nhi_plan::Context;
use nhi_policy_host::{Host, HostErrorKind, HostLimits, Report};

use crate::support::{change, guest, host, limits, run};

#[test]
fn every_misdeed_is_stopped_and_named_and_the_host_goes_on() {
    use HostErrorKind as Kind;
    let host = host();
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let table = [
        ("loop", Kind::Fuel, "stopped: used up its fuel of 50"),
        ("loop-open", Kind::Fuel, "stopped: used up its fuel"),
        ("loop-finish", Kind::Fuel, "stopped: used up its fuel"),
        ("grow", Kind::Memory, "asked for more memory than the 256 MiB"),
        ("recurse", Kind::Trap, "crashed: "),
        ("panic", Kind::Trap, "crashed: "),
        ("fail", Kind::Undecided, "could not decide: this block is beyond me"),
        ("fail-open", Kind::Undecided, "could not decide: no wish to start"),
        ("fail-finish", Kind::Undecided, "could not decide: the end is not clear"),
        ("refuse-settings", Kind::Settings, "`do` must not be `refuse-settings`"),
        ("unknown-rule", Kind::Protocol, "the rule `TEST999`, which is not among"),
        (
            "no-message",
            Kind::Protocol,
            "a finding of rule `TEST001` has no message",
        ),
        ("many", Kind::Output, "more than 10000 findings"),
        (
            "long-message",
            Kind::Output,
            "the message of a finding of rule `TEST001` has 4097 bytes, 4096 are allowed",
        ),
        ("long-address", Kind::Output, "the address of a finding"),
        ("flood", Kind::Output, "answered with more than 8388608 bytes at once"),
    ];
    for (deed, kind, message) in table {
        let error = run(&host, &module, deed).unwrap_err();
        assert_eq!(error.kind, kind, "`{deed}`: {error}");
        assert!(error.message.contains(message), "`{deed}`: {error}");
        assert!(
            error.to_string().starts_with("module `team.wasm`: "),
            "`{deed}`: {error}"
        );
        assert!(!error.help.is_empty(), "`{deed}` has no fix");
        let report = run(&host, &module, "nothing").unwrap();
        assert_eq!(report.findings.len(), 1, "after `{deed}` the host must go on");
    }
}

#[test]
fn what_stays_within_the_limits_passes() {
    let host = host();
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    for (deed, findings) in [
        ("at-the-limit", 10_000),
        ("longest-message", 1),
        ("nothing", 1),
        ("stream", 1_000),
    ] {
        let report = run(&host, &module, deed).unwrap_or_else(|error| panic!("`{deed}`: {error}"));
        assert_eq!(report.findings.len(), findings, "`{deed}`");
    }
}

#[test]
fn output_is_limited_over_the_whole_run() {
    let host = host();
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let blocks = (0..1_100).map(|_| change("{}"));
    let settings = r#"{"do":"longest-message"}"#;
    let tight = Host::new(HostLimits {
        output_bytes: 4 << 20,
        ..limits()
    })
    .unwrap();
    let tight_module = tight.load("team.wasm", guest("misbehave")).unwrap();
    let error = tight
        .run(&tight_module, settings, &Context::default(), blocks.clone())
        .unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Output, "{error}");
    let report = host.run(&module, settings, &Context::default(), blocks).unwrap();
    assert_eq!(report.usage.output_bytes, 1_100 * (4096 + "a.b".len()));
}

#[test]
fn fuel_follows_the_input_and_no_faster() {
    let host = host();
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let settings = r#"{"do":"square"}"#;
    let run = |size: usize| {
        let text = format!("\"{}\"", "x".repeat(size));
        host.run(&module, settings, &Context::default(), [change(&text)])
            .map(|report| report.usage.fuel)
    };
    assert!(run(100).unwrap() < run(1_000).unwrap());
    // The base ration covers a small square, the ration per byte a big line, nothing a big square.
    assert_eq!(run(100_000).unwrap_err().kind, HostErrorKind::Fuel);
    let big = format!("\"{}\"", "x".repeat(3 << 20));
    host.run(&module, r#"{"do":"nothing"}"#, &Context::default(), [change(&big)])
        .unwrap();
}

#[test]
fn the_wall_clock_is_told_apart_from_fuel() {
    let limits = HostLimits {
        fuel_base: u64::MAX >> 1,
        wall: Duration::from_millis(100),
        ..HostLimits::default()
    };
    let host = Host::new(limits).unwrap();
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let error = run(&host, &module, "loop").unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Time, "{error}");
    assert!(error.message.contains("on this machine"), "{error}");
}

#[test]
fn two_runs_are_equal_to_the_last_unit_of_fuel() {
    let blocks = || (0..1_000).map(|_| change(r#"{"name":"ci","n":1e400}"#));
    let settings = r#"{"do":"nothing"}"#;
    let reports: Vec<Report> = (0..3)
        .map(|_| {
            let host = host();
            let module = host.load("team.wasm", guest("misbehave")).unwrap();
            host.run(&module, settings, &Context::default(), blocks()).unwrap()
        })
        .collect();
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0], reports[2]);
    assert!(reports[0].usage.fuel > 0);
    assert!(reports[0].usage.memory_peak_bytes > 0);
    assert_eq!(reports[0].usage.changes, 1_000);
}
