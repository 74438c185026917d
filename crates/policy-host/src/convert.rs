//! Takes what a module said out of the generated types, by moving.

use nhi_plan::{
    Action, Canary, Description, Encoding, Finding, Interest, Outcome, Patch, RuleInfo, Severity, Sharding,
};

use crate::bindings::wit;

/// An error says which word this host does not know.
pub(crate) fn description(description: wit::Description) -> Result<Description, String> {
    let foreign = |what: &str, word: &str| {
        let word = crate::error::quote(word);
        format!("its {what} is `{word}`, which this host does not know")
    };
    Ok(Description {
        sharding: Sharding::from_word(&description.sharding)
            .ok_or_else(|| foreign("sharding", &description.sharding))?,
        encoding: Encoding::from_word(&description.encoding)
            .ok_or_else(|| foreign("encoding", &description.encoding))?,
        name: description.name,
        version: description.version,
        abi: description.abi,
        rules: description.rules.into_iter().map(rule).collect(),
        interests: description
            .interests
            .into_iter()
            .map(|interest| Interest {
                modes: interest.modes,
                resource_types: interest.resource_types,
                actions: interest.actions.into_iter().map(action).collect(),
                paths: interest.paths,
                needs: interest.needs,
                attributes: interest.attributes,
            })
            .collect(),
        settings_schema: description.settings_schema,
        canaries: description
            .canaries
            .into_iter()
            .map(|canary| Canary {
                rule: canary.rule,
                change: canary.change,
            })
            .collect(),
        attributes: description.attributes,
    })
}

fn action(action: wit::Action) -> Action {
    match action {
        wit::Action::NoOp => Action::NoOp,
        wit::Action::Create => Action::Create,
        wit::Action::Read => Action::Read,
        wit::Action::Update => Action::Update,
        wit::Action::Delete => Action::Delete,
        wit::Action::Forget => Action::Forget,
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
        attributes: rule.attributes,
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

/// An error says which word this host does not know.
pub(crate) fn finding(finding: wit::Finding) -> Result<Finding, String> {
    let outcome = Outcome::from_word(&finding.outcome).ok_or_else(|| {
        let word = crate::error::quote(&finding.outcome);
        format!("a finding has the outcome `{word}`, which this host does not know")
    })?;
    Ok(Finding {
        rule: finding.rule,
        outcome,
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
    })
}
