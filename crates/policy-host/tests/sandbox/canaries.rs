//! Canaries: a module that does not flag what it says it flags has not judged anything.

use nhi_plan::{Context, Sharding};
use nhi_policy_host::HostErrorKind;

use crate::support::{change, guest, host};

fn run(deed: &str, sharding: Sharding) -> Result<nhi_policy_host::Report, nhi_policy_host::HostError> {
    let host = host();
    let name = match sharding {
        Sharding::PerResource => "canary_each",
        Sharding::WholePlan => "canary_whole",
    };
    let module = host.load("team.wasm", guest(name)).unwrap();
    assert_eq!(module.description().sharding, sharding);
    let settings = format!(r#"{{"do":"{deed}"}}"#);
    let blocks = (0..600).map(|_| change("{}"));
    host.run(&module, &settings, &Context::default(), blocks)
}

#[test]
fn a_module_at_work_passes_and_its_canaries_are_not_told() {
    for sharding in [Sharding::PerResource, Sharding::WholePlan] {
        let report = run("work", sharding).unwrap();
        assert_eq!(report.usage.canaries, 2, "{sharding:?}");
        assert_eq!(report.usage.changes, 600, "{sharding:?}");
        assert_eq!(report.findings.len(), 600, "{sharding:?}");
        let addresses = report.findings.iter().map(|finding| finding.address.as_str());
        assert!(
            addresses.clone().all(|address| address == "aws_iam_role.ci"),
            "{sharding:?}"
        );
        assert_eq!(report, run("work", sharding).unwrap(), "the same on every run");
    }
}

#[test]
fn a_module_that_is_not_at_work_has_failed() {
    for sharding in [Sharding::PerResource, Sharding::WholePlan] {
        // Says nothing; says it under another rule; says it is not sure; says it of another address.
        for deed in ["sleep", "other-rule", "unsure", "elsewhere"] {
            let error = run(deed, sharding).unwrap_err();
            assert_eq!(error.kind, HostErrorKind::Canary, "{sharding:?} `{deed}`: {error}");
            assert!(error.message.contains("rule `TEST001` did not flag"), "{error}");
        }
    }
}
