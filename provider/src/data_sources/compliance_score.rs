//! `nhi_compliance_score`: how many of the controls that records can show hold.

use std::collections::BTreeMap;

use nhi_governance::{Identity, Kind, ScopeEntry, Timestamp};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{Type, Value};

use super::metrics::share;
use super::{Selector, Source};
use crate::governed::{Found, Governed};

/// How long an identity may stay on record after its end before it counts as forgotten, in seconds: a week.
const OFFBOARDING_SECONDS_MAX: i64 = 7 * 86_400;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_compliance_score",
    schema,
    check,
    answer,
};

/// A control of the OWASP Non-Human Identities Top 10 of 2025, as far as a record can show it.
struct Control {
    id: &'static str,
    title: &'static str,
    holds: fn(&Identity, &Around<'_>) -> bool,
}

/// Sorted by id.
static CONTROLS: [Control; 6] = [
    Control {
        id: "NHI1:2025",
        title: "No identity stays on record for a week after its end without being renewed or revoked",
        holds: |identity, around| around.now.seconds_since(identity.expires_at()) <= OFFBOARDING_SECONDS_MAX,
    },
    Control {
        id: "NHI4:2025",
        title: "It is declared how the identity proves that it is itself",
        holds: |identity, _| identity.declaration().attestation().is_some(),
    },
    Control {
        id: "NHI5:2025",
        title: "No resource of the scope is a pattern",
        holds: |identity, _| {
            !identity
                .declaration()
                .scope()
                .iter()
                .any(ScopeEntry::has_wildcard_resource)
        },
    },
    Control {
        id: "NHI7:2025",
        title: "The identity does not rest on a shared static credential",
        holds: |identity, _| identity.declaration().kind() != Kind::LegacyShared,
    },
    Control {
        id: "NHI8:2025",
        title: "No external identity is governed in two environments",
        holds: |identity, around| {
            let environment = identity.declaration().environment().as_str();
            !around.shared(identity, |other| {
                other.declaration().environment().as_str() != environment
            })
        },
    },
    Control {
        id: "NHI9:2025",
        title: "No external identity is used by two identities",
        holds: |identity, around| !around.shared(identity, |other| other.id() != identity.id()),
    },
];

/// What a control is judged against beside the identity itself.
struct Around<'a> {
    now: Timestamp,
    by_external: BTreeMap<&'a str, Vec<&'a Identity>>,
}

impl Around<'_> {
    fn shared(&self, identity: &Identity, with: impl Fn(&Identity) -> bool) -> bool {
        let external = identity.declaration().external().unwrap_or_default();
        external
            .iter()
            .filter_map(|id| self.by_external.get(id.as_str()))
            .flatten()
            .any(|other| with(other))
    }
}

fn schema() -> Schema {
    let number = |name, description: &str| Attribute::computed(name, Type::Number).describe(description);
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    let control = vec![
        text("control", "Which control, for example `NHI4:2025`."),
        text("title", "What it asks for."),
        number("applicable", "Identities that it applies to."),
        number("passed", "Identities that meet it."),
        Attribute::computed("failed_ids", Type::list(Type::String)).describe("Ids of those that do not, sorted."),
    ];
    Selector::arguments(Schema::new(
        "How many of the controls of the OWASP Non-Human Identities Top 10 (2025) hold, of those that records can show: \
         passed of applicable. What only a backend, a plan or a person can tell is not in it.",
    ))
    .attribute(number(
        "score",
        "Passed of applicable over all controls, from 0 to 1 in steps of 0.0001; null where nothing is applicable.",
    ))
    .attribute(number("applicable", "Sum over the controls."))
    .attribute(number("passed", "Sum over the controls."))
    .attribute(Attribute::computed("controls", (Nesting::List, control)).describe("The controls, sorted."))
}

fn check(config: &Value) -> Diagnostics {
    Selector::parse(config).1
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let selection = Selector::parse(&config).0.select(governed, false)?;
    // Whom an external identity is shared with is looked for everywhere, whatever is selected.
    let everyone = Selector::default().select(governed, false)?;
    let around = Around {
        now: selection.now,
        by_external: by_external(&everyone.identities),
    };
    let live = &selection.identities;
    let (mut applicable, mut passed, mut controls) = (0, 0, Vec::new());
    for control in &CONTROLS {
        let mut failed: Vec<String> = live
            .iter()
            .map(|found| &found.identity)
            .filter(|identity| !(control.holds)(identity, &around))
            .map(|identity| identity.id().to_string())
            .collect();
        failed.sort();
        applicable += live.len();
        passed += live.len() - failed.len();
        controls.push(Value::object([
            ("control", Value::from(control.id)),
            ("title", control.title.into()),
            ("applicable", (live.len() as u64).into()),
            ("passed", ((live.len() - failed.len()) as u64).into()),
            ("failed_ids", Value::List(failed.into_iter().map(Value::from).collect())),
        ]));
    }
    config.insert("score", share(passed, applicable));
    config.insert("applicable", (applicable as u64).into());
    config.insert("passed", (passed as u64).into());
    config.insert("controls", Value::List(controls));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}

fn by_external(identities: &[Found]) -> BTreeMap<&str, Vec<&Identity>> {
    let mut by_external = BTreeMap::<_, Vec<_>>::new();
    for Found { identity, .. } in identities {
        for external in identity.declaration().external().unwrap_or_default() {
            by_external.entry(external.as_str()).or_default().push(identity);
        }
    }
    by_external
}
