//! A rule as a value: what it is called, which blocks it sees, and the function that judges one.
//!
//! [`module!`](crate::module) makes a module of a list of them. A module that judges otherwise implements
//! [`PolicyModule`](crate::PolicyModule) itself.

use nhi_plan::{
    Action, Canary, Change, Context, Description, Interest, RuleInfo, Severity, Sharding, glob_matches, line,
};

use crate::settings::{self, Setting};
use crate::{Block, Findings, testing};

/// A rule of the module `M`.
///
/// Nothing has a default: what a rule leaves out it leaves out in writing.
#[derive(Debug)]
pub struct Rule<M: 'static> {
    /// Stable and never used again, such as `TEAM001`.
    pub code: &'static str,
    /// Names the bad pattern: `missing-tag`.
    pub name: &'static str,
    /// Severity of its findings unless a finding says otherwise.
    pub severity: Severity,
    /// One line: what the rule flags.
    pub summary: &'static str,
    /// One sentence that a newcomer understands: why this is bad.
    pub why: &'static str,
    /// The rule's page, Markdown; may be empty.
    pub docs: &'static str,
    /// Control identifiers such as `NHI5:2025` or `CWE-798`.
    pub controls: &'static [&'static str],
    /// The blocks that it judges. What no rule sees never enters the sandbox.
    pub sees: &'static [Sees],
    /// A new resource that it flags whatever the settings say: its address, and its planned values as JSON.
    pub canary: Option<(&'static str, &'static str)>,
    /// Judges a block. An error means "could not decide" and fails the run.
    pub check: fn(&mut M, &Block<'_>, &mut Findings) -> Result<(), String>,
}

/// Blocks that a rule judges, and what it needs of them.
#[derive(Debug, Clone, Copy)]
pub struct Sees {
    modes: &'static [&'static str],
    types: &'static [&'static str],
    actions: &'static [Action],
    paths: &'static [&'static str],
    needs: &'static [&'static str],
}

