//! The harness of the rules' tables: whole plans go through the session, as a host would run it.

use std::borrow::Cow;

use nhi_plan::{Action, Change, Finding, Outcome, Reference, Severity};
use nhi_policy_sdk::{Tester, testing};

use crate::Analyzer;
use crate::rule::Rule;

/// Changes of a plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan(Vec<Change<'static>>);

/// Resources and data sources that are created, with their planned values.
pub(crate) fn plan(blocks: &[(&str, &str)]) -> Plan {
    blocks.iter().fold(Plan::default(), |plan, block| plan.and(*block))
}

/// JSON text of a policy document with these statements, quoted as an attribute's value.
pub(crate) fn doc(statements: &str) -> String {
    nhi_plan::json::quote(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
}

/// A role with an inline policy of these statements.
pub(crate) fn policy(statements: &str) -> Plan {
    plan(&[(
        "aws_iam_role_policy.p",
        &format!(r#"{{"name":"p","role":"r","policy":{}}}"#, doc(statements)),
    )])
}

impl Plan {
    pub(crate) fn and(mut self, (address, after): (&str, &str)) -> Self {
        let change = testing::change(address, after);
        self.0.push(Change {
            address: Cow::Owned(address.to_owned()),
            after: Some(Cow::Owned(after.to_owned())),
            module_address: Cow::Owned(change.module_address.to_string()),
            previous_address: None,
            provider: Cow::Borrowed(""),
            before: None,
            configuration: None,
            location: None,
            resource_type: Cow::Owned(change.resource_type.to_string()),
            config_address: Cow::Owned(change.config_address.to_string()),
            mode: change.mode,
            actions: change.actions,
            unknown_paths: Vec::new(),
            sensitive_paths: Vec::new(),
            references: Vec::new(),
            attributes: Vec::new(),
        });
        self
    }

    fn edit(mut self, address: &str, edit: impl FnOnce(&mut Change<'static>)) -> Self {
        edit(
            self.0
                .iter_mut()
                .find(|change| change.address == address)
                .expect("address in the plan"),
        );
        self
    }

    pub(crate) fn unknown(self, address: &str, paths: &[&str]) -> Self {
        self.edit(address, |change| {
            change
                .unknown_paths
                .extend(paths.iter().map(|path| Cow::Owned((*path).to_owned())));
        })
    }

    pub(crate) fn references(self, address: &str, path: &str, addresses: &[&str]) -> Self {
        let addresses = addresses
            .iter()
            .map(|address| Cow::Owned((*address).to_owned()))
            .collect();
        self.edit(address, |change| {
            change.references.push(Reference {
                path: Cow::Owned(path.to_owned()),
                addresses,
            });
        })
    }

    pub(crate) fn configuration(self, address: &str, json: &str) -> Self {
        self.edit(address, |change| {
            change.configuration = Some(Cow::Owned(json.to_owned()));
        })
    }

    /// With the changes of another plan after its own.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn destroyed(self, address: &str) -> Self {
        self.edit(address, |change| change.actions = vec![Action::Delete])
    }

    pub(crate) fn changed(self, address: &str, edit: impl FnOnce(&mut Change<'static>)) -> Self {
        self.edit(address, edit)
    }

    /// Everything the analyzer says about it with these settings.
    pub(crate) fn judge_with(&self, settings: &str) -> Vec<Finding> {
        Tester::<Analyzer>::new()
            .settings(settings)
            .changes(self.0.iter().cloned())
            .expect("the analyzer decides")
    }

    /// What is known of it before any rule runs.
    pub(crate) fn facts(&self) -> crate::facts::Facts {
        let mut facts = crate::facts::Facts::default();
        for change in &self.0 {
            let block = crate::facts::Block::new(change, "2026-01-01T00:00:00Z");
            if change.remains() {
                facts.collect(&block);
            } else {
                facts.collect_gone(&block);
            }
        }
        facts.settle();
        facts
    }

    /// Everything the analyzer says about it.
    pub(crate) fn judge(&self) -> Vec<Finding> {
        Tester::<Analyzer>::new()
            .changes(self.0.iter().cloned())
            .expect("the analyzer decides")
    }
}

/// A plan and what a rule must say of it.
#[derive(Debug)]
pub(crate) struct Case {
    name: &'static str,
    plan: Plan,
    outcome: Outcome,
    severity: Option<Severity>,
    path: Option<&'static str>,
}

impl Case {
    fn new(name: &'static str, plan: Plan, severity: Option<Severity>) -> Self {
        Self {
            name,
            plan,
            outcome: Outcome::Violation,
            severity,
            path: None,
        }
    }

    pub(crate) fn critical(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, Some(Severity::Critical))
    }

    pub(crate) fn high(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, Some(Severity::High))
    }

    pub(crate) fn medium(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, Some(Severity::Medium))
    }

    pub(crate) fn low(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, Some(Severity::Low))
    }

    pub(crate) fn info(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, Some(Severity::Info))
    }

    pub(crate) fn with_severity(name: &'static str, plan: Plan, severity: Severity) -> Self {
        Self::new(name, plan, Some(severity))
    }

    pub(crate) fn unverified(name: &'static str, plan: Plan) -> Self {
        Self {
            outcome: Outcome::Unverified,
            ..Self::new(name, plan, None)
        }
    }

    pub(crate) fn clean(name: &'static str, plan: Plan) -> Self {
        Self::new(name, plan, None)
    }

    pub(crate) fn at(self, path: &'static str) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }
}

/// Checks tables of cases against one rule; other rules may say what they want.
pub(crate) fn cases(rule: &'static Rule) -> Cases {
    Cases(rule)
}

pub(crate) struct Cases(&'static Rule);

impl Cases {
    fn of(&self, plan: &Plan) -> Vec<Finding> {
        plan.judge()
            .into_iter()
            .filter(|finding| finding.rule == self.0.code)
            .collect()
    }

    /// Each case gives exactly one finding of the rule, as bad as it says.
    pub(crate) fn flags(self, cases: &[Case]) -> Self {
        for case in cases {
            let found = self.of(&case.plan);
            assert_eq!(
                found.len(),
                1,
                "{}: `{}` must be found once: {found:#?}",
                self.0.code,
                case.name
            );
            let finding = &found[0];
            assert_eq!(finding.outcome, case.outcome, "{}: {finding:#?}", case.name);
            if let Some(severity) = case.severity {
                assert_eq!(
                    finding.severity.unwrap_or(self.0.severity),
                    severity,
                    "{}: {finding:#?}",
                    case.name
                );
            }
            if let Some(path) = case.path {
                assert_eq!(finding.path, path, "{}: {finding:#?}", case.name);
            }
            assert!(
                !finding.message.is_empty() && !finding.remediation.is_empty(),
                "{}",
                case.name
            );
            assert!(
                !finding.message.ends_with('.') && !finding.remediation.ends_with('.'),
                "{}",
                case.name
            );
        }
        self
    }

    /// The rule has nothing to say about any case.
    pub(crate) fn allows(self, cases: &[Case]) -> Self {
        for case in cases {
            let found = self.of(&case.plan);
            assert!(
                found.is_empty(),
                "{}: `{}` must pass: {found:#?}",
                self.0.code,
                case.name
            );
        }
        self
    }
}
