//! What keeps the process alive and what ends it.
//!
//! A core that is killed tells nobody. Its provider would live on with an open socket, or, if it simply went with the
//! connection, cut an apply in two. So connections and mutating work are counted, and the process ends when there are
//! none of either.

use std::time::Duration;

use tokio::sync::watch;

/// How long after the last connection closed a core may come back: gRPC reconnects at once.
const RECONNECT_WINDOW: Duration = Duration::from_millis(250);
/// How long a provider waits for its first connection: as long as the core waits for the provider.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_mins(1);

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The core asked for it. `answered`: every mutating call had been answered by then.
    Asked { answered: bool },
    /// The last connection closed and none came back: the core is gone.
    Orphaned,
    /// Nobody ever connected.
    NeverConnected,
    /// The system asked for it.
    Terminated,
}

#[derive(Debug, Default)]
struct Counts {
    connections: usize,
    ever_connected: bool,
    work: usize,
    /// Mutating calls whose caller went before the answer came.
    unanswered: usize,
    asked: Option<bool>,
    closing: bool,
}

/// The counts, shared by the listener, the services and the main task.
#[derive(Debug, Clone)]
pub(super) struct Life(watch::Sender<Counts>);

impl Life {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Counts::default()))
    }

    /// Counts a connection until the guard drops.
    pub(super) fn connection(&self) -> OpenConnection {
        self.0.send_modify(|counts| {
            counts.connections += 1;
            counts.ever_connected = true;
        });
        OpenConnection(self.clone())
    }

    /// Counts a piece of work that must not be cut until the guard drops.
    pub(super) fn work(&self) -> Work {
        self.0.send_modify(|counts| counts.work += 1);
        Work(self.clone())
    }

    /// Notes an answer as lost unless it is said to be given.
    pub(super) fn answer(&self) -> Answer {
        Answer {
            life: self.clone(),
            given: false,
        }
    }

    /// The core asks the process to end.
    pub(super) fn ask(&self) {
        self.0.send_modify(|counts| {
            counts.asked = Some(counts.work == 0 && counts.unanswered == 0);
        });
    }

    /// Tells the services to end.
    pub(super) fn close(&self) {
        self.0.send_modify(|counts| counts.closing = true);
    }

    /// Resolves when the services are to end.
    pub(super) async fn closing(&self) {
        self.wait(|counts| counts.closing).await;
    }

    /// Resolves when no work is in flight.
    pub(super) async fn idle(&self) {
        self.wait(|counts| counts.work == 0).await;
    }

    /// Resolves when the core has asked the process to end.
    pub(super) async fn asked(&self) -> End {
        self.wait(|counts| counts.asked.is_some()).await;
        End::Asked {
            answered: self.0.borrow().asked == Some(true),
        }
    }

    /// Resolves when there is no core any more, or never was one.
    pub(super) async fn abandoned(&self) -> End {
        let first = self.wait(|counts| counts.ever_connected);
        if tokio::time::timeout(FIRST_CONNECTION_LIMIT, first).await.is_err() {
            return End::NeverConnected;
        }
        loop {
            self.wait(|counts| counts.connections == 0).await;
            let back = self.wait(|counts| counts.connections > 0);
            if tokio::time::timeout(RECONNECT_WINDOW, back).await.is_err() {
                return End::Orphaned;
            }
        }
    }

    async fn wait(&self, until: impl Fn(&Counts) -> bool) {
        // The sender lives in `self`, so the channel cannot be closed.
        let _ = self.0.subscribe().wait_for(|counts| until(counts)).await;
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct OpenConnection(Life);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0
            .0
            .send_modify(|counts| counts.connections = counts.connections.saturating_sub(1));
    }
}

/// Work in flight.
#[derive(Debug)]
pub(super) struct Work(Life);

impl Drop for Work {
    fn drop(&mut self) {
        self.0
            .0
            .send_modify(|counts| counts.work = counts.work.saturating_sub(1));
    }
}

/// An answer that is owed.
#[derive(Debug)]
pub(super) struct Answer {
    life: Life,
    given: bool,
}

impl Answer {
    /// The answer went to the connection.
    pub(super) fn given(mut self) {
        self.given = true;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.given {
            self.life.0.send_modify(|counts| counts.unanswered += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the clock paused, every timer fires as soon as nothing else can happen.
    #[tokio::test(start_paused = true)]
    async fn the_process_ends_for_the_right_reason() {
        let life = Life::new();
        assert_eq!(life.abandoned().await, End::NeverConnected);

        let first = life.connection();
        let second = life.connection();
        drop(first);
        let early = tokio::time::timeout(FIRST_CONNECTION_LIMIT * 10, life.abandoned()).await;
        assert!(early.is_err(), "ended although a connection is open");
        drop(second);
        assert_eq!(life.abandoned().await, End::Orphaned);

        life.ask();
        assert_eq!(life.asked().await, End::Asked { answered: true });
    }

    #[tokio::test(start_paused = true)]
    async fn a_core_may_reconnect() {
        let life = Life::new();
        let first = life.connection();
        let watcher = tokio::spawn({
            let life = life.clone();
            async move { life.abandoned().await }
        });
        tokio::task::yield_now().await;
        drop(first);
        tokio::time::sleep(RECONNECT_WINDOW / 2).await;
        let second = life.connection();
        tokio::time::sleep(RECONNECT_WINDOW * 4).await;
        assert!(!watcher.is_finished(), "the reconnected core was given up");
        drop(second);
        assert_eq!(watcher.await.unwrap(), End::Orphaned);
    }

    #[tokio::test]
    async fn a_lost_answer_or_open_work_is_not_answered() {
        let life = Life::new();
        life.answer().given();
        life.ask();
        assert_eq!(life.asked().await, End::Asked { answered: true });

        let work = life.work();
        life.ask();
        assert_eq!(life.asked().await, End::Asked { answered: false });
        drop(work);
        life.idle().await;
        life.ask();
        assert_eq!(life.asked().await, End::Asked { answered: true });

        drop(life.answer());
        life.ask();
        assert_eq!(life.asked().await, End::Asked { answered: false });
    }
}
