//! Loads modules: looks at the bytes, compiles or maps them, and asks the module what it is.

use std::fmt;
use std::thread;

use nhi_plan::Description;
use sha2::{Digest as _, Sha256};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::bindings::PolicyModulePre;
use crate::cache::Key;
use crate::compile::{Compilation, Origin};
use crate::engine::Ticker;
use crate::limiter::Limiter;
use crate::limits::{HostLimits, WORKERS_MAX};
use crate::sandbox::{self, Sandbox};
use crate::{Facts, HostError, HostErrorKind, Wall, cache, convert, describe, engine, inspect, schema};

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
    pub(crate) workers: usize,
    compilation: Option<Compilation>,
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
    is_granted: bool,
    facts: Facts,
    sha256: String,
    origin: Origin,
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

    /// Judges settings, JSON text, by the module's own schema. What the module itself has against them every session
    /// of a run asks it first.
    ///
    /// # Errors
    ///
    /// Settings, or a schema, that cannot be used.
    pub fn judge_settings(&self, settings: &str) -> Result<(), HostError> {
        let refuse = |message: String| HostError::new(&self.name, HostErrorKind::Settings, message);
        let value = serde_json::from_str(settings).map_err(|error| refuse(format!("they are not JSON: {error}")))?;
        let faults = schema::judge(&self.description.settings_schema, &value).map_err(|why| {
            refuse(format!("the module's schema of settings cannot be used: {why}"))
                .help("have the module describe its settings with the keywords that the guide on pinning lists")
        })?;
        if faults.is_empty() {
            return Ok(());
        }
        Err(refuse(faults.join("; ")))
    }

    /// Whose module it is.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// What its bytes say of themselves; nothing for the built-in module.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// SHA-256 of its bytes, in hexadecimal; nothing for the built-in module.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Where its machine code came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it is handed sensitive values as they are.
    pub fn sees_sensitive(&self) -> bool {
        self.is_granted || self.trust == Trust::BuiltIn
    }

    /// Lets it see sensitive values, which is the operator's to decide.
    #[must_use]
    pub fn grant_sensitive(mut self) -> Self {
        self.is_granted = true;
        self
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
            workers: thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX),
            compilation: None,
            linker,
            _ticker: ticker,
        })
    }

    /// Compiles modules in a process of its own, and keeps what came of it.
    #[must_use]
    pub fn compile_with(mut self, compilation: Compilation) -> Self {
        self.compilation = Some(compilation);
        self
    }

    /// The wall around the process that compiles; nothing where modules are compiled in this one.
    ///
    /// # Errors
    ///
    /// The process does not start, or cannot lock itself in where it should.
    pub fn wall(&self) -> Result<Option<Wall>, HostError> {
        self.compilation.as_ref().map(Compilation::wall).transpose()
    }

    /// Runs this many sessions at once. It changes nothing but the time that a run takes.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.clamp(1, WORKERS_MAX);
        self
    }

    /// Fuel that a session starts with.
    pub(crate) fn fuel_base(&self, trust: Trust) -> u64 {
        match trust {
            Trust::BuiltIn => self.limits.fuel_base_built_in,
            Trust::ThirdParty => self.limits.fuel_base,
        }
    }

    /// Loads somebody else's module from a component's binary.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Module, HostError> {
        self.load_as(name, wasm, Trust::ThirdParty)
    }

    /// Loads a module from a component's binary, with the trust that the operator grants it.
    pub fn load_as(&self, name: &str, wasm: &[u8], trust: Trust) -> Result<Module, HostError> {
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let (facts, component, origin) = match &self.compilation {
            None => (
                inspect::inspect(name, wasm, &self.limits)?,
                Component::from_binary(&self.engine, wasm).map_err(|error| invalid(name, &error))?,
                Origin::Compiled,
            ),
            Some(compilation) => {
                let key = Key {
                    module: digest,
                    fits: self.fits(),
                };
                let (kept, origin) = compilation.compile(name, wasm, &key, &self.limits)?;
                (kept.facts, self.map(name, &kept.code)?, origin)
            }
        };
        let mut module = self.ready(name, trust, facts, &component)?;
        module.origin = origin;
        module.sha256 = cache::hex(&digest);
        Ok(module)
    }

    /// What an accepted module's machine code has to fit: the engine's settings, and what was accepted.
    fn fits(&self) -> [u8; 32] {
        let mut hasher = Sha256::new_with_prefix(engine::fingerprint(&self.engine));
        hasher.update(format!("{:?}", self.limits));
        hasher.finalize().into()
    }

    /// Maps machine code that this program has made: in its build, in its child process, or before, by its own key.
    fn map(&self, name: &str, code: &[u8]) -> Result<Component, HostError> {
        let unfit = |why: &str| HostError::new(name, HostErrorKind::Precompiled, why);
        if Engine::detect_precompiled(code) != Some(wasmtime::Precompiled::Component) {
            return Err(unfit("not a compiled component"));
        }
        #[expect(
            unsafe_code,
            reason = "the engine cannot check machine code; where the bytes are from is what is relied on"
        )]
        // SAFETY: the callers hand over bytes that `precompile` of this crate made: those of the program's own image,
        // those that the child process of this very program answered with, and those of a cache whose tag was verified
        // with the user's own key over the bytes that are mapped. The engine compares its version and settings with
        // those of the compiler before it maps the code.
        let component = unsafe { Component::deserialize(&self.engine, code) };
        component.map_err(|error| unfit(&format!("{error:#}")))
    }

    /// Loads the built-in module from the form that [`precompile`] made of it.
    ///
    /// The bytes are machine code, so they must come out of the program itself: `'static` is what `include_bytes!`
    /// gives, and what a file, a cache or a download does not.
    pub fn load_precompiled(&self, name: &str, compiled: &'static [u8]) -> Result<Module, HostError> {
        let component = self.map(name, compiled)?;
        let facts = Facts {
            abi: Some(nhi_plan::ABI.to_owned()),
            ..Facts::default()
        };
        self.ready(name, Trust::BuiltIn, facts, &component)
    }

    fn ready(&self, name: &str, trust: Trust, facts: Facts, component: &Component) -> Result<Module, HostError> {
        let unlinked = |error: wasmtime::Error| HostError::new(name, HostErrorKind::Exports, format!("{error:#}"));
        let pre = self.linker.instantiate_pre(component).map_err(unlinked)?;
        let pre = PolicyModulePre::new(pre).map_err(unlinked)?;
        let mut sandbox = Sandbox::new(self, name, trust, &pre)?;
        let description = convert::description(sandbox.describe()?)
            .map_err(|problem| HostError::new(name, HostErrorKind::Description, problem))?;
        let abi = facts.abi.as_deref().unwrap_or_default();
        describe::validate(name, trust, &self.limits, abi, &description)?;
        Ok(Module {
            name: name.to_owned(),
            trust,
            is_granted: false,
            facts,
            sha256: String::new(),
            origin: Origin::Embedded,
            description,
            pre,
        })
    }

    /// Judges settings, JSON text, by the module's own schema and then by the module itself, before anything is checked.
    ///
    /// # Errors
    ///
    /// Settings, or a schema, that cannot be used, and a module that does not come to its end.
    pub fn validate_settings(&self, module: &Module, settings: &str) -> Result<(), HostError> {
        module.judge_settings(settings)?;
        Sandbox::new(self, &module.name, module.trust, &module.pre)?.validate(settings)
    }

    /// A store with this host's limits and a ration of fuel.
    pub(crate) fn store(&self, name: &str, fuel: u64) -> Result<Store<Limiter>, HostError> {
        let mut store = Store::new(&self.engine, Limiter::new(&self.limits));
        store.limiter(|limiter| limiter);
        store.set_hostcall_fuel(self.limits.call_output_bytes);
        store.epoch_deadline_trap();
        store.set_epoch_deadline(sandbox::ticks(self.limits.wall));
        store
            .set_fuel(fuel)
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
