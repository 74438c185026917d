//! One module each in the languages that bring an interpreter, as `nhi module new` writes it, for a type of resource of
//! which a plan has one in a hundred.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::plan_gen;
use crate::script_tools::{JAVASCRIPT, PYTHON, Script};
use crate::shell::{Run, Workspace};

/// Types that a new module judges.
const JUDGED: [&str; 2] = ["aws_s3_bucket", "aws_iam_role"];

/// A language, with the folder of its tool within a module's.
struct Language {
    name: &'static str,
    word: &'static str,
    tool: Option<(&'static Script, &'static str)>,
}

const LANGUAGES: [Language; 3] = [
    Language {
        name: "Python",
        word: "python",
        tool: Some((&PYTHON, ".venv")),
    },
    Language {
        name: "JavaScript",
        word: "javascript",
        tool: Some((&JAVASCRIPT, "node_modules")),
    },
    Language {
        name: "Rego",
        word: "rego",
        tool: None,
    },
];

/// A component and the language it was written in.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) language: &'static str,
    pub(super) component: PathBuf,
}

/// Builds them, in `folder`.
pub(super) fn build(workspace: &Workspace, nhi: &Path, folder: &Path) -> Result<Vec<Module>> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
    LANGUAGES
        .iter()
        .map(|language| language.build(workspace, nhi, folder))
        .collect()
}

impl Language {
    fn build(&self, workspace: &Workspace, nhi: &Path, folder: &Path) -> Result<Module> {
        let module = || Run::new(nhi).arg("module");
        let own = folder.join(self.word);
        module()
            .args(["new", "bench", "--language", self.word, "--path"])
            .arg(&own)
            .output()?;
        if let Some((tool, name)) = &self.tool {
            let tools = tool.ensure(workspace)?;
            std::os::unix::fs::symlink(tools.join(name), own.join(name))
                .with_context(|| format!("link the tool of {} into `{}`", self.name, own.display()))?;
        }
        for source in ["src", "policy"] {
            judges_the_rare_type(&own.join(source))?;
        }
        module().args(["build", "--offline"]).directory(&own).output()?;
        Ok(Module {
            language: self.name,
            component: own.join("target/bench.wasm"),
        })
    }
}

/// Where a file below `folder` names a type that a new module judges, the rare one comes in its place.
fn judges_the_rare_type(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
        let text = JUDGED
            .iter()
            .fold(text, |text, judged| text.replace(judged, plan_gen::RARE_TYPE));
        fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))?;
    }
    Ok(())
}
