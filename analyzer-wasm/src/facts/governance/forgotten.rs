//! Identities and credentials that the state forgets while the object stays: `removed` with `destroy = false`.

use nhi_plan::json::{self, Value};
use nhi_plan::{Action, Mode};

use super::types;
use super::{is_service_linked, named};
use crate::facts::Block;

/// What stays behind.
#[derive(Debug)]
pub(crate) struct Forgotten {
    pub(crate) address: String,
    pub(crate) noun: &'static str,
    /// A new one takes its place.
    pub(crate) replaced: bool,
    /// By which a record may claim it.
    pub(super) identifiers: Vec<String>,
    /// Its type and id, as an import names them.
    pub(super) id: Option<(String, String)>,
}

/// Type and id of what a block takes in by import.
pub(super) fn imported(block: &Block<'_>) -> Option<(String, String)> {
    let (_, text) = block.change.attributes.iter().find(|(key, _)| key == "importing")?;
    let importing = json::parse(text).ok()?;
    let id = importing.root().get("id")?.as_str()?.into_owned();
    Some((block.change.resource_type.to_string(), id))
}

/// What a block leaves behind.
pub(super) fn read(block: &Block<'_>) -> Option<Forgotten> {
    let actions = &block.change.actions;
    if block.change.mode != Mode::Managed || !actions.contains(&Action::Forget) || is_service_linked(block) {
        return None;
    }
    let row = types::find(&block.change.resource_type)?;
    let before = block.change.before.as_deref().and_then(|text| json::parse(text).ok());
    let value = |attribute: &str| -> Option<String> {
        let value = before.as_ref()?.root().get(attribute).and_then(Value::as_str)?;
        (!value.is_empty()).then(|| value.into_owned())
    };
    Some(Forgotten {
        address: block.change.address.to_string(),
        noun: row.noun,
        replaced: actions.contains(&Action::Create),
        id: value("id").map(|id| (block.change.resource_type.to_string(), id)),
        identifiers: row
            .identifiers
            .iter()
            .filter_map(|attribute| value(attribute))
            .chain(
                before
                    .as_ref()
                    .and_then(|before| named(row.resource_type, before.root())),
            )
            .collect(),
    })
}
