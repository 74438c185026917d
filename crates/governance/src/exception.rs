//! An exception: one control, waived for one value at one place for a while.
//!
//! It waives exactly a rule, an address, the path of an attribute and the digest of its value. A changed value is
//! another question, so its finding opens again.

use serde::{Deserialize, Serialize};

use crate::canonical::{Digest, canonical_json};
use crate::checker::Checker;
use crate::code::{EXCEPTION, OWNER, Problem};
use crate::draft::Given;
use crate::grant::prose;
use crate::id::RecordId;
use crate::owner::Owner;
use crate::path::Path;
use crate::policy::Policy;
use crate::record::{Act, Record as _, RecordKind, Transition, same_person};
use crate::registered::{Declared, Judged, KindStanding, Registered};
use crate::team::person;
use crate::text::{is_token, quote, unprintable};
use crate::tier::RiskTier;
use crate::time::Timestamp;
use crate::ttl::Ttl;
use crate::vendor::moment;

/// The longest exception, in days.
const DAYS_MAX: u32 = 90;
/// The longest exception of tier critical, in days.
const CRITICAL_DAYS_MAX: u32 = 14;
/// The most renewals that any policy allows.
const RENEWALS_MAX: u32 = 10;
/// For how long after its end an exception still counts against another one of the same, in days.
const REMEMBERED_DAYS: i64 = 90;
const CONTROL_BYTES_MAX: usize = 128;
const PLACE_CHARS_MAX: usize = 1024;

/// An exception as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Exception`"
)]
pub struct ExceptionDraft {
    pub control: Given<String>,
    pub subject: Given<SubjectDraft>,
    pub reason: Given<String>,
    pub compensating_control: Given<String>,
    pub risk_acceptor: Given<String>,
    pub risk_tier: Given<String>,
    pub expires_at: Given<String>,
    pub max_renewals: Given<i64>,
}

/// A subject as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Subject`"
)]
pub struct SubjectDraft {
    pub address: Given<String>,
    pub attribute: Given<String>,
    pub value_digest: Given<String>,
}

/// The one value that is excepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Subject {
    /// The address of the resource.
    pub address: String,
    /// The path of the attribute in it.
    pub attribute: String,
    /// The digest of its value, see [`value_digest`].
    pub value_digest: Digest,
}

/// What is declared of an exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exception {
    /// The rule or the requirement that is waived.
    pub control: String,
    /// Where, and for which value.
    pub subject: Subject,
    /// Why it cannot be kept now.
    pub reason: String,
    /// What is done instead.
    pub compensating_control: String,
    /// The person who answers for what may come of it.
    pub risk_acceptor: Owner,
    /// The tier of what is waived; critical where nothing is said, which makes the exception short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_tier: Option<RiskTier>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How often its end may be moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_renewals: Option<u32>,
}

/// What happens to an exception.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExceptionState {
    /// How often its end was moved, by an update or by declaring it anew after it ended.
    pub renewals: u32,
}

/// The digest of a value, as a finding gives it: SHA-256 of the text of a string, of the canonical JSON of anything else.
pub fn value_digest(value: &serde_json::Value) -> Digest {
    match value {
        serde_json::Value::String(text) => Digest::of(text.as_bytes()),
        other => Digest::of(canonical_json(other).as_bytes()),
    }
}

impl Exception {
    /// What tells an exception for this from others.
    pub(crate) fn key_of(control: &str, subject: &Subject) -> String {
        let Subject {
            address,
            attribute,
            value_digest,
        } = subject;
        format!("{control} at {address} {attribute} {value_digest}")
    }

    /// The longest that it may last from its creation or its last renewal, whatever a policy allows beyond that.
    pub fn ttl_max(&self) -> Ttl {
        Ttl::from_days(match self.risk_tier.unwrap_or(RiskTier::Critical) {
            RiskTier::Critical => CRITICAL_DAYS_MAX,
            RiskTier::Low | RiskTier::Moderate | RiskTier::High => DAYS_MAX,
        })
    }
}

impl Exception {
    /// How often its end may be moved: as is declared, and never more often than the policy allows.
    pub fn renewals_max(&self, policy: &Policy) -> u32 {
        let allowed = policy.terms().exceptions.renewals_max;
        self.max_renewals.map_or(allowed, |declared| declared.min(allowed))
    }
}

