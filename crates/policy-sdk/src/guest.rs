//! Wires a [`PolicyModule`] to the component contract; compiled for WebAssembly only.
//!
//! Strings are moved, never copied: what the host lowered into the guest's memory is what a rule reads.

use std::borrow::Cow;
use std::cell::RefCell;
use std::marker::PhantomData;

use crate::{Findings, PolicyModule};
use bindings::exports::nhi::policy::policy as wit;

#[allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated from the contract"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v1",
        world: "policy-module",
        runtime_path: "::nhi_policy_sdk::guest::rt",
        pub_export_macro: true,
        export_macro_name: "export_policy_module",
        generate_unused_types: true,
    });
}

pub use wit_bindgen::rt;

/// The exported interface, over a module.
#[derive(Debug)]
pub struct Adapter<M>(PhantomData<M>);

impl<M: PolicyModule> wit::Guest for Adapter<M> {
    type Session = Session<M>;

    fn describe() -> wit::Description {
        description(M::describe())
    }

    fn validate_settings(settings: String) -> Result<(), Vec<String>> {
        M::validate_settings(&settings)
    }
}

/// One session: a module at work on one plan.
#[derive(Debug)]
pub struct Session<M>(RefCell<M>);

impl<M: PolicyModule> Session<M> {
    fn run(&self, work: impl FnOnce(&mut M, &mut Findings) -> Result<(), String>) -> Result<Vec<wit::Finding>, String> {
        let mut module = self
            .0
            .try_borrow_mut()
            .map_err(|_| String::from("the session is already at work"))?;
        let mut findings = Findings::default();
        work(&mut module, &mut findings)?;
        Ok(findings.into_vec().into_iter().map(finding).collect())
    }
}

impl<M: PolicyModule> wit::GuestSession for Session<M> {
    fn open(settings: String, context: wit::Context) -> Result<wit::Session, String> {
        let module = M::open(&settings, &self::context(context))?;
        Ok(wit::Session::new(Self(RefCell::new(module))))
    }

    fn check(&self, changes: Vec<wit::Change>) -> Result<Vec<wit::Finding>, String> {
        self.run(|module, findings| {
            changes
                .into_iter()
                .try_for_each(|block| module.check(&change(block)?, findings))
        })
    }

    fn check_json(&self, lines: String) -> Result<Vec<wit::Finding>, String> {
        self.run(|module, findings| {
            lines
                .lines()
                .filter(|line| !line.is_empty())
                .try_for_each(|line| module.check(&nhi_plan::line::decode(line)?, findings))
        })
    }

    fn finish(&self) -> Result<Vec<wit::Finding>, String> {
        self.run(|module, findings| module.finish(findings))
    }
}

fn change(block: wit::Change) -> Result<nhi_plan::Change<'static>, String> {
    let mode = nhi_plan::Mode::from_word(&block.mode).ok_or_else(|| {
        format!(
            "`{}` is not a mode that this module knows: rebuild it with a newer SDK",
            block.mode
        )
    })?;
    Ok(nhi_plan::Change {
        address: Cow::Owned(block.address),
        config_address: Cow::Owned(block.config_address),
        previous_address: block.previous_address.map(Cow::Owned),
        resource_type: Cow::Owned(block.resource_type),
        provider: Cow::Owned(block.provider),
        module_address: Cow::Owned(block.module_address),
        mode,
        actions: block.actions.into_iter().map(action).collect(),
        before: block.before.map(Cow::Owned),
        after: block.after.map(Cow::Owned),
        configuration: block.configuration.map(Cow::Owned),
        unknown_paths: owned(block.unknown_paths),
        sensitive_paths: owned(block.sensitive_paths),
        references: block
            .references
            .into_iter()
            .map(|reference| nhi_plan::Reference {
                path: Cow::Owned(reference.path),
                addresses: owned(reference.addresses),
            })
            .collect(),
        location: block.location.map(|location| nhi_plan::Location {
            file: Cow::Owned(location.file),
            line: location.line,
            column: location.column,
        }),
        attributes: block
            .attributes
            .into_iter()
            .map(|(key, value)| (Cow::Owned(key), Cow::Owned(value)))
            .collect(),
    })
}

