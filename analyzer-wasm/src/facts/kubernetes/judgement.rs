//! What is said of a subject, and how bad it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nhi_plan::{Finding, Severity};

use super::Kubernetes;
use super::catalogue::{Capability, Family};
use super::model::{Crowd, Subject};
use crate::rule::Rule;

/// Passes over the whole plan; each takes one more hop from service account to service account.
const HOPS_MAX: usize = 8;

/// Subjects that a finding lists.
const SUBJECTS_MAX: usize = 20;

/// Where a right holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Cluster,
    Namespace(String),
}

impl Scope {
    /// The namespace in which the control plane runs.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self, Self::Namespace(namespace) if namespace == "kube-system")
    }

    fn text(&self) -> String {
        match self {
            Self::Cluster => String::from("in all namespaces"),
            Self::Namespace(name) if name.is_empty() => String::from("in its namespace"),
            Self::Namespace(name) => format!("in namespace `{}`", nhi_plan::symbol::readable(name)),
        }
    }
}

/// Which rule tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// All verbs on all resources.
    Everything,
    /// All verbs on all resources of some groups, or of a namespace.
    Wildcard,
    Family(Family),
}

/// One thing that is said of subjects who hold it through the same rule.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    pub(crate) kind: Kind,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) severity: Option<Severity>,
    pub(crate) sure: bool,
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) role: String,
    pub(crate) binding: Option<String>,
    pub(crate) scope: Scope,
    /// Worst first.
    pub(crate) ways: Vec<&'static Capability>,
    /// In how many namespaces it holds.
    pub(crate) namespaces: usize,
    /// Where else it can run code.
    pub(crate) reach: Vec<Reach>,
    /// A service account within reach that can do more.
    pub(crate) target: Option<String>,
}

/// A namespace whose service accounts a subject has, with the rule that gives them.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    pub(crate) namespace: String,
    pub(crate) way: &'static Capability,
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) role: String,
    pub(crate) binding: Option<String>,
}

/// How bad it is that this subject can do something; `None` where it is not worth a word.
pub(super) fn held_by(subject: &Subject, severity: Severity) -> Option<Severity> {
    let steps = match subject {
        Subject::Nobody => 2,
        Subject::Holders(_) | Subject::Release => 1,
        // People, as a rule.
        Subject::Group(_) if subject.crowd().is_none() => 1,
        _ => 0,
    };
    let index = Severity::ALL.iter().position(|known| *known == severity)?;
    Severity::ALL.get(index.checked_sub(steps)?).copied()
}

