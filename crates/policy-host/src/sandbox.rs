//! One instance of a module at work: calls into it, its fuel, and what its failures mean.

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use nhi_plan::{Change, Context, Encoding};
use wasmtime::component::ResourceAny;
use wasmtime::{Store, Trap};

use crate::bindings::{PolicyModule, PolicyModulePre, wit};
use crate::host::{Host, Trust};
use crate::limiter::Limiter;
use crate::{HostError, HostErrorKind, engine, lower};

/// The wall clock's limit in ticks; a run that starts just before a tick still gets all of it.
pub(crate) fn ticks(wall: Duration) -> u64 {
    let ticks = wall.as_nanos().div_ceil(engine::TICK.as_nanos()).saturating_add(1);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// One instance of a module, with the fuel it has been given.
pub(crate) struct Sandbox<'h> {
    host: &'h Host,
    name: &'h str,
    store: Store<Limiter>,
    instance: PolicyModule,
    fuel_given: u64,
    /// What is left of the wall clock's limit. Only time inside the module counts: whoever works the blocks out, or
    /// another module that has the processor, is not its affair.
    wall_left: Duration,
}

impl<'h> Sandbox<'h> {
    pub(crate) fn new(
        host: &'h Host,
        name: &'h str,
        trust: Trust,
        pre: &PolicyModulePre<Limiter>,
    ) -> Result<Self, HostError> {
        let fuel_given = host.fuel_base(trust);
        let mut store = host.store(name, fuel_given)?;
        let instance = pre
            .instantiate(&mut store)
            .map_err(|error| failure(name, host, &store, fuel_given, &error))?;
        Ok(Self {
            host,
            name,
            store,
            instance,
            fuel_given,
            wall_left: host.limits.wall,
        })
    }

    pub(crate) fn describe(&mut self) -> Result<wit::Description, HostError> {
        self.call(|guest, store| guest.call_describe(store))
    }

    /// Calls the module and classifies what may go wrong.
    fn call<T>(
        &mut self,
        work: impl FnOnce(&wit::Guest, &mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let guest = self.instance.nhi_policy_policy();
        let start = Instant::now();
        self.store.set_epoch_deadline(ticks(self.wall_left));
        let answer = work(guest, &mut self.store);
        self.wall_left = self.wall_left.saturating_sub(start.elapsed());
        answer.map_err(|error| failure(self.name, self.host, &self.store, self.fuel_given, &error))
    }

    fn fuel_left(&self) -> u64 {
        self.store.get_fuel().unwrap_or_default()
    }

    /// Fuel burned so far.
    pub(crate) fn fuel_used(&self) -> u64 {
        self.fuel_given.saturating_sub(self.fuel_left())
    }

    /// Fuel given so far.
    pub(crate) fn fuel_given(&self) -> u64 {
        self.fuel_given
    }

    /// Linear memory at its peak.
    pub(crate) fn memory_peak_bytes(&self) -> usize {
        self.store.data().memory_peak_bytes()
    }

    /// Adds the fuel that `bytes` of input are worth.
    pub(crate) fn feed(&mut self, bytes: usize) -> Result<(), HostError> {
        let more = self
            .host
            .limits
            .fuel_per_byte
            .saturating_mul(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.fuel_given = self.fuel_given.saturating_add(more);
        let fuel = self.fuel_left().saturating_add(more);
        let failed = |error: wasmtime::Error| HostError::new(self.name, HostErrorKind::Engine, format!("{error:#}"));
        self.store.set_fuel(fuel).map_err(failed)
    }

    /// Asks the module whether it can work with these settings.
    pub(crate) fn validate(&mut self, settings: &str) -> Result<(), HostError> {
        self.feed(settings.len())?;
        let accepted = self.call(|guest, store| guest.call_validate_settings(store, settings))?;
        if let Err(errors) = accepted {
            let errors = errors.join("; ");
            return Err(HostError::new(
                self.name,
                HostErrorKind::Settings,
                crate::error::quote(&errors),
            ));
        }
        Ok(())
    }

    /// Opens a session, if the module can work with these settings.
    pub(crate) fn open(&mut self, settings: &str, context: &Context) -> Result<ResourceAny, HostError> {
        self.validate(settings)?;
        self.feed(weigh(context))?;
        let opened = self.call(|guest, store| {
            lower::with_context(context, |context| guest.session().call_open(store, settings, context))
        })?;
        opened.map_err(|error| self.undecided(&error))
    }

    pub(crate) fn check<'c, C: Borrow<Change<'c>>>(
        &mut self,
        session: ResourceAny,
        encoding: Encoding,
        batch: &[C],
    ) -> Result<Vec<wit::Finding>, HostError> {
        let answer = match encoding {
            Encoding::Records => self.call(|guest, store| {
                lower::with_records(batch, |records| guest.session().call_check(store, session, records))
            })?,
            Encoding::JsonLines => {
                let mut text = String::new();
                for change in batch {
                    nhi_plan::line::write(&mut text, change.borrow());
                }
                self.call(|guest, store| guest.session().call_check_json(store, session, &text))?
            }
        };
        answer.map_err(|error| self.undecided(&error))
    }

    pub(crate) fn finish(&mut self, session: ResourceAny) -> Result<Vec<wit::Finding>, HostError> {
        self.call(|guest, store| guest.session().call_finish(store, session))?
            .map_err(|error| self.undecided(&error))
    }

    #[cold]
    fn undecided(&self, error: &str) -> HostError {
        let message = format!("could not decide: {}", crate::error::quote(error));
        HostError::new(self.name, HostErrorKind::Undecided, message)
    }
}

/// The bytes of input that a context counts for.
fn weigh(context: &Context) -> usize {
    let texts = [&context.policy, &context.graph];
    let exceptions = context.exceptions.iter().flat_map(|exception| {
        [
            &exception.rule,
            &exception.address,
            &exception.path,
            &exception.expires_at,
        ]
    });
    let all = texts.into_iter().flatten().chain(exceptions);
    all.fold(0, |sum, text| sum.saturating_add(text.len()))
}

/// Says which limit or rule a failed call ran into.
#[cold]
fn failure(name: &str, host: &Host, store: &Store<Limiter>, fuel_given: u64, error: &wasmtime::Error) -> HostError {
    let limits = &host.limits;
    if store.data().refused {
        let message = format!(
            "asked for more memory than the {} MiB that a module may use",
            limits.memory_bytes >> 20
        );
        return HostError::new(name, HostErrorKind::Memory, message);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            let message = format!("stopped: used up its fuel of {fuel_given}");
            HostError::new(name, HostErrorKind::Fuel, message)
        }
        Some(Trap::Interrupt) => {
            let message = format!("no answer within {} s on this machine", limits.wall.as_secs_f32());
            HostError::new(name, HostErrorKind::Time, message)
        }
        Some(trap) => HostError::new(name, HostErrorKind::Trap, format!("crashed: {trap}")),
        None if format!("{error:#}").contains("fuel allocated for hostcalls") => {
            let message = format!("answered with more than {} bytes at once", limits.call_output_bytes);
            HostError::new(name, HostErrorKind::Output, message)
        }
        None => {
            let text = format!("{error:#}");
            HostError::new(
                name,
                HostErrorKind::Protocol,
                format!("broke the protocol: {}", crate::error::quote(&text)),
            )
        }
    }
}
