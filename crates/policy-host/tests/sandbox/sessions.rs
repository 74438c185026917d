//! A plan is cut into sessions at the same places on every machine: how many run at once changes nothing.

use std::borrow::Cow;

use nhi_plan::{Change, Context, Finding};
use nhi_policy_host::{Host, HostErrorKind, Report, Task};

use crate::support::{change, guest, limits};

fn blocks(count: usize) -> impl Iterator<Item = Change<'static>> {
    (0..count).map(|number| Change {
        address: Cow::Owned(format!("aws_iam_role.r{number}")),
        ..change(r#"{"name":"ci","n":1e400}"#)
    })
}

fn run(workers: usize, deed: &str, count: usize) -> Result<Report, nhi_policy_host::HostError> {
    let host = Host::new(limits()).unwrap().workers(workers);
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let settings = format!(r#"{{"do":"{deed}"}}"#);
    host.run(&module, &settings, &Context::default(), blocks(count))
}

#[test]
fn findings_and_fuel_do_not_depend_on_how_many_run_at_once() {
    let count = 8_192 + 1_000;
    let one = run(1, "nothing", count).unwrap();
    assert_eq!((one.usage.sessions, one.usage.changes), (2, count));
    let addresses: Vec<&str> = one
        .findings
        .iter()
        .map(|finding: &Finding| finding.message.as_str())
        .collect();
    let expected: Vec<String> = blocks(count).map(|block| block.address.into_owned()).collect();
    assert_eq!(addresses, expected, "in the order of the plan");
    for workers in [2, 3, 4] {
        assert_eq!(run(workers, "nothing", count).unwrap(), one, "{workers} workers");
    }
}

#[test]
fn limits_hold_over_all_sessions() {
    // Each session stays under the limit of findings, both together do not.
    let count = 2 * 8_192;
    for workers in [1, 3] {
        let error = run(workers, "nothing", count).unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Output, "{error}");
        assert!(error.message.contains("more than 10000 findings"), "{error}");
    }
}

#[test]
fn the_failure_that_is_told_is_the_first_in_the_plan() {
    for workers in [1, 2, 4] {
        let error = run(workers, "fail", 4 * 8_192).unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Undecided, "{error}");
        assert!(error.message.contains("this block is beyond me"), "{error}");
    }
}

#[test]
fn a_module_that_gets_nothing_is_opened_and_closed() {
    assert_eq!(run(2, "fail-finish", 0).unwrap_err().kind, HostErrorKind::Undecided);
    assert_eq!(run(2, "nothing", 0).unwrap().usage.sessions, 1);
}

#[test]
fn settings_are_judged_by_the_schema_in_every_run() {
    let host = Host::new(limits()).unwrap();
    let load = || host.load("echo.wasm", guest("echo_records")).unwrap();
    let (fresh, known) = (load(), load());
    let context = Context::default();
    // The component itself takes anything, and its schema asks for an object.
    for _ in 0..2 {
        let refused = host.run(&fresh, "[]", &context, blocks(1)).unwrap_err();
        assert_eq!(refused.kind, HostErrorKind::Settings, "{}", refused.message);
    }
    let task = |settings| Task {
        module: &fresh,
        settings,
        context: &context,
    };
    let outcomes = host.run_together(&[task("[]"), task("{}")], || blocks(1));
    let kinds: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map_err(|error| error.kind).err())
        .collect();
    assert_eq!(kinds, [Some(HostErrorKind::Settings), None]);
    // Whether somebody has asked before changes nothing of a run.
    host.validate_settings(&known, "{}").unwrap();
    let run = |module| host.run(module, "{}", &context, blocks(100)).unwrap();
    let unasked = load();
    assert_eq!(run(&known), run(&unasked));
    assert_eq!(run(&known), run(&known));
}