impl Sees {
    /// Managed resources whose type matches one of these globs; `*` matches any run of characters.
    pub const fn resources(types: &'static [&'static str]) -> Self {
        Self::blocks(&["managed"], types)
    }

    /// Blocks of these modes, such as `data`, `provider`, `variable` and `output`.
    pub const fn blocks(modes: &'static [&'static str], types: &'static [&'static str]) -> Self {
        Self {
            modes,
            types,
            actions: &[],
            paths: &[],
            needs: &[],
        }
    }

    /// Only blocks to which one of these happens.
    #[must_use]
    pub const fn when(self, actions: &'static [Action]) -> Self {
        Self { actions, ..self }
    }

    /// Only these attributes: the others are not delivered, which is faster.
    #[must_use]
    pub const fn only(self, paths: &'static [&'static str]) -> Self {
        Self { paths, ..self }
    }

    /// More than the planned values: `before`, `configuration`, and `graph` in the context.
    #[must_use]
    pub const fn with(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    fn matches(&self, change: &Change<'_>) -> bool {
        self.types.iter().any(|glob| glob_matches(glob, &change.resource_type))
            && self.modes.contains(&change.mode.as_str())
            && (self.actions.is_empty() || self.actions.iter().any(|action| change.actions.contains(action)))
    }

    fn interest(&self) -> Interest {
        Interest {
            modes: owned(self.modes),
            resource_types: owned(self.types),
            actions: self.actions.to_vec(),
            paths: owned(self.paths),
            needs: owned(self.needs),
            attributes: Vec::new(),
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl<M> Rule<M> {
    fn info(&self) -> RuleInfo {
        RuleInfo {
            code: self.code.to_owned(),
            name: self.name.to_owned(),
            severity: self.severity,
            summary: self.summary.to_owned(),
            why: self.why.to_owned(),
            docs: self.docs.to_owned(),
            controls: owned(self.controls),
            attributes: Vec::new(),
        }
    }

    fn canary(&self) -> Option<Canary> {
        let (address, after) = self.canary?;
        let mut change = String::new();
        line::write(&mut change, &testing::change(address, after));
        Some(Canary {
            rule: self.code.to_owned(),
            change,
        })
    }
}

/// What a module of these rules says of itself; for [`module!`](crate::module).
#[doc(hidden)]
pub fn describe<M, S: Setting>(name: &str, version: &str, sharding: Sharding, rules: &[&Rule<M>]) -> Description {
    let mut interests: Vec<Interest> = Vec::new();
    for interest in rules.iter().flat_map(|rule| rule.sees).map(Sees::interest) {
        if !interests.contains(&interest) {
            interests.push(interest);
        }
    }
    Description {
        rules: rules.iter().map(|rule| rule.info()).collect(),
        interests,
        sharding,
        settings_schema: settings::schema::<S>(),
        canaries: rules.iter().filter_map(|rule| rule.canary()).collect(),
        ..Description::new(name, version)
    }
}

/// Lets each rule that sees the block judge it; for [`module!`](crate::module).
#[doc(hidden)]
pub fn check<M>(
    module: &mut M,
    change: &Change<'_>,
    rules: &[&Rule<M>],
    findings: &mut Findings,
) -> Result<(), String> {
    let block = Block::new(change);
    rules
        .iter()
        .filter(|rule| rule.sees.iter().any(|sees| sees.matches(change)))
        .try_for_each(|rule| (rule.check)(module, &block, findings))
}

/// The first value of a field; for [`module!`](crate::module), so that a closure knows what it is given.
#[doc(hidden)]
pub fn opened<T>(open: impl FnOnce(&Context) -> Result<T, String>, context: &Context) -> Result<T, String> {
    open(context)
}

/// Makes a policy module of a plain struct and a list of rules, and exports it. Call it once, at the crate's root.
///
/// The first field is called `settings`: its type is `()` where the operator can set nothing, or one that
/// [`settings!`](crate::settings!) declares. Each further field is followed by a function from the [`Context`] to its
/// first value. A rule is handed the struct as `&mut`, so it may keep there what it has seen; a module that does so
/// says `sharding: Sharding::WholePlan`, and names a `finish` that is called after the last block.
///
/// ```
/// use nhi_policy_sdk::{Block, Findings, Graph, Rule, Sees, Severity, Sharding, Tester, testing};
///
/// nhi_policy_sdk::module! {
///     /// Every queue has one owner, and there are not too many.
///     #[derive(Debug)]
///     pub struct Queues {
///         settings: (),
///         seen: Vec<String> = |_context| Ok(Vec::new()),
///     }
///     name: "queues",
///     rules: [MANY],
///     sharding: Sharding::WholePlan,
///     finish: |queues, findings| {
///         if queues.seen.len() > 1 {
///             findings.push(nhi_policy_sdk::Finding::new("TEAM001", queues.seen[0].as_str()).message("two queues"));
///         }
///         Ok(())
///     },
/// }
///
/// static MANY: Rule<Queues> = Rule {
///     code: "TEAM001",
///     name: "many-queues",
///     severity: Severity::Low,
///     summary: "more than one queue",
///     why: "nobody looks after the second one",
///     docs: "",
///     controls: &[],
///     sees: &[Sees::resources(&["aws_sqs_queue"]).only(&["name"])],
///     canary: None,
///     check: |queues, block, _findings| {
///         queues.seen.push(block.address.to_string());
///         Ok(())
///     },
/// };
///
/// Tester::<Queues>::new()
///     .case("two queues")
///     .change(testing::change("aws_sqs_queue.a", "{}"))
///     .change(testing::change("aws_sqs_queue.b", "{}"))
///     .finds("TEAM001", "aws_sqs_queue.a")
///     .holds();
/// ```
#[macro_export]
macro_rules! module {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $module:ident {
            settings: $settings:ty
            $(, $(#[$field_attribute:meta])* $field:ident: $type:ty = $open:expr)*
            $(,)?
        }
        $(name: $name:expr,)?
        rules: [$($rule:path),+ $(,)?]
        $(, sharding: $sharding:expr)?
        $(, finish: $finish:expr)?
        $(,)?
    ) => {
        $(#[$attribute])*
        $visibility struct $module {
            settings: $settings,
            $($(#[$field_attribute])* $field: $type,)*
        }

        impl $crate::PolicyModule for $module {
            fn describe() -> $crate::Description {
                $crate::rule::describe::<Self, $settings>(
                    $crate::module!(@or ::core::env!("CARGO_PKG_NAME"), $($name)?),
                    ::core::env!("CARGO_PKG_VERSION"),
                    $crate::module!(@or $crate::Sharding::PerResource, $($sharding)?),
                    &[$(&$rule),+],
                )
            }

            fn validate_settings(settings: &str) -> ::core::result::Result<(), ::std::vec::Vec<::std::string::String>> {
                $crate::settings::read::<$settings>(settings).map(::core::mem::drop)
            }

            fn open(
                settings: &str,
                context: &$crate::Context,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                let settings = $crate::settings::read::<$settings>(settings).map_err(|mistakes| mistakes.join("; "))?;
                let _ = context;
                ::core::result::Result::Ok(Self {
                    settings,
                    $($field: $crate::rule::opened::<$type>($open, context)?,)*
                })
            }

            fn check(
                &mut self,
                change: &$crate::Change<'_>,
                findings: &mut $crate::Findings,
            ) -> ::core::result::Result<(), ::std::string::String> {
                $crate::rule::check(self, change, &[$(&$rule),+], findings)
            }

            $(
                fn finish(
                    &mut self,
                    findings: &mut $crate::Findings,
                ) -> ::core::result::Result<(), ::std::string::String> {
                    $crate::rule::finished(self, findings, $finish)
                }
            )?
        }

        $crate::export!($module);
    };
    (@or $default:expr,) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

/// Calls the `finish` of a module; for [`module!`](crate::module), so that a closure knows what it is given.
#[doc(hidden)]
pub fn finished<M>(
    module: &mut M,
    findings: &mut Findings,
    finish: impl FnOnce(&mut M, &mut Findings) -> Result<(), String>,
) -> Result<(), String> {
    finish(module, findings)
}
