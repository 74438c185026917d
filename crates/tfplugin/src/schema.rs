//! Schemas: what a provider block or a resource may hold, said once and used for decoding, checking and documents.

mod json;

use crate::value::Type;

/// The schema of a provider block or of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Bumped when the form of stored states changes; zero at first.
    pub version: u32,
    /// Markdown: what the thing is.
    pub description: String,
    /// What it holds.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in configuration.
    pub name: String,
    /// Markdown: meaning, unit, default, and what changing it does.
    pub description: String,
    /// What it holds.
    pub kind: Kind,
    /// Who may and must set it.
    pub presence: Presence,
    /// Whether the cores hide its value.
    pub sensitive: bool,
    /// Whether the value reaches the provider in the configuration only, and is in no plan and no state.
    pub write_only: bool,
    /// Why it should no longer be used, if so.
    pub deprecation: Option<String>,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value of a type.
    Value(Type),
    /// A structure whose attributes have descriptions and presence of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// How often a nested structure occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// Once, as an object.
    Single,
    /// In order.
    List,
    /// Without order; elements have no address in diagnostics.
    Set,
    /// By name.
    Map,
}

/// Who may and must set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// The configuration may; where it does not, the provider does.
    OptionalComputed,
    /// Only the provider does.
    Computed,
}

impl Presence {
    /// Whether the provider may choose the value where the configuration has none.
    pub fn is_computed(self) -> bool {
        matches!(self, Presence::Computed | Presence::OptionalComputed)
    }

    /// Whether the configuration may hold a value.
    pub fn is_configurable(self) -> bool {
        self != Presence::Computed
    }
}

impl Schema {
    /// A schema at version 0 without attributes.
    pub fn new(description: impl Into<String>) -> Schema {
        Schema {
            version: 0,
            description: description.into(),
            attributes: Vec::new(),
        }
    }

    /// The version of stored states.
    #[must_use]
    pub fn version(mut self, version: u32) -> Schema {
        self.version = version;
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute) -> Schema {
        self.attributes.push(attribute);
        self
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        object(&self.attributes)
    }
}

impl Attribute {
    /// An attribute that the configuration must set.
    pub fn required(name: &str, kind: impl Into<Kind>) -> Attribute {
        Attribute::new(name, kind.into(), Presence::Required)
    }

    /// An attribute that the configuration may set.
    pub fn optional(name: &str, kind: impl Into<Kind>) -> Attribute {
        Attribute::new(name, kind.into(), Presence::Optional)
    }

    /// An attribute that the configuration may set and that the provider sets otherwise.
    pub fn optional_computed(name: &str, kind: impl Into<Kind>) -> Attribute {
        Attribute::new(name, kind.into(), Presence::OptionalComputed)
    }

    /// An attribute that only the provider sets.
    pub fn computed(name: &str, kind: impl Into<Kind>) -> Attribute {
        Attribute::new(name, kind.into(), Presence::Computed)
    }

    fn new(name: &str, kind: Kind, presence: Presence) -> Attribute {
        Attribute {
            name: name.to_owned(),
            description: String::new(),
            kind,
            presence,
            sensitive: false,
            write_only: false,
            deprecation: None,
        }
    }

    /// Says what the attribute means, its unit and default, and what changing it does.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Attribute {
        self.description = description.into();
        self
    }

    /// Has the cores hide the value.
    #[must_use]
    pub fn sensitive(mut self) -> Attribute {
        self.sensitive = true;
        self
    }

    /// Keeps the value out of plans and states: the provider finds it in the configuration, at plan and at apply. A
    /// change of it is no difference, so it needs a companion such as `<name>_version` that is bumped. Cores before
    /// Terraform 1.11 and OpenTofu 1.11 are refused a value.
    #[must_use]
    pub fn write_only(mut self) -> Attribute {
        self.write_only = true;
        self
    }

    /// Says why it should no longer be used, and what to use.
    #[must_use]
    pub fn deprecated(mut self, reason: impl Into<String>) -> Attribute {
        self.deprecation = Some(reason.into());
        self
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Value(ty) => ty.clone(),
            Kind::Nested(Nesting::Single, attributes) => object(attributes),
            Kind::Nested(Nesting::List, attributes) => Type::list(object(attributes)),
            Kind::Nested(Nesting::Set, attributes) => Type::set(object(attributes)),
            Kind::Nested(Nesting::Map, attributes) => Type::map(object(attributes)),
        }
    }
}

impl From<Type> for Kind {
    fn from(ty: Type) -> Kind {
        Kind::Value(ty)
    }
}

impl From<(Nesting, Vec<Attribute>)> for Kind {
    fn from((nesting, attributes): (Nesting, Vec<Attribute>)) -> Kind {
        Kind::Nested(nesting, attributes)
    }
}

fn object(attributes: &[Attribute]) -> Type {
    Type::object(
        attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), attribute.ty())),
    )
}
