//! Runs a module natively, the way the host would: same interests, same order, no sandbox.
//!
//! `nhi module test` runs cases against the component, in the sandbox; what is here runs in `cargo test`, where there is
//! a debugger and no build for WebAssembly.

mod case;

use std::borrow::Cow;
use std::marker::PhantomData;

use nhi_plan::{Action, Change, Context, Finding, Limits, Location, Mode, Outcome, Reference, line};

use crate::{Edge, Findings, Graph, Node, PolicyModule};

pub use case::Case;

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

    /// Sets the time that the module is told, RFC 3339 in UTC.
    #[must_use]
    pub fn now(mut self, now: impl Into<String>) -> Self {
        self.context.now = now.into();
        self
    }

    /// Sets the graph that the module is handed if an interest of it needs `graph`.
    #[must_use]
    pub fn graph(mut self, graph: &Graph) -> Self {
        self.context.graph = Some(graph.to_json());
        self
    }

    /// Begins a case, which tells by its title what it shows.
    ///
    /// ```no_run
    /// # use nhi_policy_sdk::{testing, PolicyModule, Tester};
    /// # fn shown<TeamPolicy: PolicyModule>() {
    /// Tester::<TeamPolicy>::new()
    ///     .case("a bucket without tags")
    ///     .change(testing::change("aws_s3_bucket.logs", r#"{"bucket": "logs"}"#))
    ///     .finds("TEAM001", "aws_s3_bucket.logs")
    ///     .at("tags.owner")
    ///     .holds();
    /// # }
    /// ```
    ///
    /// Where it does not hold, the test fails with what does not fit, rule by rule:
    ///
    /// ```text
    /// case `a bucket without tags`: 1 blocks judged, and not as expected
    ///   TEAM001 missing-tag
    ///     expected  violation at aws_s3_bucket.logs, tags.owner
    ///     got       unverified at aws_s3_bucket.logs, tags.owner: the bucket has no tag `owner`
    /// ```
    pub fn case<'t>(&'t self, title: &'t str) -> Case<'t, M> {
        Case::new(self, title)
    }

    /// Judges every canary of the module, as each run does.
    ///
    /// # Panics
    ///
    /// Fails the test unless all are flagged.
    #[track_caller]
    pub fn flags_canaries(&self) {
        for canary in M::describe().canaries {
            let found = line::decode(&canary.change).and_then(|change| self.changes([change]));
            let is_flagged = found.as_ref().is_ok_and(|found| {
                found
                    .iter()
                    .any(|finding| finding.rule == canary.rule && finding.outcome == Outcome::Violation)
            });
            assert!(is_flagged, "rule `{}` does not flag its canary: {found:?}", canary.rule);
        }
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
        let context = Context {
            graph: self.context.graph.clone().filter(|_| description.needs_graph()),
            ..self.context.clone()
        };
        let mut module = M::open(&self.settings, &context)?;
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

/// A change that holds its own texts.
fn own(change: &Change<'_>) -> Change<'static> {
    let text = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
    let option = |option: &Option<Cow<'_, str>>| option.as_ref().map(text);
    let list = |list: &[Cow<'_, str>]| list.iter().map(text).collect();
    Change {
        address: text(&change.address),
        config_address: text(&change.config_address),
        previous_address: option(&change.previous_address),
        resource_type: text(&change.resource_type),
        provider: text(&change.provider),
        module_address: text(&change.module_address),
        mode: change.mode,
        actions: change.actions.clone(),
        before: option(&change.before),
        after: option(&change.after),
        configuration: option(&change.configuration),
        unknown_paths: list(&change.unknown_paths),
        sensitive_paths: list(&change.sensitive_paths),
        references: change
            .references
            .iter()
            .map(|reference| Reference {
                path: text(&reference.path),
                addresses: list(&reference.addresses),
            })
            .collect(),
        location: change.location.as_ref().map(|location| Location {
            file: text(&location.file),
            line: location.line,
            column: location.column,
        }),
        attributes: change
            .attributes
            .iter()
            .map(|(key, value)| (text(key), text(value)))
            .collect(),
    }
}

/// A graph with these certain ways from one identity to another, each made possible by the block of the other's name.
///
/// Identities whose name ends with `admin` can do everything.
pub fn graph(edges: &[(&str, &str)]) -> Graph {
    let mut names: Vec<&str> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    names.sort_unstable();
    names.dedup();
    let node = |name: &str| Node {
        name: name.to_owned(),
        kind: String::from("role"),
        is_administrator: name.ends_with("admin"),
    };
    let edge = |(from, to): &(&str, &str)| Edge {
        from: (*from).to_owned(),
        to: (*to).to_owned(),
        how: String::from("assumes"),
        via: String::new(),
        is_certain: true,
        address: (*to).to_owned(),
        message: format!("{from} can assume {to}"),
    };
    Graph {
        nodes: names.into_iter().map(node).collect(),
        edges: edges.iter().map(edge).collect(),
        omitted: 0,
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
