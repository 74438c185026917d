//! Runs a module over the blocks of one plan.
//!
//! Fuel is handed out as input arrives, so that the same blocks meet the same limit on every machine. Where a module
//! judges each block alone the plan is cut into sessions, always at the same places; how many of them run at once is
//! the machine's affair and changes nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use nhi_plan::{Change, Context, Finding, Sharding};

use crate::accept::Accepted;
use crate::canary;
use crate::deliver::{Batch, Feed, Shard, weigh};
use crate::host::{Host, Module};
use crate::limits::{BATCH_BYTES, BATCH_CHANGES, BATCHES_AHEAD, SHARD_BYTES, SHARD_CHANGES};
use crate::session::Session;
use crate::{HostError, HostErrorKind};

/// Batches of one session that may wait: all of them, so that the next session can start meanwhile.
const SHARD_BATCHES: usize = SHARD_CHANGES / BATCH_CHANGES + SHARD_BYTES / BATCH_BYTES + 2;

/// What a run brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The module's findings, in the order in which it made them.
    pub findings: Vec<Finding>,
    /// What it used.
    pub usage: Usage,
}

/// What a run used. It is the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel burned.
    pub fuel: u64,
    /// Fuel that it was given for its input; with more than that it would have been stopped.
    pub fuel_limit: u64,
    /// Linear memory of a session at its peak.
    pub memory_peak_bytes: usize,
    /// Bytes of the findings' texts.
    pub output_bytes: usize,
    /// Blocks that the module was handed.
    pub changes: usize,
    /// Sessions that the plan was cut into.
    pub sessions: usize,
    /// Canaries that were mixed in, all of which were flagged.
    pub canaries: usize,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.fuel_limit = self.fuel_limit.saturating_add(other.fuel_limit);
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        self.output_bytes = self.output_bytes.saturating_add(other.output_bytes);
        self.changes = self.changes.saturating_add(other.changes);
        self.sessions = self.sessions.saturating_add(other.sessions);
        self.canaries = self.canaries.saturating_add(other.canaries);
    }
}

/// What is the same for all sessions of a run.
#[derive(Clone, Copy)]
pub(crate) struct Job<'j> {
    pub(crate) host: &'j Host,
    pub(crate) module: &'j Module,
    pub(crate) settings: &'j str,
    pub(crate) context: &'j Context,
}

impl Host {
    /// Hands `blocks` to the module, as far as it is interested in them, and gives back what it found.
    ///
    /// The caller's thread works the blocks out while others run the module: the module meets the same batches in the
    /// same order, whatever the machine. `settings` is JSON text, `{}` where there are none. An error means that the
    /// module came to no verdict.
    pub fn run<'p>(
        &self,
        module: &Module,
        settings: &str,
        context: &Context,
        blocks: impl IntoIterator<Item = Change<'p>>,
    ) -> Result<Report, HostError> {
        module.judge_settings(settings)?;
        let job = Job {
            host: self,
            module,
            settings,
            context,
        };
        let feed = Feed::new(module, blocks.into_iter());
        match module.description.sharding {
            Sharding::WholePlan => job.whole(feed),
            Sharding::PerResource => job.split(feed),
        }
    }
}

