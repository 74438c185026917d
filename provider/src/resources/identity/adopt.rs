//! Takes over what another provider's resource says of an identity (`moved`), so that it becomes governed.
//!
//! A state names an object and, for some types, what it is called; who answers for it, what for and until when is for
//! the configuration to say. Until the next apply there is a state without an id: nothing is on record yet, reading
//! leaves it as it is, planning plans a creation, and applying creates, by the policy and with an audit row, as for any
//! other identity. The plan insists that the record governs the object that was moved.

use std::collections::BTreeMap;

use nhi_identity_types::{Origin, Place, origin, origins};
use tfplugin::codec::UnknownAttributes;
use tfplugin::diagnostic::Diagnostic;
use tfplugin::schema::Schema;
use tfplugin::server::{MoveSource, StateAnswer};
use tfplugin::value::{AttributePath, Type, Value};

/// The type of what is read of a state, the rest of which is left alone.
fn ty(origin: &Origin) -> Type {
    let mut attributes = BTreeMap::new();
    let mut blocks = BTreeMap::<_, BTreeMap<String, Type>>::new();
    for place in origin.places() {
        match place {
            [attribute] => drop(attributes.insert((*attribute).to_owned(), Type::String)),
            [block, attribute] => {
                let inside = blocks.entry((*block).to_owned()).or_default();
                inside.insert((*attribute).to_owned(), Type::String);
            }
            _ => {}
        }
    }
    let blocks = blocks
        .into_iter()
        .map(|(name, inside)| (name, Type::list(Type::Object(inside))));
    attributes.extend(blocks);
    Type::Object(attributes)
}

fn text(state: &Value, place: Place) -> Option<&str> {
    let value = match place {
        [attribute] => state.get(attribute),
        [block, attribute] => state.get(block).elements()?.first()?.get(attribute),
        _ => return None,
    };
    value.as_str().filter(|text| !text.is_empty())
}

/// The state of an identity that is not on record yet.
pub(super) fn moved(source: &MoveSource<'_>, schema: &Schema) -> StateAnswer {
    match take_over(source, schema) {
        Ok(state) => StateAnswer::with(state, no_longer_managed(source)),
        Err(diagnostic) => StateAnswer::with(Value::Null, diagnostic),
    }
}

fn take_over(source: &MoveSource<'_>, schema: &Schema) -> Result<Value, Diagnostic> {
    let origin = origin(source.type_name).ok_or_else(|| unknown(source.type_name))?;
    let from = source
        .state
        .read_as(&ty(origin), UnknownAttributes::Drop)
        .map_err(|error| unreadable(source, &error.path.to_string()))?;
    let external = origin
        .external(|place| text(&from, place))
        .map_err(|place| unreadable(source, &place.join(".")))?;
    let name = text(&from, origin.name).ok_or_else(|| unreadable(source, &origin.name.join(".")))?;
    let mut state = Value::object(schema.attributes.iter().map(|of| (of.name.clone(), Value::Null)));
    state.insert("name", name.into());
    state.insert("external", Value::set([Value::from(external)]));
    Ok(state)
}

/// Whether a state was taken over and nothing is on record for it yet.
pub(super) fn is_pending(state: &Value) -> bool {
    !state.is_null() && state.get("id").is_null()
}

/// What the configuration does not govern of what was moved. What is unknown is asked again at apply.
pub(super) fn ungoverned(prior: &Value, config: &Value) -> Option<Diagnostic> {
    let governed = config.get("external");
    if !governed.is_wholly_known() {
        return None;
    }
    let governed = governed.elements().unwrap_or_default();
    let moved = prior.get("external").elements().unwrap_or_default();
    let missing = moved.iter().find(|id| !governed.contains(id))?.as_str()?;
    let detail = format!(
        "The state was moved from the resource that is `{missing}`, and the record has to name what it governs. Write \
         `external = [{missing:?}]`, or take the `moved` block away. (NHI-MOVED)"
    );
    Some(
        Diagnostic::error(format!("`{missing}` was moved here and is not governed"), detail)
            .at(AttributePath::of("external")),
    )
}

/// Nothing is revoked when a state goes that nothing is on record for.
pub(super) fn never_recorded() -> Diagnostic {
    let detail = "It was moved here from another provider and never applied, so there is nothing to revoke. What the \
                  other provider created is still there, and is no longer in this state. (NHI-MOVED)";
    Diagnostic::warning("the identity is not on record", detail)
}

fn no_longer_managed(source: &MoveSource<'_>) -> Diagnostic {
    let detail = format!(
        "The state of the {kind} becomes the record that governs it, so {provider} no longer manages the object itself. \
         To keep it managed, declare it under another name and import it there. Who answers for it, what for and until \
         when is for the `nhi_identity` block to say. (NHI-MOVED)",
        kind = source.type_name,
        provider = source.provider,
    );
    Diagnostic::warning(format!("a {} is taken over", source.type_name), detail)
}

fn unknown(type_name: &str) -> Diagnostic {
    let known: Vec<_> = origins()
        .iter()
        .map(|origin| format!("`{}`", origin.type_name))
        .collect();
    let detail = format!(
        "An identity can be moved from {}. Take the `moved` block away and declare the identity, with the id of what it \
         governs in `external`. (NHI-MOVED)",
        known.join(", ")
    );
    let shown: String = type_name.chars().filter(char::is_ascii_graphic).take(80).collect();
    Diagnostic::error(format!("a `{shown}` cannot become an identity"), detail)
}

fn unreadable(source: &MoveSource<'_>, what: &str) -> Diagnostic {
    let detail = format!(
        "The name of the object and its id come from the state of the {}, and `{what}` is not in it as a text. Refresh \
         the state with {} first, or take the `moved` block away and declare the identity, with the id of what it \
         governs in `external`. (NHI-MOVED)",
        source.type_name, source.provider
    );
    Diagnostic::error(format!("the state to move has no `{what}`"), detail)
}
