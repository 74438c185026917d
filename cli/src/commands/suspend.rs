//! `nhi suspend`: takes an identity out of use, now, until it is resumed.

use nhi_governance::Containment;

use crate::exit::{Exit, Failure};
use crate::operate::taking;
use crate::output::Console;

pub(crate) use crate::operate::taking::Args;

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    taking::run(args, Containment::Suspend, "suspended", console)
}
