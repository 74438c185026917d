//! What a module is handed: everything it asked for, bit for bit, in either encoding, and nothing else.

use std::borrow::Cow;

use nhi_plan::{Action, Change, Context, Exception, Location, Mode, Reference};
use nhi_policy_host::{Host, HostErrorKind, HostLimits, Module, Trust};

use crate::support::guest;

fn load(host: &Host, name: &str) -> Module {
    host.load_as(name, guest(name), Trust::BuiltIn)
        .unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn whole() -> Change<'static> {
    Change {
        address: Cow::Borrowed("module.a[\"x\\\"y\"].full_thing.b[0]"),
        config_address: Cow::Borrowed("module.a.full_thing.b"),
        previous_address: Some(Cow::Borrowed("full_thing.old")),
        resource_type: Cow::Borrowed("full_thing"),
        provider: Cow::Borrowed("registry.terraform.io/hashicorp/aws"),
        module_address: Cow::Borrowed("module.a[\"x\\\"y\"]"),
        mode: Mode::Managed,
        actions: vec![Action::Delete, Action::Create],
        before: Some(Cow::Borrowed(r#"{"n":1e400}"#)),
        after: Some(Cow::Borrowed(
            r#"{"name":"\u00e9\ud83d\ude00 é","tiny":-0.00e-0,"list":[[],{}]}"#,
        )),
        configuration: Some(Cow::Borrowed(r#"{"name":{"references":["var.n"]}}"#)),
        unknown_paths: vec![Cow::Borrowed("id"), Cow::Borrowed("tags[\"cost-center\"]")],
        sensitive_paths: vec![Cow::Borrowed("password")],
        references: vec![
            Reference {
                path: Cow::Borrowed("name"),
                addresses: vec![Cow::Borrowed("var.n"), Cow::Borrowed("local.é")],
            },
            Reference {
                path: Cow::Borrowed("none"),
                addresses: vec![],
            },
        ],
        location: Some(Location {
            file: Cow::Borrowed("a/b\u{1b}.tf"),
            line: u32::MAX,
            column: 1,
        }),
        attributes: vec![(Cow::Borrowed("k\n"), Cow::Borrowed("\u{1}\u{7f}\u{2028}"))],
    }
}

pub(crate) fn plain(mode: Mode, resource_type: &'static str) -> Change<'static> {
    Change {
        mode,
        resource_type: Cow::Borrowed(resource_type),
        previous_address: None,
        after: None,
        location: None,
        ..whole()
    }
}

#[test]
fn a_change_arrives_bit_for_bit_in_either_encoding() {
    let host = Host::new(HostLimits::default()).unwrap();
    let stripped = Change {
        before: None,
        configuration: None,
        ..plain(Mode::Output, "")
    };
    let expected = [format!("{:?}", whole()), format!("{stripped:?}")];
    for name in ["echo_records", "echo_lines"] {
        let module = load(&host, name);
        let blocks = [whole(), plain(Mode::Output, "")];
        let report = host.run(&module, "{}", &Context::default(), blocks).unwrap();
        let got: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(got, expected, "`{name}`");
    }
}

#[test]
fn white_space_in_the_plan_does_not_break_the_lines() {
    let host = Host::new(HostLimits::default()).unwrap();
    let module = load(&host, "echo_lines");
    let block = Change {
        after: Some(Cow::Borrowed("{\n  \"a\":\r\n [1,\n 2]}")),
        ..whole()
    };
    let report = host.run(&module, "{}", &Context::default(), [block]).unwrap();
    let expected = Change {
        after: Some(Cow::Borrowed("{  \"a\": [1, 2]}")),
        ..whole()
    };
    assert_eq!(report.findings[0].message, format!("{expected:?}"));
}

#[test]
fn a_module_sees_only_what_it_is_interested_in() {
    let host = Host::new(HostLimits::default()).unwrap();
    let module = load(&host, "echo_records");
    let blocks = [
        plain(Mode::Data, "full_thing"),
        plain(Mode::Managed, "other_thing"),
        plain(Mode::Provider, "aws"),
        plain(Mode::Variable, ""),
    ];
    let report = host.run(&module, "{}", &Context::default(), blocks).unwrap();
    assert_eq!(report.usage.changes, 1);
    let expected = Change {
        before: None,
        configuration: None,
        ..plain(Mode::Managed, "other_thing")
    };
    assert_eq!(report.findings[0].message, format!("{expected:?}"));
}

#[test]
fn batches_keep_the_order() {
    let host = Host::new(HostLimits::default()).unwrap();
    for name in ["echo_records", "echo_lines"] {
        let module = load(&host, name);
        let blocks = (0..1_000).map(|n| Change {
            address: Cow::Owned(format!("full_thing.n{n}")),
            ..whole()
        });
        let report = host.run(&module, "{}", &Context::default(), blocks).unwrap();
        assert_eq!(report.findings.len(), 1_000);
        for (n, finding) in report.findings.iter().enumerate() {
            assert_eq!(finding.address, format!("full_thing.n{n}"), "`{name}`");
        }
    }
}

#[test]
fn the_context_arrives_whole() {
    let host = Host::new(HostLimits::default()).unwrap();
    let module = load(&host, "echo_records");
    let text = String::from;
    let context = Context {
        now: text("2026-01-01T00:00:00Z"),
        format_version: text("1.2"),
        terraform_version: text("1.11.4"),
        policy: Some(text("levels {}")),
        exceptions: vec![Exception {
            rule: text("R1"),
            address: text("a.b"),
            path: text("c"),
            value_sha256: text("00"),
            expires_at: text("2026"),
            attributes: vec![(text("tier"), text("low"))],
        }],
        graph: Some(text("{}")),
        attributes: vec![(text("k"), text("v"))],
    };
    let error = host.run(&module, r#"{"context":true}"#, &context, []).unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Undecided);
    assert_eq!(error.message, format!("could not decide: {context:?}"));
}

#[test]
fn only_our_own_module_sees_what_is_sensitive() {
    let host = Host::new(HostLimits::default()).unwrap();
    let secret = || Change {
        after: Some(Cow::Borrowed(r#"{"name":"n","password":"hunter2"}"#)),
        before: Some(Cow::Borrowed(r#"{"password":"hunter1"}"#)),
        ..whole()
    };
    for (trust, sees) in [(Trust::BuiltIn, true), (Trust::ThirdParty, false)] {
        let module = host.load_as("echo", guest("echo_records"), trust).unwrap();
        let report = host.run(&module, "{}", &Context::default(), [secret()]).unwrap();
        let message = &report.findings[0].message;
        assert_eq!(message.contains("hunter2"), sees, "{trust:?}: {message}");
        assert_eq!(message.contains("hunter1"), sees, "{trust:?}: {message}");
        assert!(message.contains("name"), "{trust:?}: {message}");
    }
    assert_eq!(
        host.load("echo", guest("echo_records")).unwrap().trust(),
        Trust::ThirdParty
    );
}