fn owned(texts: Vec<String>) -> Vec<Cow<'static, str>> {
    texts.into_iter().map(Cow::Owned).collect()
}

fn action(action: wit::Action) -> nhi_plan::Action {
    match action {
        wit::Action::NoOp => nhi_plan::Action::NoOp,
        wit::Action::Create => nhi_plan::Action::Create,
        wit::Action::Read => nhi_plan::Action::Read,
        wit::Action::Update => nhi_plan::Action::Update,
        wit::Action::Delete => nhi_plan::Action::Delete,
        wit::Action::Forget => nhi_plan::Action::Forget,
    }
}

fn context(context: wit::Context) -> nhi_plan::Context {
    nhi_plan::Context {
        now: context.now,
        format_version: context.format_version,
        terraform_version: context.terraform_version,
        policy: context.policy,
        exceptions: context
            .exceptions
            .into_iter()
            .map(|exception| nhi_plan::Exception {
                rule: exception.rule,
                address: exception.address,
                path: exception.path,
                value_sha256: exception.value_sha256,
                expires_at: exception.expires_at,
                attributes: exception.attributes,
            })
            .collect(),
        graph: context.graph,
        attributes: context.attributes,
    }
}

fn severity(severity: nhi_plan::Severity) -> wit::Severity {
    match severity {
        nhi_plan::Severity::Info => wit::Severity::Info,
        nhi_plan::Severity::Low => wit::Severity::Low,
        nhi_plan::Severity::Medium => wit::Severity::Medium,
        nhi_plan::Severity::High => wit::Severity::High,
        nhi_plan::Severity::Critical => wit::Severity::Critical,
    }
}

fn finding(finding: nhi_plan::Finding) -> wit::Finding {
    wit::Finding {
        rule: finding.rule,
        outcome: finding.outcome.as_str().to_owned(),
        severity: finding.severity.map(severity),
        address: finding.address,
        path: finding.path,
        message: finding.message,
        remediation: finding.remediation,
        evidence: finding.evidence,
        patch: finding.patch.map(|patch| wit::Patch {
            path: patch.path,
            replacement: patch.replacement,
        }),
        attributes: finding.attributes,
    }
}

fn description(description: nhi_plan::Description) -> wit::Description {
    wit::Description {
        name: description.name,
        version: description.version,
        abi: description.abi,
        rules: description.rules.into_iter().map(rule).collect(),
        interests: description
            .interests
            .into_iter()
            .map(|interest| wit::Interest {
                modes: interest.modes,
                resource_types: interest.resource_types,
                actions: interest.actions.into_iter().map(wanted).collect(),
                paths: interest.paths,
                needs: interest.needs,
                attributes: interest.attributes,
            })
            .collect(),
        sharding: description.sharding.as_str().to_owned(),
        encoding: description.encoding.as_str().to_owned(),
        settings_schema: description.settings_schema,
        canaries: description
            .canaries
            .into_iter()
            .map(|canary| wit::Canary {
                rule: canary.rule,
                change: canary.change,
            })
            .collect(),
        attributes: description.attributes,
    }
}

fn rule(rule: nhi_plan::RuleInfo) -> wit::Rule {
    wit::Rule {
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

fn wanted(action: nhi_plan::Action) -> wit::Action {
    match action {
        nhi_plan::Action::NoOp => wit::Action::NoOp,
        nhi_plan::Action::Create => wit::Action::Create,
        nhi_plan::Action::Read => wit::Action::Read,
        nhi_plan::Action::Update => wit::Action::Update,
        nhi_plan::Action::Delete => wit::Action::Delete,
        nhi_plan::Action::Forget => wit::Action::Forget,
    }
}
