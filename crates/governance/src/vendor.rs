//! A vendor: whose software runs on identities of ours, and when its contract ends that access.

use serde::{Deserialize, Serialize};

use crate::checker::Checker;
use crate::code::{CONTRACT, NAME, Problem, TEAM};
use crate::draft::Given;
use crate::id::RecordId;
use crate::record::{Act, Record as _, RecordKind, Transition};
use crate::registered::{Declared, Judged, KindStanding, Registered};
use crate::team::contact;
use crate::text::{Name, is_token, quote};
use crate::time::Timestamp;

/// A contract is about to end this long before it does, in seconds.
const ENDING_SECONDS: i64 = 30 * 86_400;
const RUNBOOK_BYTES_MAX: usize = 2048;

/// A vendor as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Vendor`"
)]
pub struct VendorDraft {
    pub name: Given<String>,
    pub contact: Given<String>,
    pub contract_end: Given<String>,
    pub offboarding_runbook: Given<String>,
}

/// What is declared of a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Vendor {
    /// Its name.
    pub name: Name,
    /// Where it is reached.
    pub contact: String,
    /// When the contract ends, and with it every access.
    pub contract_end: Timestamp,
    /// Where it is written down how its access is taken back.
    pub offboarding_runbook: String,
}

impl Declared for Vendor {
    const KIND: RecordKind = RecordKind::Vendor;
    type State = ();

    fn key(&self) -> String {
        self.name.to_string()
    }
}

impl VendorDraft {
    /// Checks every rule.
    pub fn check(&self) -> Judged<Vendor> {
        let mut checker = Checker::default();
        let name = checker.required("name", &NAME, &self.name, |text| Name::parse(text));
        let contact = checker.required("contact", &TEAM, &self.contact, |text| contact(text));
        let contract_end = checker.required("contract_end", &CONTRACT, &self.contract_end, |text| {
            moment(&CONTRACT, text)
        });
        let runbook = checker.required("offboarding_runbook", &CONTRACT, &self.offboarding_runbook, |text| {
            runbook(text)
        });
        let vendor = || {
            Some(Vendor {
                name: name?,
                contact: contact?,
                contract_end: contract_end?,
                offboarding_runbook: runbook?,
            })
        };
        let vendor = vendor();
        Judged::of(checker, vendor)
    }
}

/// A moment as RFC 3339 writes it.
pub(crate) fn moment(code: &'static crate::code::Code, text: &str) -> Result<Timestamp, Problem> {
    // One moment has one spelling, so that what a core gets back equals what was configured.
    let parsed = Timestamp::parse(text).ok();
    parsed.filter(|moment| moment.to_string() == text).ok_or_else(|| {
        let message = format!("{} is not a moment in UTC", quote(text));
        let help = "Write it as RFC 3339 does, in whole seconds and UTC, for example `2027-03-31T00:00:00Z`.";
        Problem::new(code, message, help)
    })
}

fn runbook(text: &str) -> Result<String, Problem> {
    if !is_token(text, RUNBOOK_BYTES_MAX) || !text.contains(['/', '.']) {
        let message = format!("{} is not a place of a runbook", quote(text));
        let help = "Write the address or the path of the page, without spaces.";
        return Err(Problem::new(&CONTRACT, message, help));
    }
    Ok(text.to_owned())
}

impl Registered<Vendor> {
    /// A new vendor. Its contract may have ended: then its identities are suspended from the start.
    pub fn create(id: RecordId, vendor: Vendor, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        Self::declare(id, vendor, (), act)
    }

    /// Changes what is declared.
    pub fn update(&self, vendor: Vendor, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.change(vendor, (), act)
    }

    /// When its access ends: with the contract, or with the record where that went first.
    pub fn ends_at(&self) -> Timestamp {
        let contract_end = self.declaration().contract_end;
        self.ended_at().map_or(contract_end, |ended| ended.min(contract_end))
    }

    /// How the contract stands.
    pub fn standing(&self, now: Timestamp) -> KindStanding {
        if let Some(standing) = self.ended_standing() {
            return standing;
        }
        let end = self.declaration().contract_end;
        match end.seconds_since(now) {
            ..=0 => KindStanding::bad("contract_ended", format!("its contract ended at {end}")),
            1..=ENDING_SECONDS => KindStanding::good("ending", format!("its contract ends at {end}")),
            _ => KindStanding::good("active", format!("its contract runs until {end}")),
        }
    }
}
