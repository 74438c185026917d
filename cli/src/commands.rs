//! The subcommands, sorted: a new one is one file and one line in each list here.

pub(crate) mod adopt;
pub(crate) mod approvals;
pub(crate) mod approve;
pub(crate) mod approvers;
pub(crate) mod audit;
pub(crate) mod baseline;
pub(crate) mod break_glass;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod disown;
pub(crate) mod exceptions;
pub(crate) mod explain;
pub(crate) mod fix;
pub(crate) mod graph;
pub(crate) mod identities;
pub(crate) mod kill;
pub(crate) mod module;
pub(crate) mod owner;
pub(crate) mod policy;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod resume;
pub(crate) mod review;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod rules;
pub(crate) mod suspend;
pub(crate) mod sweep;
pub(crate) mod used;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::output::Console;

/// What `nhi` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the machine identities of a state or plan, and write the HCL that governs them
    Adopt(adopt::Args),
    /// Check whether requests have the approvals that they call for
    Approvals(approvals::Args),
    /// Show what a request makes possible, and sign it
    Approve(approve::Args),
    /// Show, sign or check the trust root: who may approve
    Approvers(approvers::Args),
    /// Say what happened to identities, and whether anybody rewrote it
    Audit(audit::Args),
    /// Write down what there is, so that from now on only what is new counts
    Baseline(baseline::Args),
    /// Open, test and review break-glass access: what opens in an emergency
    BreakGlass(break_glass::Args),
    /// Check a plan before it is applied
    Check(check::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Note that no configuration manages an identity any more
    Disown(disown::Args),
    /// List the exceptions on record: what is waived, by whom, how old it is, what is overdue
    Exceptions(exceptions::Args),
    /// Explain a code: what it means, why it matters, what to do
    Explain(explain::Args),
    /// Show, or write, the changes of the configuration that are safe
    Fix(fix::Args),
    /// Draw who can become whom once a plan is applied
    Graph(graph::Args),
    /// List the identities on record: who owns them, what justifies them, what revokes them
    Identities(identities::Args),
    /// Suspend every identity that a selector selects: the kill switch
    Kill(kill::Args),
    /// Make, build, test, measure and look into policy modules
    Module(module::Args),
    /// Name another owner for what somebody owns who leaves
    Owner(owner::Args),
    /// Show, check, test and compare the organisation's policy
    Policy(policy::Args),
    /// Create, move, back up and restore the registry, and say how it is
    Registry(registry::Args),
    /// Write what is on record, who answers for it and what has to be decided, as one page
    Report(report::Args),
    /// Show a request for approval: what it asks for, and what its digest covers
    Request(request::Args),
    /// Bring a suspended identity back, by the approvals of its tier
    Resume(resume::Args),
    /// Say of identities under review that they are needed or not, and open and close the rounds
    Review(review::Args),
    /// End an identity for good, now
    Revoke(revoke::Args),
    /// Note that the credentials of an identity were replaced, and see when that is due again
    Rotate(rotate::Args),
    /// List the rules and the codes of a check
    Rules(rules::Args),
    /// Take an identity out of use, now, until it is resumed
    Suspend(suspend::Args),
    /// End on record what time has ended: what is suspended or expired for long
    Sweep(sweep::Args),
    /// Note when identities were last used, by hand or from a report
    Used(used::Args),
}

impl Command {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Adopt(args) => adopt::run(&args, console),
            Self::Approvals(args) => approvals::run(&args, console),
            Self::Approve(args) => approve::run(&args, console),
            Self::Approvers(args) => approvers::run(&args, console),
            Self::Audit(args) => audit::run(&args, console),
            Self::Baseline(args) => baseline::run(&args, console),
            Self::BreakGlass(args) => break_glass::run(&args, console),
            Self::Check(args) => check::run(&args, console),
            Self::Completions(args) => completions::run(&args, console),
            Self::Disown(args) => disown::run(&args, console),
            Self::Exceptions(args) => exceptions::run(&args, console),
            Self::Explain(args) => explain::run(&args, console),
            Self::Fix(args) => fix::run(&args, console),
            Self::Graph(args) => graph::run(&args, console),
            Self::Identities(args) => identities::run(&args, console),
            Self::Kill(args) => kill::run(&args, console),
            Self::Module(args) => module::run(&args, console),
            Self::Owner(args) => owner::run(&args, console),
            Self::Policy(args) => policy::run(&args, console),
            Self::Registry(args) => registry::run(&args, console),
            Self::Report(args) => report::run(&args, console),
            Self::Request(args) => request::run(&args, console),
            Self::Resume(args) => resume::run(&args, console),
            Self::Review(args) => review::run(&args, console),
            Self::Revoke(args) => revoke::run(&args, console),
            Self::Rotate(args) => rotate::run(&args, console),
            Self::Rules(args) => rules::run(&args, console),
            Self::Suspend(args) => suspend::run(&args, console),
            Self::Sweep(args) => sweep::run(&args, console),
            Self::Used(args) => used::run(&args, console),
        }
    }
}
