//! Break-glass access: sealed until an emergency, short when it is used, and looked at afterwards.
//!
//! To activate it takes a holder and the declared number of others, and no registry of approvals: it has to work when
//! everything else does not. What it leaves is a review, and nothing of it can be changed until somebody else has
//! done that.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::checker::Checker;
use crate::code::{BREAK_GLASS, ENVIRONMENT, NAME, OWNER, Problem, TEAM};
use crate::draft::{Given, ScopeDraft};
use crate::grant::prose;
use crate::id::RecordId;
use crate::owner::Owner;
use crate::path::Path;
use crate::record::{Act, Record as _, RecordKind, Transition, same_person};
use crate::registered::{Declared, Judged, KindStanding, Registered};
use crate::scope::ScopeEntry;
use crate::team::{contact, person};
use crate::text::{Environment, Name, quote};
use crate::tier::RiskTier;
use crate::time::Timestamp;
use crate::ttl::Ttl;

const HOLDERS_MIN: usize = 2;
const LIST_MAX: usize = 50;
const SESSION_SECONDS_MAX: u64 = 3_600;
const TEST_DAYS_MAX: u32 = 90;
/// How long the review after a session may take, in days.
const REVIEW_DAYS: u32 = 3;

/// Break-glass access as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `BreakGlass`"
)]
pub struct BreakGlassDraft {
    pub name: Given<String>,
    pub environment: Given<String>,
    pub scope: Given<Vec<Given<ScopeDraft>>>,
    pub holders: Given<Vec<Given<String>>>,
    pub max_session: Given<String>,
    pub approvals: Given<i64>,
    pub test_interval: Given<String>,
    pub notify: Given<Vec<Given<String>>>,
}

/// What is declared of break-glass access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakGlass {
    /// Its name.
    pub name: Name,
    /// Where it is used.
    pub environment: Environment,
    /// What it opens.
    pub scope: Vec<ScopeEntry>,
    /// The persons who may use it.
    pub holders: Vec<Owner>,
    /// How long a session lasts at most.
    pub max_session: Ttl,
    /// How many persons besides the holder have to agree to a session.
    pub approvals: u32,
    /// How long it may go untested.
    pub test_interval: Ttl,
    /// Who is told of every use.
    pub notify: Vec<String>,
}

/// What happens to break-glass access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakGlassState {
    /// When it was last activated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activated_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_by: Option<String>,
    /// Until when the session lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_until: Option<Timestamp>,
    /// When it was last tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_tested_at: Option<Timestamp>,
    /// When the review of the last session is due, until it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_review_due_at: Option<Timestamp>,
}

impl Declared for BreakGlass {
    const KIND: RecordKind = RecordKind::BreakGlass;
    type State = BreakGlassState;

    fn environment<'a>(&'a self, _state: &'a BreakGlassState) -> &'a str {
        self.environment.as_str()
    }

    fn key(&self) -> String {
        self.name.to_string()
    }

    fn tier(&self) -> RiskTier {
        RiskTier::Critical
    }
}

impl BreakGlassDraft {
    /// Checks every rule.
    pub fn check(&self) -> Judged<BreakGlass> {
        let mut checker = Checker::default();
        let name = checker.required("name", &NAME, &self.name, |text| Name::parse(text));
        let environment = checker.required("environment", &ENVIRONMENT, &self.environment, |text| {
            Environment::parse(text)
        });
        let scope = scope(&mut checker, &self.scope);
        let holders = checker.required_list("holders", &OWNER, LIST_MAX, &self.holders, |text| person(text));
        if let Some(holders) = &holders {
            checker.take(&Path::attribute("holders"), holders, |holders| enough(holders));
        }
        let max_session = checker.required("max_session", &BREAK_GLASS, &self.max_session, |text| {
            at_most(text, &Ttl::from_seconds(SESSION_SECONDS_MAX), "session")
        });
        let count = holders.as_ref().map_or(LIST_MAX, Vec::len);
        let approvals = checker.required("approvals", &BREAK_GLASS, &self.approvals, |number| {
            approvals(*number, count)
        });
        let test_interval = checker.required("test_interval", &BREAK_GLASS, &self.test_interval, |text| {
            at_most(text, &Ttl::from_days(TEST_DAYS_MAX), "interval of tests")
        });
        let notify = checker.required_list("notify", &TEAM, LIST_MAX, &self.notify, |text| contact(text));
        let break_glass = || {
            Some(BreakGlass {
                name: name?,
                environment: environment?,
                scope: scope?,
                holders: holders?,
                max_session: max_session?,
                approvals: approvals?,
                test_interval: test_interval?,
                notify: notify?,
            })
        };
        let break_glass = break_glass();
        Judged::of(checker, break_glass)
    }
}

