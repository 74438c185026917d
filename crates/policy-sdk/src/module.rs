//! The one trait a module's author implements.

use nhi_plan::{Change, Context, Description};

use crate::Findings;

/// A policy module: what it says of itself, and how it judges the blocks of a plan.
pub trait PolicyModule: Sized + 'static {
    /// Name, rules and interests. The host drops blocks that match no interest before they reach the sandbox.
    fn describe() -> Description;

    /// Checks the settings before a run; the errors are messages for the operator.
    ///
    /// `settings` is JSON text, `{}` where the operator gave none.
    fn validate_settings(settings: &str) -> Result<(), Vec<String>> {
        let _ = settings;
        Ok(())
    }

    /// Starts the judgement of one plan.
    fn open(settings: &str, context: &Context) -> Result<Self, String>;

    /// Judges one block. An error means "could not decide" and fails the run: it is not a finding.
    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String>;

    /// Called once after the last block: judgements that need the whole plan.
    fn finish(&mut self, findings: &mut Findings) -> Result<(), String> {
        let _ = findings;
        Ok(())
    }
}
