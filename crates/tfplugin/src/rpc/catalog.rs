//! What a provider offers of one kind, by name, with the schema of each asked for once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::schema::Schema;
use crate::value::Type;

/// One offer with its schema.
pub(super) struct Entry<T: ?Sized> {
    pub(super) unit: Arc<T>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

/// All offers of a kind.
pub(super) struct Catalog<T: ?Sized> {
    /// What the kind is called in messages.
    kind: &'static str,
    entries: BTreeMap<String, Entry<T>>,
}

impl<T: ?Sized> Catalog<T> {
    pub(super) fn new<'a>(
        kind: &'static str,
        units: &'a [Arc<T>],
        name: impl Fn(&'a T) -> &'a str,
        schema: impl Fn(&T) -> Schema,
    ) -> Catalog<T> {
        let entry = |unit: &'a Arc<T>| {
            let schema = schema(unit);
            let ty = schema.ty();
            let unit = Arc::clone(unit);
            Entry { unit, schema, ty }
        };
        Catalog {
            kind,
            entries: units.iter().map(|unit| (name(unit).to_owned(), entry(unit))).collect(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Result<&Entry<T>, Diagnostic> {
        self.entries
            .get(name)
            .ok_or_else(|| unknown(self.kind, name, self.names()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    /// Something for every offer, by name.
    pub(super) fn each<W, M: FromIterator<(String, W)>>(&self, make: impl Fn(&Entry<T>) -> W) -> M {
        self.entries
            .iter()
            .map(|(name, entry)| (name.clone(), make(entry)))
            .collect()
    }
}

/// The error for a name that nothing has.
pub(super) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Diagnostic {
    let known: Vec<_> = known.map(String::as_str).collect();
    let detail = if known.is_empty() {
        "This version of the provider has none.".to_owned()
    } else {
        format!("This version of the provider has {} only.", known.join(", "))
    };
    Diagnostic::error(format!("There is no {kind} {name}"), detail)
}