fn scope(checker: &mut Checker, given: &Given<Vec<Given<ScopeDraft>>>) -> Option<Vec<ScopeEntry>> {
    let (entries, whole) = checker.scope(given);
    whole.then(|| entries.into_iter().map(|(_, entry)| entry).collect())
}

fn enough(holders: &[Owner]) -> Result<(), Problem> {
    let mut persons: Vec<&Owner> = Vec::new();
    for holder in holders {
        if !persons.contains(&holder) {
            persons.push(holder);
        }
    }
    if persons.len() >= HOLDERS_MIN {
        return Ok(());
    }
    let message = format!("{} person holds it", persons.len());
    let help = format!("Name at least {HOLDERS_MIN} persons: in an emergency one of them is out of reach.");
    Err(Problem::new(&BREAK_GLASS, message, help))
}

fn at_most(text: &str, longest: &Ttl, what: &str) -> Result<Ttl, Problem> {
    let ttl = Ttl::parse(text)?;
    if ttl.seconds() > longest.seconds() {
        let message = format!("{} is too long a {what}", quote(text));
        return Err(Problem::new(
            &BREAK_GLASS,
            message,
            format!("Write `{longest}` or less."),
        ));
    }
    Ok(ttl)
}

fn approvals(number: i64, holders: usize) -> Result<u32, Problem> {
    let longest = u32::try_from(holders).unwrap_or(u32::MAX);
    u32::try_from(number)
        .ok()
        .filter(|number| (1..longest.max(2)).contains(number))
        .ok_or_else(|| {
            let message = format!("`{number}` approvals are none, or more than there are other holders");
            let help = "Write at least 1, and fewer than there are holders: the one who opens it does not count.";
            Problem::new(&BREAK_GLASS, message, help)
        })
}

impl Registered<BreakGlass> {
    /// New break-glass access, sealed.
    pub fn create(id: RecordId, break_glass: BreakGlass, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        Self::declare(id, break_glass, BreakGlassState::default(), act)
    }

    /// Changes what is declared, unless a review is owed.
    pub fn update(&self, break_glass: BreakGlass, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if *self.declaration() != break_glass {
            self.refuse_review_owed()?;
        }
        self.change(break_glass, self.state().clone(), act)
    }

    /// Opens it for a session: a holder asks, and enough other persons agree. Waived approvals waive nothing here.
    pub fn activate(&self, reason: &str, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.refuse_stranger(act.by)?;
        if self.state().session_until.is_some_and(|until| until > act.now) {
            let message = format!("`{}` is open already", self.key());
            return Err(Problem::new(&BREAK_GLASS, message, "Use the session that there is."));
        }
        self.refuse_review_owed()?;
        let (needed, seen) = (self.declaration().approvals, self.holders_besides(act));
        if u32::try_from(seen).unwrap_or(u32::MAX) < needed {
            let message = format!("{seen} other holders agreed, and {needed} have to");
            return Err(Problem::new(
                &BREAK_GLASS,
                message,
                "Get the approval of another holder.",
            ));
        }
        let until = act.now.plus(&self.declaration().max_session);
        let state = BreakGlassState {
            last_activated_at: Some(act.now),
            activated_by: Some(act.by.to_owned()),
            session_until: Some(until),
            last_tested_at: self.state().last_tested_at,
            post_review_due_at: Some(until.plus(&Ttl::from_days(REVIEW_DAYS))),
        };
        let told = json!({
            "by": act.by,
            "reason": prose(&BREAK_GLASS, reason)?,
            "until": until,
            "approved_by": act.evidence.approved_by,
            "notify": self.declaration().notify,
        });
        self.happened(state, "activated", told)
    }

