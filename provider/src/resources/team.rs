//! `nhi_team`: who answers for identities, and who does when that person is gone.

use nhi_governance::{Judged, RecordId, Registered, Team, TeamDraft, Timestamp, Transition};
use nhi_registry::{RegistryError, View};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::values::{list, optional_texts, text};

/// The kind.
pub(super) struct TeamKind;

impl Spec for TeamKind {
    type Declared = Team;

    fn create(id: RecordId, team: Team, scene: &Scene<'_>) -> Result<Transition<Registered<Team>>, RegistryError> {
        Ok(Registered::<Team>::create(id, team, &scene.act)?)
    }

    fn update(
        record: &Registered<Team>,
        team: Team,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Team>>, RegistryError> {
        Ok(record.update(team, &scene.act)?)
    }

    fn state(record: &Registered<Team>, _: Timestamp, _: &View<'_>) -> Result<Value, RegistryError> {
        let team = record.declaration();
        let state = Value::object([
            ("name", Value::from(team.name.as_str())),
            ("accountable_human", team.accountable_human.as_str().into()),
            ("backup_owner", team.backup_owner.as_str().into()),
            ("contacts", optional_texts(team.contacts.as_ref())),
            ("members", optional_texts(team.members.as_ref())),
        ]);
        Ok(standing(state, &record.standing()))
    }
}

impl Kind for TeamKind {
    const TYPE: &'static str = "nhi_team";
    const WORD: &'static str = "team";
    const KEY: &'static [&'static str] = &["name"];
    const COMPUTED: &'static [&'static str] = &[];
    const WARNED: &'static [&'static str] = &[];
    const NAMED_BY: &'static [(&'static str, &'static str)] = &[(
        "name",
        "Name of the team, unique among those that have not ended. Enough for an import.",
    )];

    fn place(named: &Value) -> (String, String) {
        let name = named.get("name").as_str().unwrap_or_default();
        (String::new(), Team::key_of(name))
    }

    fn schema() -> Schema {
        let attributes = [
            Attribute::required("name", Type::String).describe(
                "Name of the team: `payments` is the owner `team:payments` of identities. Lower-case letters, digits \
                 and single `-`, `_` or `.` between them. Changing it replaces the team.",
            ),
            Attribute::required("accountable_human", Type::String).describe(
                "Person who answers for the team's identities: `user:<name>` or an e-mail address. Changed in place.",
            ),
            Attribute::required("backup_owner", Type::String)
                .describe("Person who does when that one is gone; another one. Changed in place."),
            Attribute::optional("contacts", Type::set(Type::String)).describe(
                "Where the team is reached: e-mail addresses, channels, pages, without spaces. Changed in place.",
            ),
            Attribute::optional("members", Type::set(Type::String))
                .describe("Persons who belong to the team. Changed in place."),
        ];
        attributes.into_iter().fold(
            Schema::new(
                "A team that owns identities. Destroying it leaves its identities without an owner: they are suspended \
                 until another one answers for them.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<Team> {
        let draft = TeamDraft {
            name: text(value.get("name")),
            accountable_human: text(value.get("accountable_human")),
            backup_owner: text(value.get("backup_owner")),
            contacts: list(value.get("contacts")),
            members: list(value.get("members")),
        };
        draft.check()
    }
}