impl Job<'_> {
    /// One session sees everything; canaries would count among its facts, so each gets a session of its own.
    fn whole<'p>(self, feed: Feed<'_, 'p, impl Iterator<Item = Change<'p>>>) -> Result<Report, HostError> {
        let (sender, batches) = mpsc::sync_channel(BATCHES_AHEAD);
        let (spent, used) = mpsc::channel();
        let feed = feed.clearing(used);
        let (mut report, seed) = thread::scope(|scope| {
            let guest = self.spawn(scope, move || self.session(batches, false, Some(&spent)))?;
            let mut seed = None;
            for batch in feed {
                seed = seed.or_else(|| batch.seed());
                // A guest that has stopped takes no more, and says why.
                if sender.send(batch).is_err() {
                    break;
                }
            }
            drop(sender);
            let report = guest.join().map_err(|_| self.ended())??;
            Ok((report, seed))
        })?;
        self.canaries_apart(seed.as_deref(), &mut report)?;
        Ok(report)
    }

    /// Sessions of the same size on every machine, as many at once as this one has workers.
    fn split<'p>(self, feed: Feed<'_, 'p, impl Iterator<Item = Change<'p>>>) -> Result<Report, HostError> {
        // A session is handed over when a worker is free for it.
        let (jobs, waiting) = mpsc::sync_channel::<(usize, mpsc::Receiver<Batch<Change<'p>>>)>(0);
        let waiting = Mutex::new(waiting);
        let results = Mutex::new(Vec::new());
        let has_failed = AtomicBool::new(false);
        let work = || {
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((number, batches)) = next else { return };
                let result = self.session(batches, true, None);
                has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                results
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((number, result));
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.host.workers)
                .map(|_| self.spawn(scope, work))
                .collect::<Result<_, _>>()?;
            distribute(feed, &jobs, &has_failed);
            drop(jobs);
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().map_err(|_| self.ended()))
        })?;
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(number, _)| *number);
        self.merge(results.into_iter().map(|(_, result)| result))
    }

    /// The results of all sessions as one, or the failure of the first that failed.
    pub(crate) fn merge(self, results: impl Iterator<Item = Result<Report, HostError>>) -> Result<Report, HostError> {
        let mut whole = Report {
            findings: Vec::new(),
            usage: Usage::default(),
        };
        for result in results {
            let report = result?;
            whole.findings.extend(report.findings);
            whole.usage.add(report.usage);
        }
        let limits = &self.host.limits;
        Accepted::within(
            &self.module.name,
            limits,
            whole.findings.len(),
            whole.usage.output_bytes,
        )?;
        Ok(whole)
    }

    /// One session from its opening to its end.
    fn session<'p>(
        self,
        batches: impl IntoIterator<Item = Batch<Change<'p>>>,
        with_canaries: bool,
        spent: Option<&mpsc::Sender<Vec<Change<'p>>>>,
    ) -> Result<Report, HostError> {
        let mut session = Session::open(self, with_canaries)?;
        for mut batch in batches {
            session.take(&mut batch)?;
            if let Some(spent) = spent {
                // The other side has time to clear away; where it has ended, this one does.
                drop(spent.send(batch.changes));
            }
        }
        session.finish()
    }

    /// Judges each canary by itself, where a module sees the whole plan: it would count among the plan's facts.
    pub(crate) fn canaries_apart(self, seed: Option<&str>, report: &mut Report) -> Result<(), HostError> {
        let description = &self.module.description;
        for placed in seed.into_iter().flat_map(|seed| canary::place(description, seed)) {
            let batch = Batch {
                bytes: weigh(&placed.change),
                changes: vec![placed.change.clone()],
            };
            let mut alone = self.session([batch], false, None)?;
            canary::collect(&self.module.name, &[placed], &mut alone.findings)?;
            report.usage.fuel = report.usage.fuel.saturating_add(alone.usage.fuel);
            report.usage.fuel_limit = report.usage.fuel_limit.saturating_add(alone.usage.fuel_limit);
            report.usage.canaries += 1;
        }
        Ok(())
    }

    fn spawn<'scope, 'env, T: Send + 'scope>(
        self,
        scope: &'scope thread::Scope<'scope, 'env>,
        work: impl FnOnce() -> T + Send + 'scope,
    ) -> Result<thread::ScopedJoinHandle<'scope, T>, HostError> {
        let thread = thread::Builder::new().name(String::from("module"));
        thread
            .spawn_scoped(scope, work)
            .map_err(|error| self.engine(format!("no thread for the module: {error}")))
    }

    #[cold]
    fn ended(self) -> HostError {
        self.engine(String::from("the module's thread ended"))
    }

    #[cold]
    fn engine(self, message: String) -> HostError {
        HostError::new(&self.module.name, HostErrorKind::Engine, message)
    }
}

/// Cuts what the module wants into sessions. A module that wants nothing is opened and closed all the same.
fn distribute<'p>(
    feed: impl Iterator<Item = Batch<Change<'p>>>,
    jobs: &mpsc::SyncSender<(usize, mpsc::Receiver<Batch<Change<'p>>>)>,
    has_failed: &AtomicBool,
) {
    let start = |number: usize| {
        let (sender, batches) = mpsc::sync_channel(SHARD_BATCHES);
        jobs.send((number, batches)).is_ok().then_some(sender)
    };
    let mut number = 0;
    let mut session = start(number);
    let mut shard = Shard::default();
    for batch in feed {
        if shard.is_full() {
            if has_failed.load(Ordering::Relaxed) {
                return;
            }
            number += 1;
            shard = Shard::default();
            // Its worker may be the only one: it has to hear that this session is over before it can take the next.
            drop(session.take());
            session = start(number);
        }
        shard.add(&batch);
        // A session that has failed takes no more; the next one is not begun.
        let Some(session) = &session else { return };
        drop(session.send(batch));
    }
}