    /// Ends the session before its time.
    pub fn seal(&self, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if self.state().session_until.is_none_or(|until| until <= act.now) {
            return Ok(Transition::unchanged(self));
        }
        let state = BreakGlassState {
            session_until: Some(act.now),
            ..self.state().clone()
        };
        self.happened(state, "sealed", json!({ "by": act.by }))
    }

    /// Notes that a holder has tested that it opens.
    pub fn test(&self, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.refuse_stranger(act.by)?;
        let state = BreakGlassState {
            last_tested_at: Some(act.now),
            ..self.state().clone()
        };
        self.happened(state, "tested", json!({ "by": act.by }))
    }

    /// Notes that somebody else has looked at what was done in the last session; `findings` says what they saw.
    pub fn review(&self, findings: &str, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if self.state().post_review_due_at.is_none() {
            return Ok(Transition::unchanged(self));
        }
        let is_open = self.state().session_until.is_some_and(|until| until > act.now);
        let is_own = self
            .state()
            .activated_by
            .as_deref()
            .is_some_and(|by| same_person(by, act.by));
        if is_open || is_own {
            let message = format!("`{}` cannot review this session now", act.by);
            let help = "Have somebody review it who did not open it, once it is over.";
            return Err(Problem::new(&BREAK_GLASS, message, help));
        }
        let state = BreakGlassState {
            post_review_due_at: None,
            ..self.state().clone()
        };
        let told = json!({ "by": act.by, "findings": prose(&BREAK_GLASS, findings)? });
        self.happened(state, "reviewed", told)
    }

    /// When it has to be tested again.
    pub fn test_due_at(&self) -> Timestamp {
        let last = self.state().last_tested_at.unwrap_or(self.created_at());
        last.plus(&self.declaration().test_interval)
    }

    /// What it is worth at a moment: good while a session lasts.
    pub fn standing(&self, now: Timestamp) -> KindStanding {
        if let Some(standing) = self.ended_standing() {
            return standing;
        }
        let state = self.state();
        if let Some(until) = state.session_until.filter(|until| *until > now) {
            return KindStanding::good("activated", format!("open until {until}"));
        }
        if let Some(due) = state.post_review_due_at {
            return KindStanding::bad("review_owed", format!("its last session has to be reviewed by {due}"));
        }
        let due = self.test_due_at();
        if due <= now {
            return KindStanding::bad("untested", format!("its test was due at {due}"));
        }
        KindStanding::bad("sealed", format!("its next test is due at {due}"))
    }

    fn holders_besides(&self, act: &Act<'_>) -> usize {
        let holds = |person: &str| {
            let holders = &self.declaration().holders;
            holders.iter().any(|holder| same_person(holder.as_str(), person))
        };
        let mut persons: Vec<&str> = Vec::new();
        for person in act.evidence.approved_by.iter().filter(|person| holds(person)) {
            if !same_person(person, act.by) && !persons.iter().any(|known| same_person(known, person)) {
                persons.push(person);
            }
        }
        persons.len().min(act.evidence.approvals.len())
    }

    fn refuse_stranger(&self, person: &str) -> Result<(), Problem> {
        let holders = &self.declaration().holders;
        if holders.iter().any(|holder| same_person(holder.as_str(), person)) {
            return Ok(());
        }
        let message = format!("{} does not hold `{}`", quote(person), self.key());
        Err(Problem::new(
            &BREAK_GLASS,
            message,
            "Only its holders can open or test it.",
        ))
    }

    fn refuse_review_owed(&self) -> Result<(), Problem> {
        let Some(due) = self.state().post_review_due_at else {
            return Ok(());
        };
        let message = format!(
            "the last session of `{}` is not reviewed yet (due at {due})",
            self.key()
        );
        Err(Problem::new(
            &BREAK_GLASS,
            message,
            "Have somebody who did not open it review it.",
        ))
    }
}
