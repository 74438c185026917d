//! What happens to break-glass access: declared within the policy's limits, activated, tested, sealed, reviewed.

use serde_json::json;

use super::{BreakGlass, BreakGlassState};
use crate::code::{BREAK_GLASS, Problem};
use crate::grant::prose;
use crate::id::RecordId;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::record::{Act, Record as _, Transition, may_be, same_person};
use crate::registered::{KindStanding, Registered};
use crate::time::Timestamp;
use crate::ttl::Ttl;

/// How long the review after a session may take, in days.
const REVIEW_DAYS: u32 = 3;

impl Registered<BreakGlass> {
    /// New break-glass access, sealed. `others` are those of its environment, ended ones included: a review that one of
    /// them owes is not got rid of by declaring another, whatever its name.
    pub fn create(
        id: RecordId,
        break_glass: BreakGlass,
        others: &[Self],
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        others.iter().try_for_each(Self::refuse_review_owed)?;
        refuse_beyond(&break_glass, act.policy)?;
        Self::declare(id, break_glass, BreakGlassState::default(), act)
    }

    /// Changes what is declared, unless a review is owed.
    pub fn update(&self, break_glass: BreakGlass, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if *self.declaration() != break_glass {
            self.refuse_review_owed()?;
            refuse_beyond(&break_glass, act.policy)?;
        }
        self.change(break_glass, self.state().clone(), act)
    }

