//! Break-glass access: sealed until an emergency, short when it is used, and looked at afterwards.
//!
//! It is activated by a holder and the declared number of others, all of whom sign, and by no apply: it has to work
//! when everything else does not. What a session leaves is a review, and nothing of it can be changed, and no session
//! opened, until somebody else has done that. A test goes the same way and opens nothing.

mod life;

use serde::{Deserialize, Serialize};

use crate::checker::Checker;
use crate::code::{BREAK_GLASS, ENVIRONMENT, NAME, OWNER, Problem, TEAM};
use crate::draft::{Given, ScopeDraft};
use crate::owner::Owner;
use crate::path::Path;
use crate::record::RecordKind;
use crate::registered::{Declared, Judged};
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
