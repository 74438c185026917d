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

/// How much of its fuel the analyzer may use on the costliest plan: a fourth is what the limits are set to, and beyond
/// a half they are to be set anew.
const SHARE_MAX: f64 = 0.5;

/// What the analyzer used on a plan.
#[derive(Clone, Copy)]
struct Used {
    /// In thousands.
    fuel: f64,
    changes: f64,
    /// Of the fuel that it was given.
    share: f64,
}

fn used(build: plans::Build, units: usize) -> Used {
    let mut plan = Plan::default();
    build(&mut plan, units);
    let (text, changes) = plan.finish();
    let ran = check(text, &["--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    let report = ran.json();
    let module = &report["modules"][0];
    assert_eq!(module["completed"], true);
    let usage = |name: &str| module["usage"][name].as_u64().expect(name);
    let number = |value: u64| f64::from(u32::try_from(value).expect("a plan of a size to test"));
    let (fuel, limit) = (number(usage("fuel") / 1_000), number(usage("fuel_limit") / 1_000));
    Used {
        fuel,
        changes: number(changes.try_into().expect("a plan of a size to test")),
        share: fuel / limit,
    }
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
    println!(
        "\n| what there is much of | up to {middle} units | up to {large} units | growth | share of the fuel |\n|---|---|---|---|---|"
    );
    let mut complaints = Vec::new();
    for (name, build) in KINDS {
        let sizes = [small, middle, large].map(|units| used(build, units));
        // What is built once, whatever the plan, is in both and falls out.
        let further = |less: Used, more: Used| (more.fuel - less.fuel) / (more.changes - less.changes);
        let [first, second, third] = sizes;
        let (before, after) = (further(first, second), further(second, third));
        let growth = after / before;
        let share = sizes.iter().map(|used| used.share).fold(0.0, f64::max);
        println!(
            "| {name} | {before:.1} | {after:.1} | {growth:.2} | {:.0} % |",
            share * 100.0
        );
        if growth > GROWTH_MAX {
            complaints.push(format!(
                "{name}: a change costs more in a larger plan, {before:.1} to {after:.1} thousand fuel"
            ));
        }
        if share > SHARE_MAX {
            complaints.push(format!("{name}: {:.0} % of the fuel is used", share * 100.0));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
