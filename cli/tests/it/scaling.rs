//! What a plan costs grows with the plan: no join compares everything with everything.
//!
//! Fuel is counted and not time, so that the test says the same on every machine. For larger plans than the test has
//! time for: `NHI_SCALING=1250,5000,20000 cargo test -p nhi-cli --test it scaling -- --nocapture`.

mod plans;

use crate::support::check;
use plans::{KINDS, Plan};

/// Units of three plans, each four times as large as the one before.
const SIZES: [usize; 3] = [250, 1_000, 4_000];
/// How much more a further change may cost in a larger plan: trees and sorting grow a little; a join by comparison
/// grows with the plan, and would cost four times as much.
const GROWTH_MAX: f64 = 1.25;

/// Fuel of the analyzer on a plan, and the number of changes.
fn fuel(build: plans::Build, units: usize) -> (f64, f64) {
    let mut plan = Plan::default();
    build(&mut plan, units);
    let (text, changes) = plan.finish();
    let ran = check(text, &["--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    let report = ran.json();
    let module = &report["modules"][0];
    assert_eq!(module["completed"], true);
    let fuel = module["usage"]["fuel"].as_u64().expect("fuel");
    let number = |value: u64| f64::from(u32::try_from(value / 1_000).expect("a plan of a size to test"));
    (
        number(fuel),
        f64::from(u32::try_from(changes).expect("a plan of a size to test")),
    )
}

fn sizes() -> [usize; 3] {
    let Ok(asked) = std::env::var("NHI_SCALING") else {
        return SIZES;
    };
    let numbers: Vec<usize> = asked
        .split(',')
        .map(|size| size.parse().expect("three sizes"))
        .collect();
    numbers.try_into().expect("three sizes")
}

#[test]
fn a_further_change_costs_the_same_in_a_larger_plan() {
    let [small, middle, large] = sizes();
    println!("\n| what there is much of | up to {middle} units | up to {large} units | growth |\n|---|---|---|---|");
    let mut grown = Vec::new();
    for (name, build) in KINDS {
        // What is built once, whatever the plan, is in both and falls out.
        let further = |from: usize, to: usize| {
            let ((less, few), (more, many)) = (fuel(build, from), fuel(build, to));
            (more - less) / (many - few)
        };
        let (before, after) = (further(small, middle), further(middle, large));
        let growth = after / before;
        println!("| {name} | {before:.1} | {after:.1} | {growth:.2} |");
        if growth > GROWTH_MAX {
            grown.push(format!("{name}: {before:.1} to {after:.1} thousand fuel a change"));
        }
    }
    assert!(
        grown.is_empty(),
        "a change costs more in a larger plan:\n{}",
        grown.join("\n")
    );
}