    /// Opens it for a session: a holder asks and signs, and enough others do. Waived approvals waive nothing here.
    ///
    /// `others` is every other one on record, ended ones included: whoever opened one of them opens no more until
    /// somebody has looked at that session. In one emergency a person may open several, as long as the sessions last.
    pub fn activate(&self, reason: &str, others: &[Self], act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.refuse_unsigned(act)?;
        if self.is_open(act.now) {
            let message = format!("`{}` is open already", self.key());
            return Err(Problem::new(&BREAK_GLASS, message, "Use the session that there is."));
        }
        self.refuse_review_owed()?;
        let opened_by_them = |other: &&Self| {
            let opener = other.state().activated_by.as_deref();
            other.id() != self.id() && !other.is_open(act.now) && opener.is_some_and(|by| may_be(by, act.by))
        };
        others
            .iter()
            .filter(opened_by_them)
            .try_for_each(Self::refuse_review_owed)?;
        let until = act.now.plus(self.session_max(act.policy));
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
            "review_due_at": state.post_review_due_at,
            "scope": self.declaration().scope,
            "notify": self.declaration().notify,
        });
        self.happened(state, "activated", told)
    }

    /// Ends the session before its time: anybody may. The review stays owed.
    pub fn seal(&self, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if !self.is_open(act.now) {
            return Ok(Transition::unchanged(self));
        }
        let state = BreakGlassState {
            session_until: Some(act.now),
            ..self.state().clone()
        };
        let told = json!({ "by": act.by, "notify": self.declaration().notify });
        self.happened(state, "sealed", told)
    }

    /// Notes a drill: the same persons have signed as for a session, and nothing was opened.
    pub fn test(&self, findings: &str, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.refuse_unsigned(act)?;
        let state = BreakGlassState {
            last_tested_at: Some(act.now),
            ..self.state().clone()
        };
        let told = json!({
            "by": act.by,
            "findings": prose(&BREAK_GLASS, findings)?,
            "notify": self.declaration().notify,
        });
        self.happened(state, "tested", told)
    }

    /// Notes that somebody else has looked at what was done in the last session; `findings` says what they saw. It can
    /// be done after the access itself has ended.
    pub fn review(&self, findings: &str, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        if self.state().post_review_due_at.is_none() {
            return Ok(Transition::unchanged(self));
        }
        let opener = self.state().activated_by.as_deref();
        if self.is_open(act.now) || opener.is_some_and(|by| same_person(by, act.by)) {
            let message = format!("`{}` cannot review this session now", act.by);
            let help = "Have somebody review it who did not open it, once it is over.";
            return Err(Problem::new(&BREAK_GLASS, message, help));
        }
        let state = BreakGlassState {
            post_review_due_at: None,
            ..self.state().clone()
        };
        let told = json!({
            "by": act.by,
            "findings": prose(&BREAK_GLASS, findings)?,
            "was_due_at": self.state().post_review_due_at,
            "notify": self.declaration().notify,
        });
        Ok(self.happened_to_any(state, "reviewed", told))
    }

    /// When it has to be tested again.
    pub fn test_due_at(&self) -> Timestamp {
        let last = self.state().last_tested_at.unwrap_or(self.created_at());
        last.plus(&self.declaration().test_interval)
    }

    /// Whether a session lasts.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at().is_none() && self.state().session_until.is_some_and(|until| until > now)
    }

    /// How long a session lasts: as is declared, or as the policy allows by now.
    pub fn session_max<'a>(&'a self, policy: &'a Policy) -> &'a Ttl {
        let (declared, allowed) = (&self.declaration().max_session, &policy.terms().break_glass.session_max);
        if allowed.seconds() < declared.seconds() {
            allowed
        } else {
            declared
        }
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

    /// The holder that a text names, in any of its spellings.
    pub fn holder(&self, person: &str) -> Option<&Owner> {
        let holders = &self.declaration().holders;
        holders.iter().find(|holder| same_person(holder.as_str(), person))
    }

    /// A holder has to ask and sign, and enough other holders with them.
    fn refuse_unsigned(&self, act: &Act<'_>) -> Result<(), Problem> {
        let refuse = |message: String, help: &str| Err(Problem::new(&BREAK_GLASS, message, help));
        let Some(asking) = self.holder(act.by) else {
            let message = format!("`{}` does not hold `{}`", act.by, self.key());
            return refuse(message, "Only its holders can open or test it.");
        };
        let mut signed: Vec<&Owner> = Vec::new();
        for holder in act.evidence.approved_by.iter().filter_map(|person| self.holder(person)) {
            if !signed.contains(&holder) {
                signed.push(holder);
            }
        }
        let count = signed.len().min(act.evidence.approvals.len());
        if !signed.contains(&asking) {
            return refuse(
                format!("`{asking}` asks for it and has not signed"),
                "Sign the request with a key of your own as well: that shows who opens it.",
            );
        }
        let (needed, seen) = (self.declaration().approvals, count.saturating_sub(1));
        if u32::try_from(seen).unwrap_or(u32::MAX) < needed {
            let message = format!("{seen} other holders agreed, and {needed} have to");
            return refuse(message, "Get the signature of another holder.");
        }
        Ok(())
    }

    fn refuse_review_owed(&self) -> Result<(), Problem> {
        let Some(due) = self.state().post_review_due_at else {
            return Ok(());
        };
        let message = format!(
            "the last session of `{}` is not reviewed yet (due at {due})",
            self.key()
        );
        let help = format!(
            "Have somebody who did not open it look at what was done: `nhi break-glass review {}`.",
            self.id()
        );
        Err(Problem::new(&BREAK_GLASS, message, help))
    }
}

/// What the organisation's policy narrows further than the outer limits do.
fn refuse_beyond(break_glass: &BreakGlass, policy: &Policy) -> Result<(), Problem> {
    let terms = &policy.terms().break_glass;
    let mut holders: Vec<&Owner> = Vec::new();
    for holder in &break_glass.holders {
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    if holders.len() < terms.holders_min as usize {
        let message = format!(
            "{} persons hold it, and the policy asks for {}",
            holders.len(),
            terms.holders_min
        );
        return Err(Problem::new(&BREAK_GLASS, message, "Name more persons as `holders`."));
    }
    for (what, declared, longest) in [
        ("session", &break_glass.max_session, &terms.session_max),
        (
            "interval of tests",
            &break_glass.test_interval,
            &terms.test_interval_max,
        ),
    ] {
        if declared.seconds() > longest.seconds() {
            let message = format!("a {what} of `{declared}` is longer than the policy allows");
            return Err(Problem::new(
                &BREAK_GLASS,
                message,
                format!("Write `{longest}` or less."),
            ));
        }
    }
    Ok(())
}