/// Whoever runs code in a namespace has every service account there: what those can do counts too.
pub(super) fn raise(kubernetes: &Kubernetes, judgements: &mut [Judgement]) {
    for _ in 0..HOPS_MAX {
        let mut strongest: BTreeMap<String, Vec<(Severity, Subject)>> = BTreeMap::new();
        let mut own: BTreeMap<Subject, Severity> = BTreeMap::new();
        for judgement in judgements.iter().filter(|judgement| judgement.sure) {
            let Some(severity) = judgement.severity else { continue };
            for subject in &judgement.subjects {
                let known = own.entry(subject.clone()).or_insert(severity);
                *known = severity.max(*known);
                if let Subject::Account(namespace, name) = subject
                    && severity >= Severity::High
                    && !name.is_empty()
                {
                    // Two, since one may be the subject itself.
                    let best = strongest.entry(namespace.clone()).or_default();
                    best.push((severity, subject.clone()));
                    best.sort_by(|left, right| right.cmp(left));
                    best.dedup_by(|left, right| left.1 == right.1);
                    best.truncate(2);
                }
            }
        }
        let mut changed = false;
        for judgement in judgements
            .iter_mut()
            .filter(|judgement| judgement.target.is_none() && judgement.sure)
        {
            let Some(subject) = judgement.subjects.first().cloned() else {
                continue;
            };
            let has = own.get(&subject).copied().unwrap_or(Severity::Info);
            let strongest = |namespace: &String| {
                let targets = strongest.get(namespace).into_iter().flatten();
                targets
                    .filter(|(severity, target)| *severity > has && *target != subject)
                    .max()
            };
            let raised = kubernetes.held_by(&subject, Severity::High);
            if let (Scope::Namespace(namespace), true) = (&judgement.scope, judgement.ways.is_empty())
                && let Some((_, target)) = strongest(namespace)
            {
                (judgement.severity, judgement.target) = (raised, Some(target.to_string()));
                changed = true;
                continue;
            }
            let reach = judgement
                .reach
                .iter()
                .find_map(|reach| Some((strongest(&reach.namespace)?.1.to_string(), reach.clone())));
            if let Some((target, reach)) = reach {
                judgement.turn_to(reach, raised, target);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// What crowds can do: the worst that was found, or at least that they hold something.
pub(super) fn crowds(judgements: &[Judgement], held: &[Judgement]) -> Vec<Judgement> {
    let crowd = |judgement: &Judgement| judgement.subjects.first().and_then(Subject::crowd);
    told_apart(judgements, held, |judgement, powerful| {
        let crowd = crowd(judgement)?;
        let severity = judgement.severity?;
        Some(match (crowd, powerful) {
            (Crowd::AccountsOfNamespace, Some(worst)) if worst > Severity::Low => worst,
            (Crowd::AccountsOfNamespace, _) => return None,
            (_, Some(worst)) if worst >= Severity::High => Severity::Critical,
            (Crowd::Anonymous, Some(_)) => Severity::High,
            (_, Some(worst)) if worst >= Severity::Medium => Severity::High,
            // Cluster information for joining nodes is public in this way.
            (_, _) if severity == Severity::Info => return None,
            (Crowd::Anonymous, None) => Severity::High,
            (_, _) => severity,
        })
    })
}

/// What default service accounts can do.
pub(super) fn defaults(judgements: &[Judgement], held: &[Judgement]) -> Vec<Judgement> {
    told_apart(judgements, held, |judgement, powerful| {
        Some(match powerful {
            Some(worst) if worst >= Severity::High => Severity::High,
            _ if judgement.severity == Some(Severity::Info) => Severity::Low,
            _ => Severity::Medium,
        })
    })
}

/// One judgement for each subject, at its widest binding.
fn told_apart(
    judgements: &[Judgement],
    held: &[Judgement],
    weigh: impl Fn(&Judgement, Option<Severity>) -> Option<Severity>,
) -> Vec<Judgement> {
    let mut told: BTreeMap<&Subject, Judgement> = BTreeMap::new();
    let mut worst: BTreeMap<&Subject, &Judgement> = BTreeMap::new();
    for judgement in judgements.iter().filter(|judgement| judgement.sure) {
        for subject in &judgement.subjects {
            let known = worst.entry(subject).or_insert(judgement);
            if judgement.severity > known.severity {
                *known = judgement;
            }
        }
    }
    for judgement in held {
        let Some(subject) = judgement.subjects.first() else {
            continue;
        };
        let powerful = worst.get(subject);
        let Some(severity) = weigh(judgement, powerful.and_then(|worst| worst.severity)) else {
            continue;
        };
        let mut one = judgement.clone();
        one.severity = Some(severity);
        if let Some(worst) = powerful {
            one.ways.clone_from(&worst.ways);
            one.kind = worst.kind;
        }
        let cause = |judgement: &Judgement| powerful.is_some_and(|worst| worst.binding == judgement.binding);
        let better = |known: &Judgement| (one.severity, cause(&one)) > (known.severity, cause(known));
        if told.get(subject).is_none_or(better) {
            told.insert(subject, one);
        }
    }
    told.into_values().collect()
}

/// Subjects who hold the same through the same rule are told together; crowds are told elsewhere, all but administrators.
pub(super) fn merge(judgements: Vec<Judgement>) -> Vec<Judgement> {
    let mut merged: Vec<Judgement> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for judgement in judgements {
        let wide = judgement
            .subjects
            .first()
            .and_then(Subject::crowd)
            .is_some_and(|crowd| crowd > Crowd::AccountsOfNamespace);
        if judgement.severity.is_none() || wide && judgement.kind != Kind::Everything {
            continue;
        }
        let ids: Vec<_> = judgement.ways.iter().map(|way| way.id).collect();
        let key = format!(
            "{:?}\n{}\n{}\n{:?}\n{}\n{:?}\n{:?}\n{:?}",
            judgement.kind,
            judgement.address,
            judgement.path,
            judgement.severity,
            judgement.sure,
            judgement.scope,
            ids,
            judgement.target
        );
        match places.get(&key).and_then(|place| merged.get_mut(*place)) {
            Some(known) => {
                // One subject's judgements follow each other.
                let new = judgement.subjects.into_iter();
                let last = known.subjects.last().cloned();
                known
                    .subjects
                    .extend(new.filter(|subject| last.as_ref() != Some(subject)));
            }
            None => {
                places.insert(key, merged.len());
                merged.push(judgement);
            }
        }
    }
    merged
}

impl Judgement {
    /// Tells the way to somebody who can do more before any other.
    fn turn_to(&mut self, reach: Reach, severity: Option<Severity>, target: String) {
        self.ways.retain(|way| way.id != reach.way.id);
        self.ways.insert(0, reach.way);
        (self.scope, self.namespaces) = (Scope::Namespace(reach.namespace), 1);
        (self.address, self.path, self.role, self.binding) = (reach.address, reach.path, reach.role, reach.binding);
        (self.severity, self.target) = (self.severity.max(severity), Some(target));
    }

    /// The subjects, for a message.
    pub(crate) fn who(&self) -> String {
        let first = self.subjects.first().map(ToString::to_string).unwrap_or_default();
        match self.subjects.len() {
            0 | 1 => first,
            count => format!("{first} and {} more", count - 1),
        }
    }

    /// Where they can do it, for a message.
    pub(crate) fn place(&self) -> String {
        self.scope.text()
    }

    /// What they can do and where.
    pub(crate) fn what(&self) -> String {
        let mut text = match (self.ways.first(), self.kind) {
            (Some(way), _) => way.way.to_owned(),
            (None, Kind::Everything) => String::from("do everything"),
            (None, _) if self.severity.is_some_and(|severity| severity <= Severity::Low) => {
                String::from("do whatever a kind of object allows, now or later")
            }
            (None, _) => String::from("do everything"),
        };
        text.push(' ');
        text.push_str(&self.scope.text());
        if self.namespaces > 1 {
            // Writing to a String cannot fail.
            let _ = write!(text, " and {} more", self.namespaces - 1);
        }
        text
    }

    /// Who can do what where, and through what, as one sentence.
    pub(crate) fn sentence(&self, through: &str) -> String {
        let mut text = format!("{} can {} through {through}", self.who(), self.what());
        match self.ways.len() {
            0 | 1 => {}
            2 => text.push_str(", and has one more such right"),
            count => {
                let _ = write!(text, ", and has {} more such rights", count - 1);
            }
        }
        if let Some(target) = &self.target {
            let _ = write!(text, "; {target} there can do more");
        }
        text
    }

    /// A finding of `rule` about it.
    pub(crate) fn finding(&self, kubernetes: &Kubernetes, rule: &Rule, message: String, remediation: &str) -> Finding {
        let mut finding = rule
            .finding(&self.address, &self.path)
            .message(message)
            .remediation(remediation);
        finding.severity = self.severity;
        if let Some(binding) = self.binding.as_ref().filter(|binding| **binding != self.address) {
            finding.attributes.push((String::from("binding"), binding.clone()));
        }
        if !self.ways.is_empty() {
            let ids: Vec<_> = self.ways.iter().map(|way| way.id).collect();
            finding.attributes.push((String::from("ways"), ids.join(",")));
        }
        let subjects: Vec<_> = self
            .subjects
            .iter()
            .take(SUBJECTS_MAX)
            .map(ToString::to_string)
            .collect();
        finding
            .attributes
            .push((String::from("subjects"), subjects.join(", ").replace('`', "")));
        let (count, workloads) = kubernetes.users(self);
        if count > 0 {
            finding
                .attributes
                .push((String::from("workloads"), workloads.join(", ")));
        }
        if self.sure { finding } else { finding.unverified() }
    }
}
