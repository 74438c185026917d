//! Applies that have nothing to do, of every kind at once, while the clock runs on: nothing moves, and nothing is written.
//!
//! `NHI_CAMPAIGN=full` applies a thousand times through each core.

use anyhow::ensure;
use support::{Core, Outcome};

use crate::kinds::{CASES, everything, stack};
use crate::lifecycle::events;

support::legs!(rule_01_no_apply_moves_any_end);

/// How far the clock runs from one apply to the next; all of them end before anything that they apply does.
const STEP_SECONDS: usize = 600;

fn rule_01_no_apply_moves_any_end(core: &Core) -> Outcome {
    let is_full = std::env::var("NHI_CAMPAIGN").is_ok_and(|wanted| wanted == "full");
    let applies = if is_full { 1_000 } else { 4 };
    let mut stack = stack(core)?;
    stack.main(&everything(false))?;
    stack.apply()?.succeeds()?;
    let seen = |stack: &support::Stack| {
        let attributes = CASES.iter().map(|case| stack.attributes(&case.address()));
        attributes.collect::<anyhow::Result<Vec<_>>>()
    };
    // A second run knows what the first has put on record.
    stack.apply()?.succeeds()?;
    let (before, recorded) = (seen(&stack)?, events(&stack)?.len());
    for number in 1..=applies {
        stack.set("NHI_FAILPOINT_CLOCK", Some(&(number * STEP_SECONDS).to_string()));
        stack.apply()?.succeeds()?.says(&["0 added, 0 changed, 0 destroyed"])?;
    }
    for ((case, before), after) in CASES.iter().zip(before).zip(seen(&stack)?) {
        ensure!(before == after, "{}: {before} {after}", case.kind);
    }
    ensure!(events(&stack)?.len() == recorded, "{:?}", events(&stack)?);
    support::cores::say(&format!(
        "no-op applies of every kind through {}: {applies} cases, 0 failures, seed 0",
        core.kind.program()
    ));
    // A planted defect: a change is seen in the same comparison.
    stack.main(&everything(true))?;
    stack.apply()?.succeeds()?;
    ensure!(events(&stack)?.len() > recorded, "a change leaves no trace");
    Ok(())
}
