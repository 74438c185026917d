//! What governance and the registry refuse, as diagnostics: what is wrong, why it is governed, what to do.

pub(crate) mod lapsed;

use std::fmt;

use nhi_governance::{Loosening, Path, Problem, Step, Violation};
use nhi_registry::RegistryError;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::value::AttributePath;

use crate::governed::{Approved, Governed, Lacking, Trouble, listed};

pub(crate) fn violation(violation: Violation) -> Diagnostic {
    let path = path(&violation.path);
    // A core marks the line of an attribute, but not of what is nested in one.
    let summary = if path.steps().len() > 1 {
        format!("{path}: {}", violation.summary)
    } else {
        violation.summary
    };
    Diagnostic::error(summary, violation.detail).at(path)
}

fn path(path: &Path) -> AttributePath {
    path.steps()
        .iter()
        .fold(AttributePath::root(), |path, step| match step {
            Step::Attribute(name) => path.attribute(*name),
            Step::Index(index) => path.index(*index),
        })
}

/// A bad text of a configuration.
pub(crate) fn problem(problem: Problem, path: AttributePath) -> Diagnostic {
    let detail = format!("{} {} ({})", problem.code.why, problem.help, problem.code.id);
    Diagnostic::error(problem.message, detail).at(path)
}

/// A question that has no answer.
pub(crate) fn question(summary: impl Into<String>, fix: &str, path: AttributePath) -> Diagnostic {
    let detail = format!("An answer to something else would be taken for the answer. {fix} (NHI-QUESTION)");
    Diagnostic::error(summary, detail).at(path)
}

/// What to say of an error of the registry below its summary: why it is one, and the way out.
fn refused_by_registry(error: &RegistryError) -> String {
    format!("{} {} ({})", error.entry().why, error.help(), error.code())
}

/// What the life cycle refuses. Renewal is the way out of most of it.
fn refused(problem: Problem) -> Diagnostic {
    let detail = format!("{} {} ({})", problem.code.why, problem.help, problem.code.id);
    let diagnostic = Diagnostic::error(problem.message, detail);
    match problem.code.id {
        "NHI-EXPIRED" | "NHI-GENERATION" => diagnostic.at(AttributePath::of("generation")),
        _ => diagnostic,
    }
}

/// A change that lacks approvals, as an error.
fn lacking_approvals(lacking: &Lacking) -> Diagnostic {
    let detail = format!(
        "The riskier something is, the more people have to agree before it exists, and to exactly this. \
         (NHI-APPROVAL-MISSING)\n\n{}",
        lacking.detail()
    );
    Diagnostic::error(lacking.summary(), detail)
}

/// A policy that too few agreed to, as an error.
fn looser(loosened: &[Loosening], lacking: &Lacking) -> Diagnostic {
    let detail = format!(
        "Whoever asks for access must not first make the rules easier that decide it, so nothing is granted under this \
         policy until the people of tier critical agreed to it, by the rules in force. Until then, use the policy in \
         force. (NHI-POLICY-LOOSER)\n\nLooser:\n{}\n{}",
        listed(loosened),
        lacking.detail()
    );
    let summary = format!("the policy is looser than the one in force: {}", lacking.summary());
    Diagnostic::error(summary, detail)
}

/// The same before anything is asked for under it.
pub(crate) fn looser_policy(loosened: &[Loosening]) -> Diagnostic {
    let detail = format!(
        "Nothing is granted under it until the people of tier critical agreed to it, by the rules in force: a plan that \
         changes something writes the request. (NHI-POLICY-LOOSER)\n\nLooser:\n{}",
        listed(loosened)
    );
    Diagnostic::warning("the policy is looser than the one in force", detail).at(AttributePath::of("policy"))
}

/// What a plan says of the policy that it was made by; nothing while it, or where the registry is, is not known.
pub(crate) fn ruled(governed: &Governed) -> Diagnostics {
    if governed.policy().is_none() || governed.location().is_none() || governed.approving().is_none() {
        return Diagnostics::new();
    }
    match governed.ruled() {
        Ok(Some(Approved::Waived(lacking))) => approvals_waived(&lacking).into(),
        Ok(_) => Diagnostics::new(),
        Err(trouble) => trouble.into(),
    }
}

