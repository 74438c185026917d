//! A check with locked modules asks nobody: it runs where there is no network at all.

use std::process::Command;

use anyhow::ensure;
use support::cores::skip_unless_ci;
use support::{Nhi, Outcome};

use super::{World, codes};

/// A new user namespace, in which anybody may have an empty network namespace.
const ALONE: [&str; 2] = ["unshare", "-rn"];

#[test]
fn a_check_runs_in_an_empty_network_namespace() -> Outcome {
    let [program, option] = ALONE;
    let tried = Command::new(program).args([option, "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        return skip_unless_ci("no network namespaces without privileges on this machine (`unshare -rn`)");
    }
    let world = World::locked()?;
    let arguments = ["check", "plan.json", "--format", "json"];
    let alone = world
        .at_home(Nhi::started_by(&ALONE, world.folder.path())?)
        .args(arguments);
    let report = alone.json(1)?;
    ensure!(codes(&report) == ["TEAM001", "XTRA001"], "{report}");
    let here = world.check(&[], 1)?;
    ensure!(report["findings"] == here["findings"] && report["modules"] == here["modules"]);
    // The namespace is what it should be: from in there the registry cannot be reached.
    let update = world.at_home(Nhi::started_by(&ALONE, world.folder.path())?);
    update
        .args(["module", "update"])
        .run()?
        .exits(3)?
        .says(&["NHI-MODULE-REGISTRY"])?;
    // What needs no registry works there too.
    let lock = world.at_home(Nhi::started_by(&ALONE, world.folder.path())?);
    lock.args(["module", "lock", "--check"]).run()?.exits(0)?;
    for (arguments, words) in [
        (&["rules"][..], ["TEAM001", "XTRA001"]),
        (&["explain", "TEAM001"], ["TEAM001", "as the lock file pins it"]),
    ] {
        let asked = world.at_home(Nhi::started_by(&ALONE, world.folder.path())?);
        asked.args(arguments.iter().copied()).run()?.exits(0)?.says(&words)?;
    }
    Ok(())
}
