//! What a plan costs grows with the plan: no join compares everything with everything.
//!
//! Fuel is counted and not time, so that the test says the same on every machine. For larger plans than the test has
//! time for: `NHI_SCALING=5000,20000 cargo test -p nhi-cli --test it scaling -- --nocapture`.

mod plans;

use crate::support::check;
use plans::{KINDS, Plan};

/// Units of the smaller and of the larger plan.
const SIZES: [usize; 2] = [500, 2_000];
/// How much more a change may cost in a plan that is four times as large: trees and sorting grow a little; a join by
/// comparison grows with the plan.
const GROWTH_MAX: f64 = 1.15;

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

fn sizes() -> [usize; 2] {
    let Ok(asked) = std::env::var("NHI_SCALING") else {
        return SIZES;
    };
    let numbers: Vec<usize> = asked.split(',').map(|size| size.parse().expect("two sizes")).collect();
    numbers.try_into().expect("two sizes")
}

#[test]
fn a_change_costs_the_same_in_a_larger_plan() {
    let [small, large] = sizes();
    // Tables are built once, whatever the plan.
    let (base, _) = fuel(|_, _| (), 0);
    println!("\n| what there is much of | {small} units | {large} units | growth |\n|---|---|---|---|");
    let mut grown = Vec::new();
    for (name, build) in KINDS {
        let [less, more] = [small, large].map(|units| {
            let (fuel, changes) = fuel(build, units);
            (fuel - base) / changes
        });
        let growth = more / less;
        println!("| {name} | {less:.1} | {more:.1} | {growth:.2} |");
        if growth > GROWTH_MAX {
            grown.push(format!("{name}: {less:.1} to {more:.1} thousand fuel a change"));
        }
    }
    assert!(
        grown.is_empty(),
        "a change costs more in a larger plan:\n{}",
        grown.join("\n")
    );
}
