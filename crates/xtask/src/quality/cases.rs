//! Labelled cases: a folder with a configuration, the plan that a core made of it, and what is to be found.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// Where the cases stand.
pub(crate) const FOLDER: &str = "tests/plans/labelled";

/// Who made the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// A core with the real AWS provider.
    Aws,
    /// A core with the real AWS provider, with applies against an emulation of the service before the plan.
    Moto,
    /// Written by hand in the exact shape that the provider emits.
    Shape,
}

/// A rule that must speak.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// Its code; `NHI002|NHI004` where either tells the reader the same.
    pub(crate) rule: String,
    /// Any one of these is right: the principal or the policy that gives it.
    pub(crate) address: Vec<String>,
    /// The rule is broken, or could not be decided; `either` where both are honest.
    #[serde(default)]
    pub(crate) outcome: Outcome,
}

impl Expected {
    /// The codes that are right.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.rule.split('|')
    }
}

/// How an expected finding may come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    #[default]
    Violation,
    Unverified,
    Either,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    about: String,
    origin: Origin,
    #[serde(default)]
    expect: Vec<Expected>,
    /// Rules for which this is a near miss.
    #[serde(default)]
    absent: Vec<String>,
}

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) expect: Vec<Expected>,
    pub(crate) absent: Vec<String>,
}

impl Case {
    pub(crate) fn plan(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    /// Whether the configuration stands beside the plan.
    pub(crate) fn has_source(&self) -> bool {
        self.folder.join("main.tf").is_file()
    }
}

/// Every case, by name.
pub(crate) fn load(root: &Path) -> Result<Vec<Case>> {
    let folder = root.join(FOLDER);
    let mut cases = Vec::new();
    let entries = fs::read_dir(&folder).with_context(|| format!("list `{FOLDER}`"))?;
    for entry in entries {
        let path = entry.with_context(|| format!("list `{FOLDER}`"))?.path();
        if path.is_dir() {
            cases.push(read(&path)?);
        }
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(cases)
}

fn read(folder: &Path) -> Result<Case> {
    let path = folder.join("labels.json");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let labels: Labels = serde_json::from_str(&text).with_context(|| format!("read `{}`", path.display()))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ensure!(
        !labels.expect.is_empty() || !labels.absent.is_empty(),
        "{name}: a case expects something, or the absence of something"
    );
    ensure!(!labels.about.trim().is_empty(), "{name}: say what the case is about");
    for expected in &labels.expect {
        ensure!(
            expected
                .rules()
                .all(|rule| !labels.absent.iter().any(|absent| absent == rule)),
            "{name}: {} is expected and absent",
            expected.rule
        );
        ensure!(!expected.address.is_empty(), "{name}: {} has no address", expected.rule);
    }
    Ok(Case {
        name,
        folder: folder.to_owned(),
        origin: labels.origin,
        expect: labels.expect,
        absent: labels.absent,
    })
}
