//! Symbolic values against a real apply: with what became known put in for the symbols, they are what it made.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use support::{Core, Outcome, Stack};

#[path = "../../crates/evaluate/tests/common/applied.rs"]
#[expect(clippy::expect_used, reason = "helpers of tests fail the test")]
mod applied;

support::legs!(symbols_stand_for_what_apply_makes_known);

/// The configuration that the crate's own test has a recorded plan and state of.
const FOLDER: &str = "crates/evaluate/tests/apply";

/// The sources below a folder, by path.
fn sources(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "tf") {
                let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                let text = std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
                found.push((name, text));
            }
        }
    }
    Ok(found)
}

/// The cores differ by one in what they call unknown as a whole.
const FILLED_MIN: usize = 39;

fn symbols_stand_for_what_apply_makes_known(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.copy(Path::new(FOLDER))?;
    let files = sources(&stack.folder())?;
    stack.run(&["init", "-no-color"])?.succeeds()?;
    stack.plan()?.succeeds()?;
    let plan = stack.run(&["show", "-json", "tfplan"])?.succeeds()?;
    stack.run(&["apply", "-no-color", "tfplan"])?.succeeds()?;
    let state = stack.run(&["show", "-json"])?.succeeds()?;
    let compared = applied::compare(files, &plan.stdout, &state.stdout);
    ensure!(compared.wrong.is_empty(), "{:#?}", compared.wrong);
    ensure!(
        compared.filled >= FILLED_MIN,
        "only {} attributes were filled in; unknown as a whole: {:#?}",
        compared.filled,
        compared.left
    );
    Ok(())
}
