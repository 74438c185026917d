//! Runs a module natively, the way the host would: same interests, same order, no sandbox.

use std::borrow::Cow;
use std::marker::PhantomData;

use nhi_plan::{Action, Change, Context, Finding, Limits, Mode};

use crate::{Findings, PolicyModule};

/// Hands changes to a module and gives back what it found.
#[derive(Debug)]
pub struct Tester<M> {
    settings: String,
    context: Context,
    module: PhantomData<fn() -> M>,
}

impl<M: PolicyModule> Default for Tester<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: PolicyModule> Tester<M> {
    /// A run without settings, on 1 January 2026.
    pub fn new() -> Self {
        let context = Context {
            now: String::from("2026-01-01T00:00:00Z"),
            format_version: String::from("1.2"),
            terraform_version: String::from("1.11.4"),
            ..Context::default()
        };
        Self {
            settings: String::from("{}"),
            context,
            module: PhantomData,
        }
    }

    /// Sets the settings, JSON text.
    #[must_use]
    pub fn settings(mut self, settings: impl Into<String>) -> Self {
        self.settings = settings.into();
        self
    }

    /// Sets the context.
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Judges a plan, as `tofu show -json` writes it.
    pub fn plan(&self, plan: &str) -> Result<Vec<Finding>, String> {
        let plan = nhi_plan::read(plan, &Limits::default()).map_err(|error| error.to_string())?;
        self.changes(plan.blocks())
    }

    /// Judges these blocks as one plan. Blocks that match no interest are dropped, as the host does.
    pub fn changes<'a>(&self, changes: impl IntoIterator<Item = Change<'a>>) -> Result<Vec<Finding>, String> {
        M::validate_settings(&self.settings).map_err(|errors| errors.join("; "))?;
        let description = M::describe();
        let mut module = M::open(&self.settings, &self.context)?;
        let mut findings = Findings::default();
        for mut change in changes {
            let needs = description.needs(change.mode, &change.resource_type);
            if needs.is_some_and(|needs| needs.deliver(&mut change)) {
                module.check(&change, &mut findings)?;
            }
        }
        module.finish(&mut findings)?;
        Ok(findings.into_vec())
    }
}

/// A managed resource that is created with the planned values `after`, JSON text.
///
/// Its type is read from the address: `module.a.aws_iam_role.ci["x"]` is an `aws_iam_role`.
pub fn change<'a>(address: &'a str, after: &'a str) -> Change<'a> {
    let config_address = without_keys(address);
    let mut parts = config_address.rsplit('.');
    let resource_type = parts.nth(1).unwrap_or_default().to_owned();
    let module_address = address
        .match_indices(&resource_type)
        .last()
        .map_or("", |(start, _)| address.split_at(start).0);
    let module_address = module_address
        .trim_end_matches('.')
        .trim_end_matches("data")
        .trim_end_matches('.');
    let is_data = config_address.starts_with("data.") || config_address.contains(".data.");
    let mode = if is_data { Mode::Data } else { Mode::Managed };
    Change {
        address: Cow::Borrowed(address),
        module_address: Cow::Borrowed(module_address),
        resource_type: Cow::Owned(resource_type),
        config_address: Cow::Owned(config_address),
        previous_address: None,
        provider: Cow::Borrowed(""),
        mode,
        actions: vec![if mode == Mode::Data {
            Action::Read
        } else {
            Action::Create
        }],
        before: None,
        after: Some(Cow::Borrowed(after)),
        configuration: None,
        unknown_paths: Vec::new(),
        sensitive_paths: Vec::new(),
        references: Vec::new(),
        location: None,
        attributes: Vec::new(),
    }
}

/// Drops `[…]` from an address; a bracket inside a quoted key does not count.
fn without_keys(address: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    let mut out = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '"' if depth > 0 && !escaped => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            other if depth == 0 => out.push(other),
            _ => {}
        }
        escaped = quoted && character == '\\' && !escaped;
    }
    out
}
