//! Whether the process that compiles can be made to do anything else, tried for real on this machine.

use super::Campaign;
use crate::compile::Compilation;
use crate::wall::{Wall, deed};

/// Runs the campaign. Where this kernel has no seccomp, only what the limits stop is tried: the doctor tells which it is.
pub(super) fn campaign(compilation: &Compilation, seed: u64) -> Campaign {
    let wall = match compilation.wall() {
        Ok(wall) => wall,
        Err(error) => {
            let cases = vec![(String::from("the wall itself"), Err(error.to_string()))];
            return Campaign::of("a compiler taken over", seed, cases, true);
        }
    };
    let tried = deed::DEEDS
        .iter()
        .filter(|deed| wall == Wall::Seccomp || deed.is_limited);
    let stopped = |deed: &deed::Deed| match compilation.attempt(deed) {
        Ok(()) => Err(String::from("was not stopped")),
        Err(_) => Ok(()),
    };
    let cases = tried.map(|deed| (deed.name.to_owned(), stopped(deed)));
    // What is allowed has to pass, or a process that does not even start would pass for one behind a wall.
    let planted = stopped(&deed::HARMLESS);
    Campaign::of(
        "a compiler taken over",
        seed,
        cases.collect::<Vec<_>>(),
        planted.is_err(),
    )
}
