//! Runs a module over the blocks of one plan.
//!
//! Fuel is handed out as input arrives, so that the same blocks meet the same limit on every machine.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nhi_plan::{Change, Context, Encoding, Finding, Mode, Needs};
use wasmtime::component::ResourceAny;
use wasmtime::{Store, Trap};

use crate::accept::Accepted;
use crate::bindings::{PolicyModule, PolicyModulePre, wit};
use crate::host::{Host, Module, Trust};
use crate::limiter::Limiter;
use crate::limits::{BATCH_BYTES, BATCH_CHANGES, BATCHES_AHEAD, CHANGE_BYTES};
use crate::{HostError, HostErrorKind, engine, lines, lower};

/// What a run brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The module's findings, in the order in which it made them.
    pub findings: Vec<Finding>,
    /// What it used.
    pub usage: Usage,
}

/// What a run used. Fuel and memory are the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel burned.
    pub fuel: u64,
    /// Fuel that it was given for its input; with more than that it would have been stopped.
    pub fuel_limit: u64,
    /// Linear memory at its peak.
    pub memory_peak_bytes: usize,
    /// Bytes of the findings' texts.
    pub output_bytes: usize,
    /// Blocks that the module was handed.
    pub changes: usize,
}

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
}

impl<'h> Sandbox<'h> {
    pub(crate) fn new(host: &'h Host, name: &'h str, pre: &PolicyModulePre<Limiter>) -> Result<Self, HostError> {
        let mut store = host.store(name)?;
        let fuel_given = host.limits.fuel_base;
        let instance = pre
            .instantiate(&mut store)
            .map_err(|error| failure(name, host, &store, fuel_given, &error))?;
        Ok(Self {
            host,
            name,
            store,
            instance,
            fuel_given,
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
        work(guest, &mut self.store)
            .map_err(|error| failure(self.name, self.host, &self.store, self.fuel_given, &error))
    }

    fn fuel_left(&self) -> u64 {
        self.store.get_fuel().unwrap_or_default()
    }

    /// Adds the fuel that `bytes` of input are worth.
    fn feed(&mut self, bytes: usize) -> Result<(), HostError> {
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

    fn open(&mut self, settings: &str, context: &Context) -> Result<ResourceAny, HostError> {
        self.feed(
            settings
                .len()
                .saturating_add(context.policy.as_ref().map_or(0, String::len)),
        )?;
        let accepted = self.call(|guest, store| guest.call_validate_settings(store, settings))?;
        if let Err(errors) = accepted {
            let errors = errors.join("; ");
            return Err(HostError::new(
                self.name,
                HostErrorKind::Settings,
                crate::error::quote(&errors),
            ));
        }
        let opened = self.call(|guest, store| {
            lower::with_context(context, |context| guest.session().call_open(store, settings, context))
        })?;
        opened.map_err(|error| self.undecided(&error))
    }

    fn check(
        &mut self,
        session: ResourceAny,
        encoding: Encoding,
        batch: &[Change<'_>],
    ) -> Result<Vec<wit::Finding>, HostError> {
        let answer = match encoding {
            Encoding::Records => self.call(|guest, store| {
                lower::with_records(batch, |records| guest.session().call_check(store, session, records))
            })?,
            Encoding::JsonLines => {
                let mut text = String::new();
                for change in batch {
                    lines::write(&mut text, change);
                }
                self.call(|guest, store| guest.session().call_check_json(store, session, &text))?
            }
        };
        answer.map_err(|error| self.undecided(&error))
    }

    fn finish(&mut self, session: ResourceAny) -> Result<Vec<wit::Finding>, HostError> {
        self.call(|guest, store| guest.session().call_finish(store, session))?
            .map_err(|error| self.undecided(&error))
    }

    #[cold]
    fn undecided(&self, error: &str) -> HostError {
        let message = format!("could not decide: {}", crate::error::quote(error));
        HostError::new(self.name, HostErrorKind::Undecided, message)
    }
}

impl Host {
    /// Hands `blocks` to the module, as far as it is interested in them, and gives back what it found.
    ///
    /// The caller's thread works the blocks out while another one runs the module: the module meets the same batches
    /// in the same order, whatever the machine. `settings` is JSON text, `{}` where there are none. An error means
    /// that the module came to no verdict.
    pub fn run<'p>(
        &self,
        module: &Module,
        settings: &str,
        context: &Context,
        blocks: impl IntoIterator<Item = Change<'p>>,
    ) -> Result<Report, HostError> {
        let mut sandbox = Sandbox::new(self, &module.name, &module.pre)?;
        let session = sandbox.open(settings, context)?;
        let mut accepted = Accepted::new(&module.name, &self.limits, &module.description);
        let encoding = module.description.encoding;
        let (sender, receiver) = mpsc::sync_channel::<Batch<'p>>(BATCHES_AHEAD);
        let (spent, used) = mpsc::channel::<Vec<Change<'p>>>();
        thread::scope(|scope| {
            let guest = thread::Builder::new()
                .name(String::from("module"))
                .spawn_scoped(scope, move || {
                    for batch in receiver {
                        sandbox.feed(batch.bytes)?;
                        accepted.extend(sandbox.check(session, encoding, &batch.changes)?)?;
                        // The other side has time to clear away; where it has ended, this one does.
                        drop(spent.send(batch.changes));
                    }
                    accepted.extend(sandbox.finish(session)?)?;
                    Ok(Report {
                        usage: Usage {
                            fuel: sandbox.fuel_given.saturating_sub(sandbox.fuel_left()),
                            fuel_limit: sandbox.fuel_given,
                            memory_peak_bytes: sandbox.store.data().memory_peak_bytes(),
                            output_bytes: accepted.output_bytes,
                            changes: 0,
                        },
                        findings: accepted.findings,
                    })
                });
            let engine = |message: String| HostError::new(&module.name, HostErrorKind::Engine, message);
            let guest = guest.map_err(|error| engine(format!("no thread for the module: {error}")))?;
            let changes = deliver(module, blocks, &sender, &used);
            drop(sender);
            let mut report: Report = guest
                .join()
                .map_err(|_| engine(String::from("the module's thread ended")))??;
            report.usage.changes = changes;
            Ok(report)
        })
    }
}

/// Changes for one call, and what they weigh.
#[derive(Debug, Default)]
struct Batch<'p> {
    changes: Vec<Change<'p>>,
    bytes: usize,
}

/// Sends what the module wants to see, and returns how many changes that were. A guest that has stopped takes no more.
/// What it is done with comes back and is cleared away here, so that the guest does not wait for it.
fn deliver<'p>(
    module: &Module,
    blocks: impl IntoIterator<Item = Change<'p>>,
    guest: &mpsc::SyncSender<Batch<'p>>,
    used: &mpsc::Receiver<Vec<Change<'p>>>,
) -> usize {
    let mut interests = Interests::new(module);
    let mut batch = Batch::default();
    let mut count = 0_usize;
    for mut change in blocks {
        let Some(needs) = interests.needs(change.mode, &change.resource_type) else {
            continue;
        };
        needs.strip(&mut change);
        if module.trust == Trust::ThirdParty {
            change = nhi_plan::redact(&change);
        }
        batch.bytes = batch.bytes.saturating_add(weigh(&change));
        batch.changes.push(change);
        count = count.saturating_add(1);
        if batch.changes.len() >= BATCH_CHANGES || batch.bytes >= BATCH_BYTES {
            let next = Batch {
                changes: empty(used),
                bytes: 0,
            };
            if guest.send(std::mem::replace(&mut batch, next)).is_err() {
                return count;
            }
        }
    }
    if !batch.changes.is_empty() {
        // It has stopped by itself, and says why.
        drop(guest.send(batch));
    }
    count
}

/// A list for the next batch, where possible one that was used before. What came back is cleared away.
fn empty<'p>(used: &mpsc::Receiver<Vec<Change<'p>>>) -> Vec<Change<'p>> {
    let cleared = used.try_iter().map(|mut changes| {
        changes.clear();
        changes
    });
    cleared.last().unwrap_or_else(|| Vec::with_capacity(BATCH_CHANGES))
}