fn refuse_renewals(renewals: u32, allowed: u32) -> Result<(), Problem> {
    if renewals <= allowed {
        return Ok(());
    }
    let message = format!("the exception would be renewed for the {renewals}. time, and {allowed} are allowed");
    let help = "Keep the control. What ended counts for 90 days, also where it is declared anew.";
    Err(Problem::new(&EXCEPTION, message, help))
}

impl Declared for Exception {
    const KIND: RecordKind = RecordKind::Exception;
    type State = ExceptionState;

    fn key(&self) -> String {
        Self::key_of(&self.control, &self.subject)
    }

    /// Whoever waives a control decides for everybody whom it protects.
    fn tier(&self) -> RiskTier {
        RiskTier::Critical
    }
}

impl ExceptionDraft {
    /// Checks every rule that needs no clock.
    pub fn check(&self) -> Judged<Exception> {
        let mut checker = Checker::default();
        let control = checker.required("control", &EXCEPTION, &self.control, |text| control(text));
        let subject = subject(&mut checker, &self.subject);
        let reason = checker.required("reason", &EXCEPTION, &self.reason, |text| prose(&EXCEPTION, text));
        let compensating_control =
            checker.required("compensating_control", &EXCEPTION, &self.compensating_control, |text| {
                prose(&EXCEPTION, text)
            });
        let risk_acceptor = checker.required("risk_acceptor", &OWNER, &self.risk_acceptor, |text| person(text));
        let risk_tier = checker.optional("risk_tier", &self.risk_tier, |text| RiskTier::parse(text));
        let expires_at = checker.required("expires_at", &EXCEPTION, &self.expires_at, |text| {
            moment(&EXCEPTION, text)
        });
        let max_renewals = checker.optional("max_renewals", &self.max_renewals, |number| renewals(*number));
        let exception = || {
            Some(Exception {
                control: control?,
                subject: subject?,
                reason: reason?,
                compensating_control: compensating_control?,
                risk_acceptor: risk_acceptor?,
                risk_tier: risk_tier?,
                expires_at: expires_at?,
                max_renewals: max_renewals?,
            })
        };
        let exception = exception();
        Judged::of(checker, exception)
    }
}

fn subject(checker: &mut Checker, given: &Given<SubjectDraft>) -> Option<Subject> {
    let path = Path::attribute("subject");
    let draft = checker.required_at(&path, &EXCEPTION, given, |draft| Ok(draft.clone()))?;
    let address = checker.required_at(&path.then("address"), &EXCEPTION, &draft.address, |text| place(text));
    let attribute = checker.required_at(&path.then("attribute"), &EXCEPTION, &draft.attribute, |text| {
        place(text)
    });
    let digest = checker.required_at(&path.then("value_digest"), &EXCEPTION, &draft.value_digest, |text| {
        Digest::parse(text).map_err(|error| {
            let help = "Take it from the finding: it is the SHA-256 of the value that was found.";
            Problem::new(&EXCEPTION, error.to_string(), help)
        })
    });
    Some(Subject {
        address: address?,
        attribute: attribute?,
        value_digest: digest?,
    })
}

fn control(text: &str) -> Result<String, Problem> {
    if !is_token(text, CONTROL_BYTES_MAX) || text.contains(['*', '?']) {
        let message = format!("{} is not one control", quote(text));
        let help = "Write the code of one rule or requirement, for example `NHI012` or `NHI-TTL-CEILING`.";
        return Err(Problem::new(&EXCEPTION, message, help));
    }
    Ok(text.to_owned())
}

/// An address or the path of an attribute: one, with indices and quotes as the core writes them, and no pattern.
fn place(text: &str) -> Result<String, Problem> {
    let is_whole = !text.trim().is_empty() && text.trim() == text && text.chars().count() <= PLACE_CHARS_MAX;
    if is_whole && unprintable(text).is_none() && !text.contains('*') {
        return Ok(text.to_owned());
    }
    let message = format!("{} is not one place", quote(text));
    let help = "Write it as the finding names it, for example `aws_iam_role.app` and `assume_role_policy`.";
    Err(Problem::new(&EXCEPTION, message, help))
}

fn renewals(number: i64) -> Result<u32, Problem> {
    u32::try_from(number)
        .ok()
        .filter(|number| *number <= RENEWALS_MAX)
        .ok_or_else(|| {
            let message = format!("`{number}` renewals are too many, or no number of them");
            Problem::new(&EXCEPTION, message, format!("Write 0 to {RENEWALS_MAX}."))
        })
}

