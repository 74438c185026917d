//! Functions that a provider lends to configurations: pure, called without the provider being configured.

use std::fmt;

use crate::value::{Type, Value};

/// A function.
///
/// Equal arguments must give equal results: a core calls it at validation, plan and apply, and compares.
pub trait Function: Send + Sync + 'static {
    /// Its name, without a prefix.
    fn name(&self) -> &str;

    /// What it takes and gives.
    fn signature(&self) -> Signature;

    /// Computes the result. There are as many arguments as the signature has parameters, and then those of the variadic
    /// one; none is null or unknown where its parameter does not allow that.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// What a function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Plain text: what it does, in one sentence.
    pub summary: String,
    /// Markdown: what it does, with its limits.
    pub description: String,
    /// What it takes, in order.
    pub parameters: Vec<Parameter>,
    /// What it takes any number of after those.
    pub variadic: Option<Parameter>,
    /// What it gives.
    pub returns: Type,
    /// Why it should no longer be used, if so.
    pub deprecation: Option<String>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in documents and messages.
    pub name: String,
    /// Markdown: what it means.
    pub description: String,
    /// What it holds.
    pub ty: Type,
    /// Whether the function is called with null.
    pub allows_null: bool,
    /// Whether the function is called with what is unknown, wholly or in part. If not, the result is unknown then.
    pub allows_unknown: bool,
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong and what to write instead.
    pub text: String,
    /// Which argument is at fault, counted from 0.
    pub argument: Option<usize>,
}

impl Signature {
    /// A signature without parameters.
    pub fn new(summary: impl Into<String>, returns: Type) -> Signature {
        let summary = summary.into();
        Signature {
            description: summary.clone(),
            summary,
            parameters: Vec::new(),
            variadic: None,
            returns,
            deprecation: None,
        }
    }

    /// Says more than the summary.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Signature {
        self.description = description.into();
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Signature {
        self.parameters.push(parameter);
        self
    }

    /// Takes any number of arguments after the parameters.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Signature {
        self.variadic = Some(parameter);
        self
    }

    /// The parameter of the argument at a position.
    pub fn parameter_at(&self, position: usize) -> Option<&Parameter> {
        self.parameters.get(position).or(self.variadic.as_ref())
    }
}

impl Parameter {
    /// A parameter that is neither null nor unknown.
    pub fn new(name: &str, ty: Type, description: impl Into<String>) -> Parameter {
        Parameter {
            name: name.to_owned(),
            description: description.into(),
            ty,
            allows_null: false,
            allows_unknown: false,
        }
    }

    /// Lets null through.
    #[must_use]
    pub fn allow_null(mut self) -> Parameter {
        self.allows_null = true;
        self
    }

    /// Lets through what is unknown.
    #[must_use]
    pub fn allow_unknown(mut self) -> Parameter {
        self.allows_unknown = true;
        self
    }
}

impl FunctionError {
    /// An error about the call as a whole.
    pub fn new(text: impl Into<String>) -> FunctionError {
        FunctionError {
            text: text.into(),
            argument: None,
        }
    }

    /// An error about one argument, counted from 0.
    pub fn at(argument: usize, text: impl Into<String>) -> FunctionError {
        FunctionError {
            text: text.into(),
            argument: Some(argument),
        }
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for FunctionError {}
