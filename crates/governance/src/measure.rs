//! What the records and their history add up to: counts, controls that hold, ends ahead, owners, metrics.
//!
//! Whoever asks, a data source of the provider or the report of the command, is answered by the same functions, so that
//! no two answers of one registry differ. All of them are pure: a moment and records go in, numbers come out.

mod checks;
mod frameworks;
mod history;
mod horizon;
mod metrics;
mod ownership;
mod population;
mod share;

use crate::identity::Identity;
use crate::standing::{Context, Status};
use crate::time::Timestamp;

pub use checks::{CHECKS, Check, CheckScore, Judgement, Surroundings};
pub use frameworks::{ControlScore, FRAMEWORKS, Framework, FrameworkScore};
pub use history::{History, Told};
pub use horizon::{Day, HORIZON_DAYS, Horizon, ending};
pub use metrics::{
    AccessReviews, BreakGlassUse, Coverage, Exceptions, Metrics, NOT_MEASURED, Orphans, Revocations, Rotation, Spread,
};
pub use ownership::{Holding, KnownOwners, holdings};
pub use population::{Population, age_bucket};
pub use share::Share;

/// An identity on record and what else its standing depends on.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The identity.
    pub identity: &'a Identity,
    /// Its context.
    pub context: &'a Context,
}

impl Measured<'_> {
    /// What it is worth at a moment.
    pub fn status(&self, now: Timestamp) -> Status {
        self.identity.status(now, self.context)
    }
}