/// A change that goes ahead without its approvals, because the configuration says so.
pub(crate) fn approvals_waived(lacking: &Lacking) -> Diagnostic {
    let detail = format!(
        "`enforcement = \"warn\"` lets it go ahead all the same, and that stays on record.\n\n{}",
        lacking.detail()
    );
    Diagnostic::warning(lacking.summary(), detail)
}

impl From<Trouble> for Diagnostics {
    fn from(trouble: Trouble) -> Diagnostics {
        let summary = trouble.to_string();
        let detail = match trouble {
            Trouble::Violations(violations) => return violations.into_iter().map(violation).collect(),
            Trouble::Registry(RegistryError::Refused(problem)) => return refused(problem).into(),
            Trouble::Registry(error) => refused_by_registry(&error),
            Trouble::Forged { on_record, .. } => format!(
                "On record the id belongs to {on_record}. A state is only a cache: what it says was changed by hand, \
                 or it belongs to another registry. Nothing was done. Restore the state, or remove the resource from \
                 it (`terraform state rm`) and import the identity that is meant. (NHI-STATE-FORGED)"
            ),
            Trouble::ForgedRecord { .. } => {
                "A state is only a cache: what it says was changed by hand, or it belongs to \
                                              another registry. Nothing was done. Restore the state, or remove the \
                                              resource from it (`terraform state rm`) and import the record that is \
                                              meant. (NHI-STATE-FORGED)"
                    .to_owned()
            }
            Trouble::Edited { .. } | Trouble::EditedRecord { .. } => {
                "A state is only a cache, and the plan was made from it, so what it says was \
                                       changed by hand. Nothing was done. Plan again without `-refresh=false`, which \
                                       reads the record. (NHI-STATE-FORGED)"
                    .to_owned()
            }
            Trouble::Lacking(lacking) => return lacking_approvals(&lacking).into(),
            Trouble::Looser { loosened, lacking } => return looser(&loosened, &lacking).into(),
            Trouble::Approvers(problem) => format!("{} {} ({})", problem.code.why, problem.help, problem.code.id),
            Trouble::Discontinued { .. } => {
                "The checkpoint was kept so that a registry in the place of the one it was taken of is noticed. Nothing was \
                 done. Point `registry` at the one that the checkpoint is of, restore it, or take `audit_checkpoint` out \
                 of the provider block where it was given up on purpose. (NHI-REGISTRY-ROLLBACK)"
                    .to_owned()
            }
            Trouble::Unknown(what) => format!(
                "An apply needs every value, and {what} is still unknown. Make what it comes from part of the same \
                 apply, or give it a value that is known. (NHI-UNKNOWN)"
            ),
        };
        Diagnostic::error(summary, detail).into()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Violations(violations) => {
                let summaries: Vec<_> = violations.iter().map(|violation| violation.summary.as_str()).collect();
                formatter.write_str(&summaries.join("; "))
            }
            Trouble::Registry(error) => error.fmt(formatter),
            Trouble::Forged { claim, .. } => write!(
                formatter,
                "the state says that `{}` is identity `{}` in `{}`, and the registry says otherwise",
                claim.id, claim.name, claim.environment
            ),
            Trouble::Edited { id, attribute } => write!(
                formatter,
                "the state has another `{attribute}` for identity `{id}` than the registry"
            ),
            Trouble::Lacking(lacking) => formatter.write_str(&lacking.summary()),
            Trouble::Looser { lacking, .. } => {
                write!(
                    formatter,
                    "the policy is looser than the one in force: {}",
                    lacking.summary()
                )
            }
            Trouble::Approvers(problem) => problem.fmt(formatter),
            Trouble::ForgedRecord { kind, id } => {
                write!(
                    formatter,
                    "the state says something else of {kind} `{id}` than the registry"
                )
            }
            Trouble::EditedRecord { kind, id, attribute } => write!(
                formatter,
                "the state has another `{attribute}` for {kind} `{id}` than the registry"
            ),
            Trouble::Discontinued { wanted, found } => match found {
                Some(found) => write!(
                    formatter,
                    "the checkpoint is of registry `{wanted}`, and this is `{found}`"
                ),
                None => write!(formatter, "the checkpoint is of registry `{wanted}`, and there is none"),
            },
            Trouble::Unknown(what) => write!(formatter, "{what} is not known"),
        }
    }
}
