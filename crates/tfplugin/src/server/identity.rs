//! Resource identity: the attributes of a state that say for good which object it is about.

use crate::value::{Type, Value};

/// Which attributes of a state identify its object. Their values are taken from the state, so the two cannot differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentitySchema {
    /// Bumped when the attributes change; zero at first.
    pub version: u32,
    /// The attributes, each of which the resource's schema has under the same name and with the same type.
    pub attributes: Vec<IdentityAttribute>,
}

/// One attribute of a resource identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityAttribute {
    /// Its name, here and in the state.
    pub name: String,
    /// Its type, here and in the state.
    pub ty: Type,
    /// Markdown: what it means.
    pub description: String,
    /// Whether an import by identity must give it.
    pub required_for_import: bool,
}

impl IdentitySchema {
    /// An identity at version 0 without attributes.
    pub fn new() -> IdentitySchema {
        IdentitySchema::default()
    }

    /// Adds an attribute that an import must give.
    #[must_use]
    pub fn required(self, name: &str, ty: Type, description: &str) -> IdentitySchema {
        self.with(name, ty, description, true)
    }

    /// Adds an attribute that an import may give.
    #[must_use]
    pub fn optional(self, name: &str, ty: Type, description: &str) -> IdentitySchema {
        self.with(name, ty, description, false)
    }

    fn with(mut self, name: &str, ty: Type, description: &str, required_for_import: bool) -> IdentitySchema {
        self.attributes.push(IdentityAttribute {
            name: name.to_owned(),
            ty,
            description: description.to_owned(),
            required_for_import,
        });
        self
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        Type::object(
            self.attributes
                .iter()
                .map(|attribute| (attribute.name.clone(), attribute.ty.clone())),
        )
    }

    /// The identity of the object that a state is about.
    pub fn of(&self, state: &Value) -> Value {
        Value::object(
            self.attributes
                .iter()
                .map(|attribute| (attribute.name.clone(), state.get(&attribute.name).clone())),
        )
    }
}
