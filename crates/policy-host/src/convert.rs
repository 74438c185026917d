//! Takes what a module said out of the generated types, by moving.

use nhi_plan::{Description, Encoding, Finding, Interest, Outcome, Patch, RuleInfo, Severity, Sharding};

use crate::bindings::wit;

pub(crate) fn description(description: wit::Description) -> Description {
    Description {
        name: description.name,
        version: description.version,
        rules: description.rules.into_iter().map(rule).collect(),
        interests: description
            .interests
            .into_iter()
            .map(|interest| Interest {
                modes: interest.modes,
                resource_types: interest.resource_types,
                needs: interest.needs,
            })
            .collect(),
        sharding: match description.sharding {
            wit::Sharding::PerResource => Sharding::PerResource,
            wit::Sharding::WholePlan => Sharding::WholePlan,
        },
        encoding: match description.encoding {
            wit::Encoding::Records => Encoding::Records,
            wit::Encoding::JsonLines => Encoding::JsonLines,
        },
        settings_schema: description.settings_schema,
        attributes: description.attributes,
    }
}

fn rule(rule: wit::Rule) -> RuleInfo {
    RuleInfo {
        code: rule.code,
        name: rule.name,
        severity: severity(rule.severity),
        summary: rule.summary,
        why: rule.why,
        docs: rule.docs,
        controls: rule.controls,
    }
}

fn severity(severity: wit::Severity) -> Severity {
    match severity {
        wit::Severity::Info => Severity::Info,
        wit::Severity::Low => Severity::Low,
        wit::Severity::Medium => Severity::Medium,
        wit::Severity::High => Severity::High,
        wit::Severity::Critical => Severity::Critical,
    }
}

pub(crate) fn finding(finding: wit::Finding) -> Finding {
    Finding {
        rule: finding.rule,
        outcome: match finding.outcome {
            wit::Outcome::Violation => Outcome::Violation,
            wit::Outcome::Unverified => Outcome::Unverified,
        },
        severity: finding.severity.map(severity),
        address: finding.address,
        path: finding.path,
        message: finding.message,
        remediation: finding.remediation,
        evidence: finding.evidence,
        patch: finding.patch.map(|patch| Patch {
            path: patch.path,
            replacement: patch.replacement,
        }),
        attributes: finding.attributes,
    }
}
