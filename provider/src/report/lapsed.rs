//! What is said of a record whose time ran out while the configuration goes on to want it.
//!
//! The plan is refused, because an apply that passes says that what is declared is there. Where `enforcement` is
//! `warn`, and counts, it is said and no more.

use nhi_governance::Problem;
use tfplugin::diagnostic::Diagnostic;
use tfplugin::value::AttributePath;

use crate::governed::{Approved, Trouble};

/// A record whose time ran out.
pub(crate) struct Lapsed<'a> {
    /// What a sentence calls it.
    pub(crate) word: &'static str,
    pub(crate) id: &'a str,
    /// How it stands, as a sentence.
    pub(crate) stands: &'a str,
    /// What to do where it is no longer needed, as a sentence.
    pub(crate) otherwise: &'a str,
    /// What brings it back, and what that takes.
    pub(crate) way: &'a str,
    /// Whether it is only warned of.
    pub(crate) warns: bool,
}

impl Lapsed<'_> {
    pub(crate) fn told(&self) -> Diagnostic {
        let Self {
            word,
            id,
            stands,
            otherwise,
            way,
            ..
        } = self;
        let summary = format!("{word} `{id}` has expired, and the configuration wants it active");
        let detail = format!(
            "{stands} No apply extends a life in passing. {otherwise} `destroy` plans as well: give it `-refresh=false`. (NHI-EXPIRED)\n\n{way}"
        );
        let diagnostic = if self.warns {
            Diagnostic::warning(summary, detail)
        } else {
            Diagnostic::error(summary, detail)
        };
        diagnostic.at(AttributePath::of("generation"))
    }
}

/// What asks for a renewal: the next generation.
pub(crate) fn renew(generation: i64) -> String {
    format!("Write `generation = {generation}` to renew it")
}

/// What a renewal takes; `write` says what asks for it.
pub(crate) fn renewal(write: &str, approved: Result<Approved, Trouble>) -> String {
    match approved {
        Ok(Approved::Yes(evidence)) if evidence.approvals.is_empty() => format!("{write}. It calls for no approval."),
        Ok(Approved::Yes(_)) => format!("{write}. The approvals that it calls for are there."),
        Ok(Approved::Waived(lacking)) | Err(Trouble::Lacking(lacking)) => format!(
            "{write}, which takes approvals, as tier {} calls for {} (NHI-APPROVAL-MISSING).\n\n{}",
            lacking.tier,
            lacking.calls_for,
            lacking.detail()
        ),
        Err(trouble) => format!("{write}. Whether it has its approvals could not be found out: {trouble}."),
    }
}

/// The same where it comes too late for that.
pub(crate) fn too_late(problem: &Problem, command: &str) -> String {
    format!(
        "It cannot be renewed: {}. Run {command}; the plan after that creates another one in its place.",
        problem.message
    )
}
