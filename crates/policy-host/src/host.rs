//! Loads modules: looks at the bytes, compiles or maps them, and asks the module what it is.

use std::fmt;

use nhi_plan::Description;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::bindings::PolicyModulePre;
use crate::engine::Ticker;
use crate::limiter::Limiter;
use crate::limits::HostLimits;
use crate::run::{self, Sandbox};
use crate::{HostError, HostErrorKind, convert, describe, engine, inspect};

/// The name that errors carry before there is a module.
const NO_MODULE: &str = "(sandbox)";

/// Whose module it is: it decides what the module gets to see and which rule codes it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Ours, in the binary: sees sensitive values, uses the `NHI…` codes.
    BuiltIn,
    /// Anybody else's: sensitive values are replaced before they reach it.
    ThirdParty,
}

/// A sandbox in which modules are loaded and run. One serves many threads.
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) limits: HostLimits,
    linker: Linker<Limiter>,
    _ticker: Ticker,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A module that is ready to run.
#[derive(Clone)]
pub struct Module {
    pub(crate) name: String,
    pub(crate) trust: Trust,
    pub(crate) description: Description,
    pub(crate) pre: PolicyModulePre<Limiter>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

impl Module {
    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose module it is.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }
}

impl Host {
    /// Sets the sandbox up.
    pub fn new(limits: HostLimits) -> Result<Self, HostError> {
        let failed = |what: &str| HostError::new(NO_MODULE, HostErrorKind::Engine, what);
        let engine = engine::engine().map_err(|error| failed(&format!("the engine does not start: {error:#}")))?;
        let ticker = Ticker::start(&engine).map_err(|error| failed(&format!("no thread for the clock: {error}")))?;
        let linker = Linker::new(&engine);
        Ok(Self {
            engine,
            limits,
            linker,
            _ticker: ticker,
        })
    }

    /// Loads somebody else's module from a component's binary.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Module, HostError> {
        self.load_as(name, wasm, Trust::ThirdParty)
    }

    /// Loads a module from a component's binary, with the trust that the operator grants it.
    pub fn load_as(&self, name: &str, wasm: &[u8], trust: Trust) -> Result<Module, HostError> {
        inspect::inspect(name, wasm, &self.limits)?;
        let component = Component::from_binary(&self.engine, wasm).map_err(|error| invalid(name, &error))?;
        self.ready(name, trust, &component)
    }

    /// Loads the built-in module from the form that [`precompile`] made of it.
    ///
    /// The bytes are machine code, so they must come out of the program itself: `'static` is what `include_bytes!`
    /// gives, and what a file, a cache or a download does not.
    pub fn load_precompiled(&self, name: &str, compiled: &'static [u8]) -> Result<Module, HostError> {
        let unfit = |why: &str| HostError::new(name, HostErrorKind::Precompiled, why);
        if Engine::detect_precompiled(compiled) != Some(wasmtime::Precompiled::Component) {
            return Err(unfit("not a compiled component"));
        }
        #[expect(
            unsafe_code,
            reason = "the engine cannot check machine code; the bytes are part of this program"
        )]
        // SAFETY: `compiled` lives in the program's own image, put there by its build, which ran `precompile` of this
        // crate; the engine compares its version and settings with those of the compiler before it maps the code.
        let component = unsafe { Component::deserialize(&self.engine, compiled) };
        let component = component.map_err(|error| unfit(&format!("{error:#}")))?;
        self.ready(name, Trust::BuiltIn, &component)
    }

    fn ready(&self, name: &str, trust: Trust, component: &Component) -> Result<Module, HostError> {
        let unlinked = |error: wasmtime::Error| HostError::new(name, HostErrorKind::Exports, format!("{error:#}"));
        let pre = self.linker.instantiate_pre(component).map_err(unlinked)?;
        let pre = PolicyModulePre::new(pre).map_err(unlinked)?;
        let mut sandbox = Sandbox::new(self, name, &pre)?;
        let description = sandbox.describe().map(convert::description)?;
        describe::validate(name, trust, &self.limits, &description)?;
        Ok(Module {
            name: name.to_owned(),
            trust,
            description,
            pre,
        })
    }

    /// A store with this host's limits and the base ration of fuel.
    pub(crate) fn store(&self, name: &str) -> Result<Store<Limiter>, HostError> {
        let mut store = Store::new(&self.engine, Limiter::new(&self.limits));
        store.limiter(|limiter| limiter);
        store.set_hostcall_fuel(self.limits.call_output_bytes);
        store.epoch_deadline_trap();
        store.set_epoch_deadline(run::ticks(self.limits.wall));
        store
            .set_fuel(self.limits.fuel_base)
            .map_err(|error| HostError::new(name, HostErrorKind::Engine, format!("{error:#}")))?;
        Ok(store)
    }
}

#[cold]
fn invalid(name: &str, error: &wasmtime::Error) -> HostError {
    HostError::new(
        name,
        HostErrorKind::Malformed,
        format!("not a valid component: {error:#}"),
    )
}

/// Compiles a component for [`Host::load_precompiled`]; at build time only.
pub fn precompile(wasm: &[u8]) -> Result<Vec<u8>, HostError> {
    inspect::inspect(NO_MODULE, wasm, &HostLimits::default())?;
    let engine = engine::engine().map_err(|error| {
        HostError::new(
            NO_MODULE,
            HostErrorKind::Engine,
            format!("the engine does not start: {error:#}"),
        )
    })?;
    engine
        .precompile_component(wasm)
        .map_err(|error| invalid(NO_MODULE, &error))
}
