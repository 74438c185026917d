//! A team: who answers for its identities, and who does when that person is gone.

use serde::{Deserialize, Serialize};

use crate::checker::Checker;
use crate::code::{NAME, OWNER, OWNER_SAME, Problem, TEAM};
use crate::draft::Given;
use crate::id::RecordId;
use crate::owner::Owner;
use crate::path::Path;
use crate::record::{Act, RecordKind, Transition};
use crate::registered::{Declared, Judged, KindStanding, Registered};
use crate::text::{Name, is_token, quote};

/// The most contacts or members of a team.
const LIST_MAX: usize = 500;
const CONTACT_BYTES_MAX: usize = 300;

/// A team as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Team`"
)]
pub struct TeamDraft {
    pub name: Given<String>,
    pub accountable_human: Given<String>,
    pub backup_owner: Given<String>,
    pub contacts: Given<Vec<Given<String>>>,
    pub members: Given<Vec<Given<String>>>,
}

/// What is declared of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Team {
    /// Its name: `payments` is the owner `team:payments`.
    pub name: Name,
    /// The person who answers for it.
    pub accountable_human: Owner,
    /// The person who does when that one is gone.
    pub backup_owner: Owner,
    /// Where it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<String>>,
    /// Who belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Owner>>,
}

impl Declared for Team {
    const KIND: RecordKind = RecordKind::Team;
    type State = ();

    fn key(&self) -> String {
        Self::key_of(self.name.as_str())
    }
}

impl Team {
    /// The key of a team's record: the normalised owner without `team:`, so that `pay_ments` and `pay-ments` are one.
    pub fn key_of(name: &str) -> String {
        let owner = Owner::parse(&format!("team:{name}"));
        owner.map_or_else(|_| name.to_owned(), |owner| owner.name_key().to_owned())
    }
}

impl TeamDraft {
    /// Checks every rule.
    pub fn check(&self) -> Judged<Team> {
        let mut checker = Checker::default();
        let name = checker.required("name", &NAME, &self.name, |text| Name::parse(text));
        let accountable_human = checker.required("accountable_human", &OWNER, &self.accountable_human, |text| {
            person(text)
        });
        let backup_owner = checker.required("backup_owner", &OWNER, &self.backup_owner, |text| person(text));
        if let (Some(first), Some(second)) = (&accountable_human, &backup_owner)
            && first == second
        {
            let message = format!("backup owner {} is also the accountable human", quote(second.as_str()));
            let help = "Name another person, who answers when the first one is gone.";
            checker.refuse(
                &Path::attribute("backup_owner"),
                Problem::new(&OWNER_SAME, message, help),
            );
        }
        let contacts = checker.optional_list("contacts", &TEAM, LIST_MAX, &self.contacts, |text| contact(text));
        let members = checker.optional_list("members", &OWNER, LIST_MAX, &self.members, |text| person(text));
        let team = || {
            Some(Team {
                name: name?,
                accountable_human: accountable_human?,
                backup_owner: backup_owner?,
                contacts: contacts?,
                members: members?,
            })
        };
        let team = team();
        Judged::of(checker, team)
    }
}

/// A person, not a team.
pub(crate) fn person(text: &str) -> Result<Owner, Problem> {
    let owner = Owner::parse(text)?;
    if owner.is_team() {
        let message = format!("{} is a team", quote(text));
        let help = "Name a person: `user:alice` or an e-mail address.";
        return Err(Problem::new(&OWNER, message, help));
    }
    Ok(owner)
}

/// Where somebody is reached: an e-mail address, a channel, a page.
pub(crate) fn contact(text: &str) -> Result<String, Problem> {
    if !is_token(text, CONTACT_BYTES_MAX) {
        let message = format!("{} is not a contact", quote(text));
        let help = "Write an e-mail address, a channel such as `#payments`, or an address of a page, without spaces.";
        return Err(Problem::new(&TEAM, message, help));
    }
    Ok(text.to_owned())
}

impl Registered<Team> {
    /// A new team.
    pub fn create(id: RecordId, team: Team, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        Self::declare(id, team, (), act)
    }

    /// Changes what is declared.
    pub fn update(&self, team: Team, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.change(team, (), act)
    }

    /// Whether there is still such a team.
    pub fn standing(&self) -> KindStanding {
        self.ended_standing()
            .unwrap_or_else(|| KindStanding::good("active", "it answers for its identities"))
    }
}
