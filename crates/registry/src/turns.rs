//! Writers take turns, and those of one process share commits.
//!
//! What a commit costs is the wait for the disk, or for a server and its disk. A core applies ten resources at once, so
//! whoever has written while others wait for their turn leaves the transaction open for them: each writes into it in a
//! way that can be undone by itself, so that a write that is refused takes nothing else with it, and the last one
//! commits for all. Nobody is answered before that commit is durable, and where it fails every one of them fails.
//!
//! A backend brings the connection, as a [`Line`]; who may write when is decided here for all of them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::RegistryError;

/// How many writes share a commit at most: other processes want their turn as well.
const WRITES_AT_ONCE_MAX: usize = 64;

/// The connection that writes.
pub(crate) trait Line {
    /// Why a transaction was lost, to be told to each of those who shared it.
    type Lost: Clone + fmt::Debug + Into<RegistryError>;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), RegistryError>;
    /// Goes on with the open transaction, so that what is written from here on can be undone by itself.
    fn join(&mut self) -> Result<(), Self::Lost>;
    /// Keeps what was just written for the commit.
    fn keep(&mut self, is_joined: bool) -> Result<(), Self::Lost>;
    /// Undoes what was just written, and ends the transaction where it holds nothing else. `error` is what the work
    /// ended with, nothing where it panicked.
    fn undo(&mut self, is_joined: bool, error: Option<&RegistryError>) -> Result<(), Self::Lost>;
    /// Makes durable what was kept. An error says that none of it is, and that none of it will be.
    fn commit(&mut self) -> Result<(), Self::Lost>;
    /// Ends the transaction, so that nothing of it becomes durable.
    fn abandon(&mut self, lost: &Self::Lost);
}

/// A connection that writes, and who has the turn.
#[derive(Debug)]
pub(crate) struct Turns<L: Line> {
    /// Those of this process that are about to take the turn.
    waiting: AtomicUsize,
    turn: Mutex<Turn<L>>,
}

/// What whoever has the turn holds.
#[derive(Debug)]
pub(crate) struct Turn<L: Line> {
    pub(crate) line: L,
    /// What the open transaction holds, where one was left open.
    batch: Option<Arc<Batch<L::Lost>>>,
}

/// Writes that share a commit.
#[derive(Debug)]
struct Batch<F> {
    writes: AtomicUsize,
    outcome: Mutex<Option<Result<(), F>>>,
    settled: Condvar,
}

/// What a write is part of, and whether it joined what others have written.
type Begun<F> = (Arc<Batch<F>>, bool);

impl<L: Line> Turns<L> {
    pub(crate) fn new(line: L) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            turn: Mutex::new(Turn { line, batch: None }),
        }
    }

    /// Runs some work with the turn to write, and returns once it is durable or undone.
    pub(crate) fn write(&self, work: impl FnOnce(&mut L) -> Result<(), RegistryError>) -> Result<(), RegistryError> {
        let mut turn = self.take();
        let (batch, is_joined) = turn.begin()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut turn.line)));
        let kept = match &done {
            Ok(Ok(())) => turn.line.keep(is_joined),
            Ok(Err(error)) => turn.line.undo(is_joined, Some(error)),
            Err(_) => turn.line.undo(is_joined, None),
        };
        match kept {
            Ok(()) => {
                if matches!(done, Ok(Ok(()))) {
                    batch.writes.fetch_add(1, Ordering::SeqCst);
                    turn.batch = Some(Arc::clone(&batch));
                }
                self.hand_on(&mut turn);
            }
            Err(lost) => turn.fail(&batch, lost),
        }
        drop(turn);
        match done {
            Ok(Ok(())) => batch.wait().map_err(Into::into),
            Ok(Err(error)) => Err(error),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// The connection, where nobody writes at the moment.
    pub(crate) fn idle(&self) -> Option<MutexGuard<'_, Turn<L>>> {
        let turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        turn.batch.is_none().then_some(turn)
    }

    /// The same, once nobody does.
    pub(crate) fn once_idle(&self) -> MutexGuard<'_, Turn<L>> {
        loop {
            let mut turn = self.take();
            self.hand_on(&mut turn);
            if turn.batch.is_none() {
                return turn;
            }
        }
    }

    fn take(&self) -> MutexGuard<'_, Turn<L>> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        turn
    }

    /// Leaves the open transaction, where there is one, to whoever waits, or commits it.
    ///
    /// INVARIANT: who is counted as waiting takes the turn next, and comes here in its turn.
    fn hand_on(&self, turn: &mut Turn<L>) {
        let Some(batch) = turn.batch.clone() else { return };
        let is_full = batch.writes.load(Ordering::SeqCst) >= WRITES_AT_ONCE_MAX;
        if !is_full && self.waiting.load(Ordering::SeqCst) > 0 {
            return;
        }
        match turn.line.commit() {
            Ok(()) => {
                turn.batch = None;
                batch.settle(Ok(()));
            }
            Err(lost) => turn.fail(&batch, lost),
        }
    }
}

impl<L: Line> Turn<L> {
    /// Begins a transaction, or joins the one that was left open; whether it joined.
    fn begin(&mut self) -> Result<Begun<L::Lost>, RegistryError> {
        if let Some(batch) = self.batch.clone() {
            match self.line.join() {
                Ok(()) => return Ok((batch, true)),
                // What was lost is not this writer's.
                Err(lost) => self.fail(&batch, lost),
            }
        }
        self.line.begin()?;
        Ok((Arc::default(), false))
    }

    /// Nothing of the open transaction becomes durable.
    fn fail(&mut self, batch: &Batch<L::Lost>, lost: L::Lost) {
        self.line.abandon(&lost);
        self.batch = None;
        batch.settle(Err(lost));
    }
}

impl<F> Default for Batch<F> {
    fn default() -> Self {
        Self {
            writes: AtomicUsize::new(0),
            outcome: Mutex::new(None),
            settled: Condvar::new(),
        }
    }
}

impl<F: Clone> Batch<F> {
    fn settle(&self, outcome: Result<(), F>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.settled.notify_all();
    }

    fn wait(&self) -> Result<(), F> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.settled.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
