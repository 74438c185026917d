//! Runs several modules over one plan at the same time.
//!
//! A block is worked out once for all modules, and what they get to see of it is made once for those that asked for the
//! same. Each module meets the batches and sessions that it would meet alone, in the same order: findings and fuel are
//! those of [`Host::run`], whoever else runs and however many workers there are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use nhi_plan::{Change, Context, Mode, Needs, Sharding};

use crate::deliver::{Batch, Shard, redacted, weigh};
use crate::host::{Host, Module};
use crate::limits::{BATCHES_AHEAD, TOGETHER};
use crate::run::{Job, Report};
use crate::session::Session;
use crate::{HostError, HostErrorKind};

/// A module, and what it is run with.
#[derive(Debug, Clone, Copy)]
pub struct Task<'t> {
    /// The module.
    pub module: &'t Module,
    /// Its settings as JSON text, `{}` where there are none.
    pub settings: &'t str,
    /// What it may know beside the blocks.
    pub context: &'t Context,
}

/// A change that several modules are handed.
type Shared<'p> = Arc<Change<'p>>;

impl Host {
    /// Hands the blocks to each of these modules, as far as it is interested in them. What came of the tasks stands in
    /// their order.
    ///
    /// `blocks` is asked for the plan's blocks once for all of them, or more often where there are very many.
    pub fn run_together<'p, I: IntoIterator<Item = Change<'p>>>(
        &self,
        tasks: &[Task<'_>],
        mut blocks: impl FnMut() -> I,
    ) -> Vec<Result<Report, HostError>> {
        let mut results = Vec::with_capacity(tasks.len());
        for tasks in tasks.chunks(TOGETHER) {
            results.extend(match tasks {
                [task] => vec![self.run(task.module, task.settings, task.context, blocks())],
                tasks => self.run_some(tasks, blocks()),
            });
        }
        results
    }

    fn run_some<'p>(
        &self,
        tasks: &[Task<'_>],
        blocks: impl IntoIterator<Item = Change<'p>>,
    ) -> Vec<Result<Report, HostError>> {
        let runners: Vec<Mutex<Runner<'_>>> = tasks.iter().map(|task| Mutex::new(Runner::new(self, task))).collect();
        let board = Board::new(tasks.len());
        thread::scope(|scope| {
            let workers = self.workers.min(tasks.len());
            let spawned = (0..workers).filter_map(|_| {
                let thread = thread::Builder::new().name(String::from("modules"));
                thread.spawn_scoped(scope, || board.work(&runners)).ok()
            });
            let spawned: Vec<_> = spawned.collect();
            Spread::new(tasks).distribute(blocks, &board, spawned.is_empty());
            if spawned.is_empty() {
                // Without a thread of their own the modules run here, after all of the plan.
                board.work(&runners);
            }
        });
        runners
            .into_iter()
            .map(|runner| runner.into_inner().unwrap_or_else(PoisonError::into_inner).result())
            .collect()
    }
}

/// Which modules want which blocks.
struct Spread<'t> {
    tasks: &'t [Task<'t>],
    known: HashMap<Mode, HashMap<String, Vec<Group>>>,
}

/// Modules that are handed the same of a block.
struct Group {
    needs: Needs,
    sees_sensitive: bool,
    tasks: Vec<usize>,
}

