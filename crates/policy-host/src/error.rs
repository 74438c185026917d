//! What can go wrong with a module, as a code, a sentence and a fix.
//!
//! Every error names the module and means "could not decide": no caller may read it as a pass.

use std::fmt;

use crate::limits::QUOTE_BYTES;

/// The kinds of failure; each has a code with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostErrorKind {
    /// Not a WebAssembly component at all, or a damaged one.
    Malformed,
    /// A core module where a component is expected.
    CoreModule,
    /// Bigger than allowed.
    TooBig,
    /// It imports something.
    Imports,
    /// It does not export the contract.
    Exports,
    /// It does not say which version of the contract it speaks.
    Abi,
    /// It could not be compiled within the limits.
    Compile,
    /// It describes itself in a way that cannot be used.
    Description,
    /// It refuses the operator's settings.
    Settings,
    /// It used up its fuel.
    Fuel,
    /// The wall clock ran out: the host was too slow, which says nothing about the module.
    Time,
    /// It asked for more memory than allowed.
    Memory,
    /// It crashed.
    Trap,
    /// It said something that the contract does not allow.
    Protocol,
    /// It did not flag what it declares that it flags.
    Canary,
    /// It said too much.
    Output,
    /// It said itself that it could not decide.
    Undecided,
    /// Its compiled form does not fit this engine.
    Precompiled,
    /// The engine itself failed.
    Engine,
}

impl HostErrorKind {
    /// All kinds, in the order of their codes' pages.
    pub const ALL: [Self; 19] = [
        Self::Malformed,
        Self::CoreModule,
        Self::TooBig,
        Self::Imports,
        Self::Exports,
        Self::Abi,
        Self::Compile,
        Self::Description,
        Self::Settings,
        Self::Fuel,
        Self::Time,
        Self::Memory,
        Self::Trap,
        Self::Protocol,
        Self::Canary,
        Self::Output,
        Self::Undecided,
        Self::Precompiled,
        Self::Engine,
    ];

    /// The code; it never changes its meaning.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "NHI-MODULE-MALFORMED",
            Self::CoreModule => "NHI-MODULE-CORE",
            Self::TooBig => "NHI-MODULE-SIZE",
            Self::Imports => "NHI-MODULE-IMPORTS",
            Self::Exports => "NHI-MODULE-EXPORTS",
            Self::Abi => "NHI-MODULE-ABI",
            Self::Compile => "NHI-MODULE-COMPILE",
            Self::Description => "NHI-MODULE-DESCRIPTION",
            Self::Settings => "NHI-MODULE-SETTINGS",
            Self::Fuel => "NHI-MODULE-FUEL",
            Self::Time => "NHI-MODULE-TIME",
            Self::Memory => "NHI-MODULE-MEMORY",
            Self::Trap => "NHI-MODULE-TRAP",
            Self::Protocol => "NHI-MODULE-PROTOCOL",
            Self::Canary => "NHI-MODULE-CANARY",
            Self::Output => "NHI-MODULE-OUTPUT",
            Self::Undecided => "NHI-MODULE-UNDECIDED",
            Self::Precompiled => "NHI-MODULE-PRECOMPILED",
            Self::Engine => "NHI-MODULE-ENGINE",
        }
    }

    /// One line on what the code means, for its page.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Malformed => "the file is not a WebAssembly component, or is damaged",
            Self::CoreModule => "the file is a core WebAssembly module, not a component",
            Self::TooBig => "the module is bigger than a policy module may be",
            Self::Imports => "the module imports something, and a policy module may import nothing",
            Self::Exports => "the module does not export the policy contract",
            Self::Abi => "the module does not say which version of the contract it speaks",
            Self::Compile => "the module could not be compiled within the limits for that",
            Self::Description => "the module describes itself in a way that cannot be used",
            Self::Settings => "the module refuses its settings",
            Self::Fuel => "the module computed for longer than its input allows",
            Self::Time => "this machine was too slow to finish the run in time",
            Self::Memory => "the module asked for more memory than it may use",
            Self::Trap => "the module crashed",
            Self::Protocol => "the module answered with something that the contract does not allow",
            Self::Canary => "the module did not flag a change that it declares to flag",
            Self::Output => "the module said more than it may",
            Self::Undecided => "the module said that it could not decide",
            Self::Precompiled => "the compiled form of the module does not fit this engine",
            Self::Engine => "the sandbox itself could not be set up",
        }
    }

    /// What to do about it, addressed to the reader.
    pub fn help(self) -> &'static str {
        match self {
            Self::Malformed => "fetch or build the module again",
            Self::CoreModule => "encode it as a component: `wasm-tools component new module.wasm -o component.wasm`",
            Self::TooBig => "build it in release mode, strip debug information, and split what is left",
            Self::Imports => "build it without WASI: a policy module knows only what it is handed",
            Self::Exports => "build it against the `policy-module` world of `nhi:policy@1.0.0`",
            Self::Abi => "build it with `nhi module build`, which names the version",
            Self::Compile => "build the module with fewer and smaller functions, or report it to the module's author",
            Self::Description => "correct what `describe` returns and build the module again",
            Self::Settings => "correct the module's settings",
            Self::Fuel => {
                "look for a loop that does not end or grows with the square of its input, or report it to the \
                           module's author"
            }
            Self::Time => "run again on a machine with less load; fuel, not time, decides about a module",
            Self::Memory => {
                "keep facts about blocks instead of the blocks themselves, or report it to the module's author"
            }
            Self::Trap => "run the module's own tests on this plan, or report it to the module's author",
            Self::Protocol => "report it to the module's author",
            Self::Canary => {
                "correct the rule, or the module's settings if they switch it off; a module whose rules are not at work \
                 cannot be relied on"
            }
            Self::Output => "report one finding per problem, briefly, or report it to the module's author",
            Self::Undecided => "act on the module's message, or report it to the module's author",
            Self::Precompiled => "build again, so that the compiled form and the engine are of one version",
            Self::Engine => "check that this machine allows executable memory and threads",
        }
    }
}

/// The start of a foreign text, short enough for an error message.
pub(crate) fn quote(text: &str) -> &str {
    text.split_at_checked(text.floor_char_boundary(QUOTE_BYTES))
        .map_or(text, |(start, _)| start)
}

/// A module could not be loaded or did not come to a verdict. The run fails closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    /// The module's name as the operator gave it.
    pub module: String,
    /// What kind of failure.
    pub kind: HostErrorKind,
    /// What happened.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl HostError {
    #[cold]
    pub(crate) fn new(module: &str, kind: HostErrorKind, message: impl Into<String>) -> Self {
        Self {
            module: module.to_owned(),
            kind,
            message: message.into(),
            help: kind.help().to_owned(),
        }
    }

    /// Replaces the general fix by an exact one.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The code of the kind.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "module `{}`: {}", self.module, self.message)
    }
}

impl std::error::Error for HostError {}
