//! One session: a module at work on its part of a plan, batch by batch.

use wasmtime::component::ResourceAny;

use crate::HostError;
use crate::accept::Accepted;
use crate::canary::{self, Placed};
use crate::deliver::{Batch, Handed};
use crate::host::Module;
use crate::run::{Job, Report, Usage};
use crate::sandbox::Sandbox;

/// A session that is open.
pub(crate) struct Session<'h> {
    module: &'h Module,
    sandbox: Sandbox<'h>,
    handle: ResourceAny,
    accepted: Accepted<'h>,
    changes: usize,
    with_canaries: bool,
    /// The canaries that were mixed in, once there was something to mix them into.
    canaries: Option<Vec<Placed<'h>>>,
}

impl<'h> Session<'h> {
    pub(crate) fn open(job: Job<'h>, with_canaries: bool) -> Result<Self, HostError> {
        let Job { host, module, .. } = job;
        let mut sandbox = Sandbox::new(host, &module.name, module.trust, &module.pre)?;
        let handle = sandbox.open(job.settings, job.context)?;
        Ok(Self {
            module,
            sandbox,
            handle,
            accepted: Accepted::new(&module.name, &host.limits, &module.description),
            changes: 0,
            with_canaries,
            canaries: None,
        })
    }

    /// Lets the module judge a batch.
    pub(crate) fn take<'p, C: Handed<'p>>(&mut self, batch: &mut Batch<C>) -> Result<(), HostError> {
        self.changes = self.changes.saturating_add(batch.changes.len());
        if self.with_canaries && self.canaries.is_none() {
            self.canaries = Some(batch.mix_canaries(&self.module.description));
        }
        self.sandbox.feed(batch.bytes)?;
        let encoding = self.module.description.encoding;
        let found = self.sandbox.check::<C>(self.handle, encoding, &batch.changes)?;
        self.accepted.extend(found)
    }

    /// Ends it.
    pub(crate) fn finish(mut self) -> Result<Report, HostError> {
        self.accepted.extend(self.sandbox.finish(self.handle)?)?;
        let canaries = self.canaries.unwrap_or_default();
        let (mut findings, mut output_bytes) = (self.accepted.findings, self.accepted.output_bytes);
        if !canaries.is_empty() {
            canary::collect(&self.module.name, &canaries, &mut findings)?;
            output_bytes = findings.iter().map(crate::accept::weigh).sum();
        }
        Ok(Report {
            findings,
            usage: Usage {
                fuel: self.sandbox.fuel_used(),
                fuel_limit: self.sandbox.fuel_given(),
                memory_peak_bytes: self.sandbox.memory_peak_bytes(),
                output_bytes,
                changes: self.changes,
                sessions: 1,
                canaries: canaries.len(),
            },
        })
    }
}