impl<'t> Spread<'t> {
    fn new(tasks: &'t [Task<'t>]) -> Self {
        Self {
            tasks,
            known: HashMap::new(),
        }
    }

    /// The groups that may want blocks of this mode and type.
    fn groups(&mut self, mode: Mode, resource_type: &str) -> &[Group] {
        let tasks = self.tasks;
        let known = self.known.entry(mode).or_default();
        if !known.contains_key(resource_type) {
            let mut groups: Vec<Group> = Vec::new();
            for (number, task) in tasks.iter().enumerate() {
                let Some(needs) = task.module.description.needs(mode, resource_type) else {
                    continue;
                };
                let sees_sensitive = task.module.sees_sensitive();
                let same = |group: &&mut Group| group.needs == needs && group.sees_sensitive == sees_sensitive;
                match groups.iter_mut().find(same) {
                    Some(group) => group.tasks.push(number),
                    None => groups.push(Group {
                        needs,
                        sees_sensitive,
                        tasks: vec![number],
                    }),
                }
            }
            known.insert(resource_type.to_owned(), groups);
        }
        known.get(resource_type).map_or(&[], Vec::as_slice)
    }

    /// Works the blocks out and puts them on the board, batch by batch.
    fn distribute<'p>(mut self, blocks: impl IntoIterator<Item = Change<'p>>, board: &Board<'p>, is_alone: bool) {
        let mut batches: Vec<Batch<Shared<'p>>> = self.tasks.iter().map(|_| Batch::new()).collect();
        for block in blocks {
            for group in self.groups(block.mode, &block.resource_type) {
                let mut change = block.clone();
                if !group.needs.deliver(&mut change) {
                    continue;
                }
                if !group.sees_sensitive {
                    change = redacted(change);
                }
                let (bytes, change) = (weigh(&change), Arc::new(change));
                for &task in &group.tasks {
                    let Some(batch) = batches.get_mut(task) else { continue };
                    batch.push(Arc::clone(&change), bytes);
                    if batch.is_full() {
                        board.put(task, std::mem::replace(batch, Batch::new()), is_alone);
                    }
                }
            }
        }
        for (task, batch) in batches.into_iter().enumerate() {
            if !batch.changes.is_empty() {
                board.put(task, batch, is_alone);
            }
        }
        board.close();
    }
}

/// What waits for the modules. Who works takes whatever waits for a module that nobody else is at.
struct Board<'p> {
    state: Mutex<State<'p>>,
    /// Something waits, or nothing more will.
    work: Condvar,
    /// There is room for more.
    room: Condvar,
}

#[derive(Default)]
struct State<'p> {
    lanes: Vec<Lane<'p>>,
    /// Batches that wait, of all lanes.
    waiting: usize,
    is_closed: bool,
}

/// What waits for one module.
#[derive(Default)]
struct Lane<'p> {
    batches: VecDeque<Batch<Shared<'p>>>,
    /// Somebody is at it.
    is_taken: bool,
    /// It came to its end, or failed and takes no more.
    is_done: bool,
}

