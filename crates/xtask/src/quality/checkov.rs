//! What Checkov says of the same plans, where it is installed.
//!
//! Its checks are about more than identities: only those count that speak of the same thing as one of our groups of
//! rules. A positive case is found when any check of its group fails on the plan; a near miss is a false alarm when
//! one does. That is generous: which resource failed, and why, is not asked.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::cases::{Case, Expected};
use crate::shell::{Run, Workspace, on_path};

/// What the peer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Privileges,
    Trust,
    Credentials,
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Privileges => "privileges",
            Self::Trust => "trust and resource policies",
            Self::Credentials => "static credentials",
        }
    }

    /// The subject of one of our rules, if the peer has checks on it.
    fn of(rule: &str) -> Option<Self> {
        match rule.strip_prefix("NHI")?.parse::<u16>().ok()? {
            1 | 2 | 4..=8 | 40..=47 | 50..=57 | 60..=68 => Some(Self::Privileges),
            3 | 30..=38 | 48 | 49 | 58 => Some(Self::Trust),
            10..=16 => Some(Self::Credentials),
            _ => None,
        }
    }

    /// Whether a check of the peer speaks of it.
    fn has(self, check: &str) -> bool {
        let ids: &[&str] = match self {
            Self::Privileges => &[
                "CKV_AWS_1",
                "CKV_AWS_40",
                "CKV_AWS_49",
                "CKV_AWS_62",
                "CKV_AWS_63",
                "CKV_AWS_107",
                "CKV_AWS_108",
                "CKV_AWS_109",
                "CKV_AWS_110",
                "CKV_AWS_111",
                "CKV_AWS_273",
                "CKV_AWS_274",
                "CKV_AWS_275",
                "CKV_AWS_286",
                "CKV_AWS_287",
                "CKV_AWS_288",
                "CKV_AWS_289",
                "CKV_AWS_290",
                "CKV_AWS_348",
                "CKV_AWS_355",
                "CKV_AWS_356",
                "CKV2_AWS_40",
                "CKV2_AWS_56",
                "CKV_GCP_41",
                "CKV_GCP_42",
                "CKV_GCP_45",
                "CKV_GCP_46",
                "CKV_GCP_47",
                "CKV_GCP_48",
                "CKV_GCP_49",
                "CKV_GCP_115",
                "CKV_GCP_116",
                "CKV_GCP_117",
                "CKV_AZURE_39",
                "CKV_K8S_49",
                "CKV_K8S_155",
                "CKV_K8S_156",
                "CKV_K8S_157",
                "CKV_K8S_158",
            ],
            Self::Trust => &[
                "CKV_AWS_33",
                "CKV_AWS_60",
                "CKV_AWS_61",
                "CKV_AWS_70",
                "CKV_AWS_283",
                "CKV_AWS_301",
                "CKV_AWS_358",
                "CKV_AWS_364",
                "CKV_AWS_165",
                "CKV_AWS_168",
                "CKV_AWS_169",
                "CKV2_AWS_75",
                "CKV_GCP_118",
                "CKV_GCP_125",
                "CKV_AZURE_249",
            ],
            Self::Credentials => &[
                "CKV_AWS_41",
                "CKV_AWS_45",
                "CKV_AWS_46",
                "CKV_AZURE_45",
                "CKV_GCP_124",
                "CKV_GIT_4",
                "CKV_SECRET_",
                "CKV_BCW_1",
                "CKV_LIN_1",
                "CKV_NCP_17",
                "CKV_OCI_1",
                "CKV_OPENSTACK_1",
                "CKV_PAN_1",
            ],
        };
        ids.iter()
            .any(|id| check == *id || id.ends_with('_') && check.starts_with(id))
    }
}

/// Right and wrong of the peer on one subject, by case.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) found: usize,
    pub(crate) missed: usize,
    pub(crate) false_alarm: usize,
    pub(crate) silent: usize,
}

/// What the peer makes of the cases.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    pub(crate) version: String,
    pub(crate) subjects: BTreeMap<Subject, Tally>,
}

pub(crate) fn verdicts(workspace: &Workspace, cases: &[Case]) -> Result<Option<Verdicts>> {
    let Some(checkov) = std::env::var_os("CHECKOV")
        .map(Into::into)
        .or_else(|| on_path("checkov"))
    else {
        return Ok(None);
    };
    let folder = workspace.target.join("quality").join("plans");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("empty the folder for the peer")?;
    }
    fs::create_dir_all(&folder).context("make a folder for the peer")?;
    for case in cases {
        fs::copy(case.plan(), folder.join(format!("{}.json", case.name))).with_context(|| case.name.clone())?;
    }
    let version = Run::new(&checkov).arg("--version").output()?;
    let output = Run::new(&checkov)
        .args([
            "--framework",
            "terraform_plan",
            "secrets",
            "--output",
            "json",
            "--quiet",
            "--compact",
            "--directory",
        ])
        .arg(&folder)
        .outcome()?;
    let reports: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        format!(
            "read what the peer printed: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let failed = failed(&reports);
    let mut verdicts = Verdicts {
        version: String::from_utf8_lossy(&version.stdout).trim().to_owned(),
        ..Verdicts::default()
    };
    for case in cases {
        let none = Vec::new();
        let checks = failed.get(&case.name).unwrap_or(&none);
        for subject in [Subject::Privileges, Subject::Trust, Subject::Credentials] {
            let speaks = checks.iter().any(|check| subject.has(check));
            let about = |rules: Vec<&str>| rules.into_iter().any(|rule| Subject::of(rule) == Some(subject));
            let positive = about(case.expect.iter().flat_map(Expected::rules).collect());
            let near_miss = about(case.absent.iter().map(String::as_str).collect());
            let tally = verdicts.subjects.entry(subject).or_default();
            match (positive, near_miss, speaks) {
                (true, _, true) => tally.found += 1,
                (true, _, false) => tally.missed += 1,
                (false, true, true) => tally.false_alarm += 1,
                (false, true, false) => tally.silent += 1,
                (false, false, _) => {}
            }
        }
    }
    Ok(Some(verdicts))
}

/// Case → ids of the checks that failed on it.
fn failed(reports: &Value) -> BTreeMap<String, Vec<String>> {
    let list = match reports {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for report in list {
        let checks = report.pointer("/results/failed_checks").and_then(Value::as_array);
        for check in checks.into_iter().flatten() {
            let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("file_path")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".json");
            failed
                .entry(name.to_owned())
                .or_default()
                .push(text("check_id").to_owned());
        }
    }
    failed
}
