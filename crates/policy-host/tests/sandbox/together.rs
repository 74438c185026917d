//! Several modules over one plan: each finds and uses what it finds and uses alone.

use std::borrow::Cow;

use nhi_plan::{Change, Context};
use nhi_policy_host::{Host, HostError, HostErrorKind, Module, Report, Task};

use crate::support::{change, guest, limits};

/// Blocks of several types, some with sensitive values.
fn blocks(count: usize) -> impl Iterator<Item = Change<'static>> {
    (0..count).map(|number| {
        let kind = ["aws_iam_role", "full_thing", "cut_thing", "other_thing"][number % 4];
        Change {
            address: Cow::Owned(format!("{kind}.r{number}")),
            resource_type: Cow::Borrowed(kind),
            sensitive_paths: if number % 3 == 0 { vec!["name".into()] } else { vec![] },
            ..change(r#"{"name":"ci","tags":{"a":1},"n":1e400}"#)
        }
    })
}

const DEEDS: [(&str, &str); 6] = [
    ("misbehave", r#"{"do":"nothing"}"#),
    ("echo_records", "{}"),
    ("echo_lines", "{}"),
    ("canary_each", r#"{"do":"work"}"#),
    ("canary_whole", r#"{"do":"work"}"#),
    ("echo_records", "{}"),
];

fn modules(host: &Host) -> Vec<Module> {
    let load = |&(name, _): &(&str, &str)| host.load(name, guest(name)).unwrap();
    DEEDS.iter().map(load).collect()
}

fn together(host: &Host, modules: &[Module], settings: &[&str], count: usize) -> Vec<Result<Report, HostError>> {
    let context = Context::default();
    let tasks: Vec<Task<'_>> = modules
        .iter()
        .zip(settings)
        .map(|(module, settings)| Task {
            module,
            settings,
            context: &context,
        })
        .collect();
    host.run_together(&tasks, || blocks(count))
}

#[test]
fn findings_and_fuel_are_those_of_each_module_alone() {
    let settings = DEEDS.map(|(_, settings)| settings);
    let mut host = Host::new(limits()).unwrap();
    let mut modules = modules(&host);
    modules[5] = modules[5].clone().grant_sensitive();
    // None, a batch that is not full, and many batches.
    for count in [0, 100, 2_000] {
        let alone: Vec<_> = modules
            .iter()
            .zip(settings)
            .map(|(module, settings)| host.run(module, settings, &Context::default(), blocks(count)))
            .collect();
        for workers in [1, 2, 4] {
            host = host.workers(workers);
            let found = together(&host, &modules, &settings, count);
            for (number, (found, alone)) in found.iter().zip(&alone).enumerate() {
                match (found, alone) {
                    (Ok(found), Ok(alone)) => assert_eq!(found, alone, "module {number}, {workers} workers"),
                    (Err(found), Err(alone)) => assert_eq!(found.to_string(), alone.to_string()),
                    _ => panic!("module {number} of {count}, {workers} workers: {found:?} {alone:?}"),
                }
            }
            if count == 2_000 {
                let sees = |report: &Result<Report, HostError>| format!("{:?}", report.as_ref().unwrap().findings);
                assert!(
                    !sees(&found[1]).is_empty() && sees(&found[1]) != sees(&found[5]),
                    "one sees what is sensitive"
                );
            }
        }
    }
}

#[test]
fn sessions_are_cut_where_they_are_cut_alone() {
    let host = Host::new(limits()).unwrap().workers(2);
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    let roles = || (0..8_192 + 100).map(|_| change("{}"));
    let (context, settings) = (Context::default(), r#"{"do":"nothing"}"#);
    let alone = host.run(&module, settings, &context, roles()).unwrap();
    let task = Task {
        module: &module,
        settings,
        context: &context,
    };
    for found in host.run_together(&[task, task], roles) {
        let found = found.unwrap();
        assert_eq!((found.usage.sessions, &found), (2, &alone));
    }
}

#[test]
fn one_that_fails_takes_nothing_from_the_others() {
    let host = Host::new(limits()).unwrap().workers(2);
    let modules = modules(&host);
    for (deed, kind) in [
        ("loop", HostErrorKind::Fuel),
        ("grow", HostErrorKind::Memory),
        ("panic", HostErrorKind::Trap),
        ("fail", HostErrorKind::Undecided),
        ("fail-finish", HostErrorKind::Undecided),
    ] {
        let deed = format!(r#"{{"do":"{deed}"}}"#);
        let mut settings = DEEDS.map(|(_, settings)| settings);
        settings[0] = &deed;
        let found = together(&host, &modules, &settings, 3_000);
        assert_eq!(found[0].as_ref().unwrap_err().kind, kind, "{deed}");
        for (number, found) in found.iter().enumerate().skip(1) {
            assert!(found.is_ok(), "{deed} {number}: {found:?}");
        }
    }
    assert!(together(&host, &[], &[], 10).is_empty());
}