/// A module's interests, with the answers remembered: a plan has many blocks and few types.
struct Interests<'m> {
    module: &'m Module,
    known: HashMap<Mode, HashMap<String, Option<Needs>>>,
}

impl<'m> Interests<'m> {
    fn new(module: &'m Module) -> Self {
        Self {
            module,
            known: HashMap::new(),
        }
    }

    fn needs(&mut self, mode: Mode, resource_type: &str) -> Option<Needs> {
        let known = self.known.entry(mode).or_default();
        if let Some(needs) = known.get(resource_type) {
            return *needs;
        }
        let needs = self.module.description.needs(mode, resource_type);
        known.insert(resource_type.to_owned(), needs);
        needs
    }
}

/// The bytes of input that a change counts for.
fn weigh(change: &Change<'_>) -> usize {
    let texts = [
        &change.address,
        &change.config_address,
        &change.resource_type,
        &change.provider,
        &change.module_address,
    ];
    let options = [
        &change.previous_address,
        &change.before,
        &change.after,
        &change.configuration,
    ];
    let lists = change.unknown_paths.iter().chain(&change.sensitive_paths);
    let references = change
        .references
        .iter()
        .flat_map(|reference| std::iter::once(&reference.path).chain(&reference.addresses));
    let attributes = change.attributes.iter().flat_map(|(key, value)| [key, value]);
    let all = texts
        .into_iter()
        .chain(options.into_iter().flatten())
        .chain(lists)
        .chain(references)
        .chain(attributes);
    all.fold(CHANGE_BYTES, |sum, text| sum.saturating_add(text.len()))
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
