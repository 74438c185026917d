//! Frameworks, and which of their controls the checks of records speak to.
//!
//! A control is scored by all checks that stand for it; one that no check stands for is not in the list, so a score says
//! nothing of it. Sources: OWASP Non-Human Identities Top 10 (2025); NIST SP 800-53 rev. 5; NIST CSF 2.0; ISO/IEC
//! 27001:2022, annex A; PCI DSS 4.0.1; AICPA Trust Services Criteria (2017, revised points of focus 2022).

use serde::Serialize;

use super::checks::{CHECKS, Judgement, Verdict};
use super::share::Share;
use crate::id::RecordId;

/// A framework.
#[derive(Debug)]
pub struct Framework {
    /// Its name in arguments and answers.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The controls that the checks speak to, sorted, each with its checks.
    pub controls: &'static [(&'static str, &'static [&'static str])],
}

/// The first is the one that is meant where none is named.
pub static FRAMEWORKS: [Framework; 6] = [
    Framework {
        id: "owasp-nhi-2025",
        title: "OWASP Non-Human Identities Top 10 (2025)",
        controls: &[
            ("NHI10:2025", &["no-human-use"]),
            ("NHI1:2025", &["offboarded", "owned"]),
            ("NHI3:2025", &["vendor-bound"]),
            ("NHI4:2025", &["attested"]),
            ("NHI5:2025", &["narrow"]),
            ("NHI7:2025", &["no-static-credential"]),
            ("NHI8:2025", &["isolated"]),
            ("NHI9:2025", &["unshared"]),
        ],
    },
    Framework {
        id: "iso-27001-2022",
        title: "ISO/IEC 27001:2022, annex A",
        controls: &[
            ("A.5.16", &["offboarded", "owned"]),
            ("A.5.17", &["attested", "no-static-credential"]),
            ("A.5.18", &["approved", "reviewed"]),
            ("A.5.19", &["vendor-bound"]),
            ("A.8.2", &["narrow"]),
        ],
    },
    Framework {
        id: "nist-800-53-r5",
        title: "NIST SP 800-53 rev. 5",
        controls: &[
            ("AC-2", &["approved", "owned", "reviewed"]),
            ("AC-2(3)", &["offboarded", "owned"]),
            ("AC-2(9)", &["unshared"]),
            ("AC-6", &["narrow"]),
            ("IA-5", &["no-static-credential"]),
            ("IA-9", &["attested"]),
        ],
    },
    Framework {
        id: "nist-csf-2.0",
        title: "NIST Cybersecurity Framework 2.0",
        controls: &[
            ("GV.SC-10", &["vendor-bound"]),
            ("PR.AA-01", &["offboarded", "owned"]),
            ("PR.AA-03", &["attested"]),
            ("PR.AA-05", &["approved", "narrow", "reviewed"]),
        ],
    },
    Framework {
        id: "pci-dss-4.0.1",
        title: "PCI DSS 4.0.1",
        controls: &[
            ("7.2.3", &["approved"]),
            ("7.2.5", &["narrow"]),
            ("7.2.5.1", &["reviewed"]),
            ("8.2.2", &["unshared"]),
            ("8.2.7", &["vendor-bound"]),
            ("8.6.1", &["no-human-use"]),
        ],
    },
    Framework {
        id: "soc-2",
        title: "SOC 2, Trust Services Criteria",
        controls: &[
            ("CC6.1", &["attested", "owned"]),
            ("CC6.2", &["approved", "offboarded"]),
            ("CC6.3", &["narrow", "reviewed"]),
            ("CC9.2", &["vendor-bound"]),
        ],
    },
];

/// How many identities meet a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlScore {
    /// The control, by the framework's name.
    pub control: &'static str,
    /// What is asked for.
    pub title: String,
    /// The checks that stand for it.
    pub checks: &'static [&'static str],
    /// Identities that it applies to: passed, excepted and failed together.
    pub applicable: usize,
    /// Those that meet it.
    pub passed: usize,
    /// Those that do not, and are excepted.
    pub excepted: usize,
    /// Those that do not.
    pub failed: usize,
    /// Ids of those that do not meet it and are not excepted, sorted. Left out of JSON: the checks name them.
    #[serde(skip)]
    pub failed_ids: Vec<RecordId>,
}

/// How much of a framework holds, as far as records can show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkScore {
    /// The framework.
    pub framework: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Passed of applicable; none where nothing is applicable. What is excepted has not passed.
    pub score: Option<Share>,
    /// Sum over the controls.
    pub applicable: usize,
    /// Sum over the controls.
    pub passed: usize,
    /// Sum over the controls.
    pub excepted: usize,
    /// Sum over the controls.
    pub failed: usize,
    /// The controls.
    pub controls: Vec<ControlScore>,
}

impl Framework {
    /// The framework of a name.
    pub fn find(id: &str) -> Option<&'static Self> {
        FRAMEWORKS.iter().find(|framework| framework.id == id)
    }

    /// The score of what was judged.
    pub fn score(&self, judgement: &Judgement<'_>) -> FrameworkScore {
        let controls: Vec<_> = self
            .controls
            .iter()
            .map(|(control, checks)| score(judgement, control, checks))
            .collect();
        let sum = |part: fn(&ControlScore) -> usize| controls.iter().map(part).sum();
        let (applicable, passed) = (sum(|control| control.applicable), sum(|control| control.passed));
        FrameworkScore {
            framework: self.id,
            title: self.title,
            score: Share::of(passed, applicable),
            applicable,
            passed,
            excepted: sum(|control| control.excepted),
            failed: sum(|control| control.failed),
            controls,
        }
    }
}

fn score(judgement: &Judgement<'_>, control: &'static str, checks: &'static [&'static str]) -> ControlScore {
    let titles = CHECKS.iter().filter(|check| checks.contains(&check.id));
    let mut score = ControlScore {
        control,
        title: titles.map(|check| check.title).collect::<Vec<_>>().join("; "),
        checks,
        applicable: 0,
        passed: 0,
        excepted: 0,
        failed: 0,
        failed_ids: Vec::new(),
    };
    for (id, verdict) in judgement.control(control, checks) {
        match verdict {
            Verdict::NotApplicable => continue,
            Verdict::Passed => score.passed += 1,
            Verdict::Excepted => score.excepted += 1,
            Verdict::Failed => score.failed_ids.push(id),
        }
        score.applicable += 1;
    }
    score.failed = score.failed_ids.len();
    score.failed_ids.sort();
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_complete() {
        assert!(CHECKS.is_sorted_by_key(|check| check.id));
        assert!(FRAMEWORKS.iter().skip(1).is_sorted_by_key(|framework| framework.id));
        for framework in &FRAMEWORKS {
            assert!(framework.controls.is_sorted(), "{}", framework.id);
            assert!(std::ptr::eq(Framework::find(framework.id).unwrap(), framework));
            for (control, checks) in framework.controls {
                assert!(!checks.is_empty() && checks.is_sorted(), "{control}");
                for id in *checks {
                    assert!(CHECKS.iter().any(|check| check.id == *id), "{control}: {id}");
                }
            }
        }
        for check in &CHECKS {
            let mut controls = FRAMEWORKS.iter().flat_map(|framework| framework.controls);
            assert!(controls.any(|(_, checks)| checks.contains(&check.id)), "{}", check.id);
        }
        assert!(Framework::find("owasp").is_none());
    }
}