impl Registered<Exception> {
    /// A new exception. `earlier` are those of the same control and the same value that have ended: declaring one anew
    /// with a later end is a renewal like any other, so that nobody starts to count afresh.
    pub fn create(
        id: RecordId,
        exception: Exception,
        earlier: &[Self],
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        refuse(&exception, act)?;
        let counts = |earlier: &&Self| {
            let over = earlier.ended_at().map_or(earlier.declaration().expires_at, |ended| {
                ended.min(earlier.declaration().expires_at)
            });
            earlier.key() == exception.key() && act.now.seconds_since(over) <= REMEMBERED_DAYS * 86_400
        };
        let mut state = ExceptionState::default();
        for before in earlier.iter().filter(counts) {
            let is_longer = exception.expires_at > before.declaration().expires_at;
            let renewals = before.state().renewals.saturating_add(u32::from(is_longer));
            state.renewals = state.renewals.max(renewals);
        }
        refuse_renewals(state.renewals, exception.renewals_max(act.policy))?;
        Self::declare(id, exception, state, act)
    }

    /// Changes what is declared. A later end is a renewal, and counted; an earlier one is always possible.
    pub fn update(&self, exception: Exception, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        let mut state = self.state().clone();
        let before = self.declaration();
        if *before != exception {
            let ends_it = exception.expires_at <= act.now && exception.expires_at < before.expires_at;
            if !ends_it {
                refuse(&exception, act)?;
            }
            if exception.expires_at > before.expires_at {
                state.renewals = state.renewals.saturating_add(1);
                refuse_renewals(state.renewals, before.renewals_max(act.policy))?;
            }
        }
        self.change(exception, state, act)
    }

    /// Whether it waives this control, at this place, for a value of this digest, at this moment.
    pub fn waives(&self, control: &str, address: &str, attribute: &str, value: &Digest, now: Timestamp) -> bool {
        let exception = self.declaration();
        let subject = &exception.subject;
        self.standing(now).is_good
            && exception.control == control
            && (subject.address.as_str(), subject.attribute.as_str()) == (address, attribute)
            && subject.value_digest == *value
    }

    /// Whether its end has passed and nobody has ended or renewed it.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.ended_at().is_none() && self.declaration().expires_at <= now
    }

    /// What it is worth at a moment.
    pub fn standing(&self, now: Timestamp) -> KindStanding {
        if let Some(standing) = self.ended_standing() {
            return standing;
        }
        let end = self.declaration().expires_at;
        if end <= now {
            KindStanding::bad("expired", format!("it ended at {end}"))
        } else {
            KindStanding::good("active", format!("good until {end}"))
        }
    }
}

fn refuse(exception: &Exception, act: &Act<'_>) -> Result<(), Problem> {
    let tier = exception.risk_tier.unwrap_or(RiskTier::Critical);
    let (end, outer, terms) = (
        exception.expires_at,
        exception.ttl_max(),
        act.policy.exception_ttl_max(tier),
    );
    let longest = if terms.seconds() < outer.seconds() {
        terms
    } else {
        &outer
    };
    let seconds = end.seconds_since(act.now);
    if seconds <= 0 {
        let message = format!("the exception would have ended at {end}");
        return Err(Problem::new(&EXCEPTION, message, "Write an end that is still to come."));
    }
    if act.now.plus(longest) < end {
        let message = format!("the exception would last until {end}, longer than tier {tier} allows");
        let help = format!("Let it end within {} days.", longest.seconds() / 86_400);
        return Err(Problem::new(&EXCEPTION, message, help));
    }
    if let Some(declared) = exception.max_renewals
        && declared > act.policy.terms().exceptions.renewals_max
    {
        let allowed = act.policy.terms().exceptions.renewals_max;
        let message = format!("`{declared}` renewals are more than the policy allows");
        return Err(Problem::new(&EXCEPTION, message, format!("Write {allowed} or less.")));
    }
    let acceptor = exception.risk_acceptor.as_str();
    if same_person(acceptor, act.by) {
        let message = format!("{} accepts the risk and asks for it as well", quote(acceptor));
        return Err(Problem::new(&EXCEPTION, message, "Have somebody else accept the risk."));
    }
    Ok(())
}