impl<'p> Board<'p> {
    fn new(lanes: usize) -> Self {
        let mut state = State::default();
        state.lanes.resize_with(lanes, Lane::default);
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'p>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch; waits while there are many, unless nobody would ever take one.
    fn put(&self, lane: usize, batch: Batch<Shared<'p>>, is_alone: bool) {
        let mut state = self.lock();
        let most = state.lanes.len().saturating_mul(BATCHES_AHEAD);
        while state.waiting >= most && !is_alone {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(lane) = state.lanes.get_mut(lane).filter(|lane| !lane.is_done) else {
            return;
        };
        lane.batches.push_back(batch);
        let is_idle = !lane.is_taken;
        state.waiting += 1;
        drop(state);
        if is_idle {
            self.work.notify_one();
        }
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }

    /// All that waits for one module that nobody is at, and whether that is the last of it. `None`: all is done.
    fn take(&self) -> Option<(usize, VecDeque<Batch<Shared<'p>>>, bool)> {
        let mut state = self.lock();
        loop {
            let is_closed = state.is_closed;
            let free = state.lanes.iter_mut().enumerate();
            let free =
                free.filter(|(_, lane)| !lane.is_taken && !lane.is_done && (is_closed || !lane.batches.is_empty()));
            // The one that is furthest behind, so that none holds the others up.
            if let Some((number, lane)) = free.max_by_key(|(_, lane)| lane.batches.len()) {
                lane.is_taken = true;
                return Some((number, std::mem::take(&mut lane.batches), is_closed));
            }
            if is_closed && state.lanes.iter().all(|lane| lane.is_done || lane.is_taken) {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a module back.
    fn give_back(&self, lane: usize, taken: usize, is_done: bool) {
        let mut state = self.lock();
        let mut gone = taken;
        if let Some(lane) = state.lanes.get_mut(lane) {
            lane.is_taken = false;
            lane.is_done = is_done;
            if is_done {
                gone += lane.batches.len();
                lane.batches.clear();
            }
        }
        state.waiting = state.waiting.saturating_sub(gone);
        drop(state);
        self.room.notify_all();
        self.work.notify_all();
    }

    /// Lets modules judge until there is nothing more.
    fn work(&self, runners: &[Mutex<Runner<'_>>]) {
        while let Some((number, batches, is_last)) = self.take() {
            let taken = batches.len();
            let is_done = match runners.get(number) {
                None => true,
                Some(runner) => {
                    // A lane has one at a time, so nobody waits here.
                    let mut runner = runner.lock().unwrap_or_else(PoisonError::into_inner);
                    for batch in batches {
                        runner.take(batch);
                    }
                    if is_last {
                        runner.end();
                    }
                    is_last || runner.has_failed()
                }
            };
            self.give_back(number, taken, is_done);
        }
    }
}

/// A module on its way through the plan.
struct Runner<'h> {
    job: Job<'h>,
    session: Option<Session<'h>>,
    /// What the open session has been handed.
    shard: Shard,
    /// The sessions that came to their end.
    reports: Vec<Report>,
    /// Where the first change stands.
    seed: Option<String>,
    result: Option<Result<Report, HostError>>,
}

impl<'h> Runner<'h> {
    fn new(host: &'h Host, task: &Task<'h>) -> Self {
        Self {
            job: Job {
                host,
                module: task.module,
                settings: task.settings,
                context: task.context,
            },
            session: None,
            shard: Shard::default(),
            reports: Vec::new(),
            seed: None,
            result: task.module.judge_settings(task.settings).err().map(Err),
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }

    fn is_split(&self) -> bool {
        self.job.module.description.sharding == Sharding::PerResource
    }

    fn take(&mut self, batch: Batch<Shared<'_>>) {
        if self.result.is_none()
            && let Err(error) = self.judge(batch)
        {
            // Its memory is free for the others.
            self.session = None;
            self.result = Some(Err(error));
        }
    }

    fn judge(&mut self, mut batch: Batch<Shared<'_>>) -> Result<(), HostError> {
        if self.seed.is_none() {
            self.seed = batch.seed();
        }
        if self.is_split() && self.shard.is_full() {
            self.close()?;
        }
        self.shard.add(&batch);
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(self.job, self.is_split())?,
        };
        session.take(&mut batch)?;
        self.session = Some(session);
        Ok(())
    }

    fn close(&mut self) -> Result<(), HostError> {
        self.shard = Shard::default();
        if let Some(session) = self.session.take() {
            self.reports.push(session.finish()?);
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.result.is_none() {
            self.result = Some(self.conclude());
        }
    }

    fn conclude(&mut self) -> Result<Report, HostError> {
        if self.session.is_none() && self.reports.is_empty() {
            // A module that wants nothing is opened and closed all the same.
            self.session = Some(Session::open(self.job, self.is_split())?);
        }
        self.close()?;
        let mut report = self.job.merge(std::mem::take(&mut self.reports).into_iter().map(Ok))?;
        if !self.is_split() {
            self.job.canaries_apart(self.seed.as_deref(), &mut report)?;
        }
        Ok(report)
    }

    fn result(self) -> Result<Report, HostError> {
        let name = &self.job.module.name;
        let lost = || HostError::new(name, HostErrorKind::Engine, "the module's thread ended");
        self.result.unwrap_or_else(|| Err(lost()))
    }
}
