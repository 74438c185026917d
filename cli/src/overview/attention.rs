//! What somebody has to do something about, in sentences: a number says nothing until it says what it means.

use nhi_governance::{Status, Timestamp};
use serde::Serialize;

use super::Overview;

/// How soon is soon, in days.
const SOON_DAYS: usize = 14;
/// After how many days without a use something counts as dormant.
const DORMANT_DAYS: i64 = 90;

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Urgency {
    /// Something is over, owed or broken.
    Act,
    /// Something will be, or is weaker than it should be.
    Watch,
}

/// One thing to do something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    pub(crate) id: &'static str,
    pub(crate) urgency: Urgency,
    pub(crate) count: usize,
    /// What is so, as a sentence without its count at the front.
    pub(crate) text: String,
    /// What to do.
    pub(crate) help: &'static str,
    /// The section that shows which.
    pub(crate) section: &'static str,
}

/// A sentence for one and a sentence for several.
fn number(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Everything that there is, most urgent first.
pub(super) fn of(overview: &Overview) -> Vec<Notice> {
    let mut notices: Vec<Notice> = lives(overview)
        .into_iter()
        .chain(around(overview))
        .chain(weaknesses(overview))
        .filter(|notice| notice.count > 0)
        .collect();
    notices.sort_by_key(|notice| notice.urgency);
    notices
}

/// `noun` stands for one and for several: `identity has ended|identities have ended`.
fn notice(
    id: &'static str,
    urgency: Urgency,
    count: usize,
    noun: &str,
    help: &'static str,
    section: &'static str,
) -> Notice {
    let (one, several) = noun.split_once('|').unwrap_or((noun, noun));
    Notice {
        id,
        urgency,
        count,
        text: number(count, one, several),
        help,
        section,
    }
}

fn lives(overview: &Overview) -> [Notice; 7] {
    use Urgency::{Act, Watch};
    let count = |status: Status| overview.population.by_status.get(status.as_str()).copied().unwrap_or(0);
    let outlive = overview
        .inventory
        .iter()
        .filter(|identity| identity.outlives_policy)
        .count();
    // Of what no use is on record nothing is said: nobody may have told.
    let is_dormant = |at: Timestamp| overview.as_of.seconds_since(at) > DORMANT_DAYS * 86_400;
    let used = overview.inventory.iter().filter(|identity| identity.status.is_usable());
    let dormant = used
        .filter(|identity| identity.last_used_at.is_some_and(is_dormant))
        .count();
    [
        notice(
            "ended",
            Act,
            count(Status::Expired),
            "identity has ended and is not revoked.|identities have ended and are not revoked.",
            "Renew what is still needed; `nhi sweep` ends the rest.",
            "table-decisions",
        ),
        notice(
            "orphaned",
            Act,
            overview.orphans.identities.len(),
            "identity has nobody who answers for it.|identities have nobody who answers for them.",
            "Name another owner (`nhi owner transfer`), or revoke.",
            "owners",
        ),
        notice(
            "suspended",
            Act,
            count(Status::Suspended),
            "identity is suspended.|identities are suspended.",
            "Resume within 14 days; then the sweeper revokes.",
            "table-decisions",
        ),
        notice(
            "quarantined",
            Act,
            count(Status::Quarantined),
            "identity is in quarantine.|identities are in quarantine.",
            "Have it approved before its deadline.",
            "table-decisions",
        ),
        notice(
            "outlives-policy",
            Act,
            outlive,
            "identity has no end within policy.|identities have no end within policy.",
            "Shorten its life to what the policy lets its tier live.",
            "table-decisions",
        ),
        notice(
            "dormant",
            Watch,
            dormant,
            "identity was last used more than 90 days ago.|identities were last used more than 90 days ago.",
            "Revoke what nobody needs any more.",
            "table-decisions",
        ),
        notice(
            "ends-soon",
            Watch,
            overview.horizon.within(SOON_DAYS),
            "identity ends within 14 days.|identities end within 14 days.",
            "Renew what is still needed: raise its generation and apply.",
            "ends",
        ),
    ]
}

fn around(overview: &Overview) -> [Notice; 6] {
    use Urgency::{Act, Watch};
    let blocking = overview.findings.as_ref();
    let blocking = blocking.map_or(0, |judged| {
        judged.findings.iter().filter(|found| found.blocking).count()
    });
    let soon = overview.as_of.unix().saturating_add(14 * 86_400);
    let ends_soon = |waiver: &&super::Waiver| waiver.expires_at > overview.as_of && waiver.expires_at.unix() <= soon;
    let owed = |glass: &&super::Glass| glass.post_review_due_at.is_some();
    [
        notice(
            "findings",
            Act,
            blocking,
            "finding blocks the plan.|findings block the plan.",
            "Change the plan, or have an exception approved.",
            "findings",
        ),
        notice(
            "exceptions-overdue",
            Act,
            overview
                .exceptions
                .iter()
                .filter(|waiver| waiver.status == "expired")
                .count(),
            "exception is past its end.|exceptions are past their end.",
            "Restore the control: an exception that has ended waives nothing.",
            "exceptions",
        ),
        notice(
            "break-glass-review",
            Act,
            overview.break_glass.iter().filter(owed).count(),
            "use of break-glass access is not reviewed.|uses of break-glass access are not reviewed.",
            "Have somebody review it who did not open it.",
            "break-glass",
        ),
        notice(
            "break-glass-untested",
            Act,
            overview.break_glass.iter().filter(|glass| glass.untested).count(),
            "break-glass access is not tested in time.|break-glass accesses are not tested in time.",
            "Run the drill: what was never opened may not open.",
            "break-glass",
        ),
        notice(
            "reviews-overdue",
            Act,
            overview
                .reviews
                .iter()
                .filter(|review| review.status == "overdue")
                .count(),
            "access review is overdue.|access reviews are overdue.",
            "Answer, or close the round: what nobody answered for is suspended.",
            "reviews",
        ),
        notice(
            "exceptions-ending",
            Watch,
            overview.exceptions.iter().filter(ends_soon).count(),
            "exception ends within 14 days.|exceptions end within 14 days.",
            "Have the control back in place by then.",
            "exceptions",
        ),
    ]
}

fn weaknesses(overview: &Overview) -> [Notice; 4] {
    let failed = |id: &str| {
        let check = overview.checks.iter().find(|score| score.check == id);
        check.map_or(0, |score| score.failed_ids.len())
    };
    let watch = |id, count, noun, help| notice(id, Urgency::Watch, count, noun, help, "compliance");
    [
        watch(
            "unapproved",
            failed("approved"),
            "identity lacks approvals that its tier calls for.|identities lack approvals that their tier calls for.",
            "They were waived; ask for them at the next change.",
        ),
        watch(
            "unattested",
            failed("attested"),
            "identity does not say how it proves that it is itself.|identities do not say how they prove that they are \
             themselves.",
            "Declare an attestation.",
        ),
        watch(
            "static-credential",
            failed("no-static-credential"),
            "identity rests on a shared static credential.|identities rest on a shared static credential.",
            "Replace it by a workload identity.",
        ),
        watch(
            "wide-scope",
            failed("narrow"),
            "identity may reach what a pattern covers.|identities may reach what a pattern covers.",
            "Name the resources.",
        ),
    ]
}
