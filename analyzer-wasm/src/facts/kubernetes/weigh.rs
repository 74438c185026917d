//! Joins roles, bindings and subjects, and weighs what each subject can do.
//!
//! A subject is judged by everything it holds: a right in one role and another in a second one make a capability
//! together. What is told is the worst way of each kind, with the rule that gives it.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Severity;

use super::catalogue::Family;
use super::content::{self, Contents};
use super::judgement::{Judgement, Kind, Reach, Scope};
use super::model::{Place, Role, Subject};
use super::rights::Wild;
use super::ways::{self, Grant, Way};
use super::{Kubernetes, Settled};

/// Namespaces of one subject in which the service accounts are looked at.
const REACH_MAX: usize = 1_000;

/// A binding and the path of its subjects.
type Open = (Place, String);

struct Weigher<'k> {
    kubernetes: &'k Kubernetes,
    contents: Contents,
}

pub(super) fn settle(kubernetes: &Kubernetes) -> Settled {
    let mut weigher = Weigher {
        contents: Contents::of(&kubernetes.roles),
        kubernetes,
    };
    let mut settled = Settled::default();
    let held = weigher.grants(&mut settled);
    let mut unknown = BTreeSet::new();
    let mut judgements = Vec::new();
    for (subject, grants) in &held {
        weigher.subject(subject, grants, &mut judgements);
        for grant in grants {
            unknown.extend(
                weigher
                    .contents
                    .all
                    .get(grant.content)
                    .and_then(|content| content.unknown),
            );
        }
    }
    // A role whose rules come later may turn out to be anything, also where nothing in the plan binds it.
    settled.unknown_roles.extend(unknown.into_iter().filter_map(|index| {
        let role = kubernetes.roles.get(index)?;
        Some((
            role.place.clone(),
            role.place
                .inner(if role.place.path.is_empty() { "rule" } else { "rules" }),
        ))
    }));
    let (accounts, crowds) = weigher.open_bindings();
    settled.open_bindings = accounts;
    super::judgement::raise(kubernetes, &mut judgements);
    settled.crowds = super::judgement::crowds(&judgements, &weigher.held_by_crowds(&held));
    settled.defaults = super::judgement::defaults(&judgements, &weigher.held_by_defaults(&held));
    settled.judgements = super::judgement::merge(judgements);
    // Where what the binding gives is told by itself, it is told whichever account holds it.
    let places = |judgement: &Judgement| [Some(judgement.address.clone()), judgement.binding.clone()];
    let told: BTreeSet<String> = settled.judgements.iter().flat_map(places).flatten().collect();
    settled
        .open_bindings
        .retain(|(place, _)| !told.contains(&place.address));
    settled.open_bindings.extend(crowds);
    for (place, judgement) in settled
        .judgements
        .iter()
        .enumerate()
        .filter(|(_, judgement)| judgement.sure)
    {
        for subject in &judgement.subjects {
            let known = settled.worst.entry(subject.clone()).or_insert(place);
            if settled
                .judgements
                .get(*known)
                .is_some_and(|known| known.severity < judgement.severity)
            {
                *known = place;
            }
        }
    }
    settled
}

impl Weigher<'_> {
    /// Bindings of roles that show something, whose subjects may turn out to be a default account, or everybody.
    fn open_bindings(&mut self) -> (Vec<Open>, Vec<Open>) {
        let kubernetes = self.kubernetes;
        let (mut accounts, mut crowds) = (Vec::new(), Vec::new());
        for binding in &kubernetes.bindings {
            let Some(path) = &binding.open else { continue };
            let roles = self.contents.find(&kubernetes.roles, binding).unwrap_or_default();
            let mut contents = roles.iter().filter_map(|role| self.contents.all.get(*role));
            if contents.any(|content| !content.public && content.rights.any) {
                let found = if binding.open_account {
                    &mut accounts
                } else {
                    &mut crowds
                };
                found.push((binding.place.clone(), path.clone()));
            }
        }
        (accounts, crowds)
    }

    /// Who holds what. Roles that nobody holds belong to whoever will be bound to them.
    fn grants(&mut self, settled: &mut Settled) -> BTreeMap<Subject, Vec<Grant>> {
        let mut held: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
        let (mut bound, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for (index, binding) in self.kubernetes.bindings.iter().enumerate() {
            let Some(roles) = self.contents.find(&self.kubernetes.roles, binding) else {
                settled
                    .unknown_bindings
                    .push((binding.place.clone(), binding.role_path.clone()));
                continue;
            };
            let scope = scope(binding.cluster, &binding.namespace);
            // Whose rules another role takes over is bound with it.
            for role in roles.iter().filter(|role| !bound.contains(*role)) {
                let content = self.contents.all.get(*role);
                taken.extend(
                    content
                        .into_iter()
                        .flat_map(|content| content.owners.iter().copied().flatten()),
                );
            }
            bound.extend(roles.iter().copied());
            let mut subjects = binding.subjects.clone();
            if binding.unknown {
                subjects.push(Subject::Account(String::new(), String::new()));
            }
            for subject in subjects {
                held.entry(subject).or_default().extend(roles.iter().map(|role| Grant {
                    binding: Some(index),
                    content: *role,
                    scope: scope.clone(),
                    sure: roles.len() == 1 && !binding.maybe,
                }));
            }
        }
        for (index, role) in self.kubernetes.roles.iter().enumerate() {
            if let Some(subject) = unbound(role, bound.contains(&index) || taken.contains(&index)) {
                let scope = scope(role.cluster, &role.namespace);
                held.entry(subject).or_default().push(Grant {
                    binding: None,
                    content: index,
                    scope,
                    sure: true,
                });
            }
        }
        held
    }

    fn subject(&self, subject: &Subject, grants: &[Grant], out: &mut Vec<Judgement>) {
        if subject.is_vague() {
            // Nothing says that one and the same subject will hold two of them.
            for grant in grants {
                self.together(subject, std::slice::from_ref(grant), out);
            }
        } else {
            self.together(subject, grants, out);
        }
    }

    fn together(&self, subject: &Subject, grants: &[Grant], out: &mut Vec<Judgement>) {
        let everything = self.everything(subject, grants);
        let whole = everything.iter().find(|one| one.scope == Scope::Cluster);
        let (done, doubtful) = (whole.is_some_and(|one| one.sure), whole.is_some());
        if done {
            out.extend(whole.cloned());
            return;
        }
        let (mut ways, reach) = ways::of(grants, &self.contents, self.kubernetes.eks);
        ways.retain(|way| (way.sure || !doubtful) && !everything.iter().any(|one| one.sure && one.scope == way.scope));
        out.extend(everything);
        self.wildcards(subject, grants, &mut ways, out);
        let first = out.len();
        for family in [Family::Escalate, Family::Secrets, Family::Run] {
            let own = ways.iter().filter(|way| way.capability.family == family);
            out.extend(self.judgement(subject, grants, Kind::Family(family), own.cloned().collect()));
        }
        fold_built_in(first, out);
        // Where it can run code, so that the accounts there count.
        let mut runs = out.iter_mut().skip(first);
        if let Some(judgement) = runs.rfind(|judgement| judgement.ways.iter().any(|way| ways::gives_accounts(way))) {
            judgement.reach = reach
                .iter()
                .take(REACH_MAX)
                .filter_map(|way| self.reach(subject, grants, way))
                .collect();
        }
    }

    /// Everything in the cluster, or in a namespace.
    fn everything(&self, subject: &Subject, grants: &[Grant]) -> Vec<Judgement> {
        let mut found: BTreeMap<Scope, Judgement> = BTreeMap::new();
        for grant in grants {
            let Some(content) = self.contents.all.get(grant.content) else {
                continue;
            };
            let Some((rule, sure)) = content.rights.everything else {
                continue;
            };
            let severity = match &grant.scope {
                Scope::Cluster => Severity::Critical,
                scope if scope.is_system() => Severity::Critical,
                Scope::Namespace(_) => Severity::Medium,
            };
            let kind = match (content.built_in, &grant.scope) {
                (true, _) | (_, Scope::Cluster) => Kind::Everything,
                (false, Scope::Namespace(_)) => Kind::Wildcard,
            };
            let mut judgement = self.place(subject, grant, rule, kind, severity);
            judgement.sure = sure && grant.sure;
            let better = |known: &Judgement| judgement.sure && !known.sure;
            if found.get(&grant.scope).is_none_or(better) {
                found.insert(grant.scope.clone(), judgement);
            }
        }
        found.into_values().collect()
    }

    /// Ways that come from a rule for all resources of a group are told as that rule.
    fn wildcards(&self, subject: &Subject, grants: &[Grant], ways: &mut Vec<Way>, out: &mut Vec<Judgement>) {
        let is_wild = |way: &Way| {
            let content = grants
                .get(way.grant)
                .and_then(|grant| self.contents.all.get(grant.content));
            content.is_some_and(|content| content.rights.is_wild(way.rule))
        };
        let (wild, rest): (Vec<_>, Vec<_>) = ways.drain(..).partition(is_wild);
        *ways = rest;
        if let Some(judgement) = self.judgement(subject, grants, Kind::Wildcard, wild) {
            out.push(judgement);
            return;
        }
        // Verbs of tomorrow are in a wildcard too, but a wildcard over harmless things is no more than untidy.
        let mut harmless = grants
            .iter()
            .filter(|grant| grant.scope == Scope::Cluster)
            .filter_map(|grant| {
                let content = self.contents.all.get(grant.content)?;
                let used = |rule: usize| ways.iter().any(|way| way.rule == rule);
                let (rule, _, _) = content
                    .rights
                    .wild
                    .iter()
                    .find(|(rule, wild, sure)| *wild < Wild::Everything && *sure && !used(*rule))?;
                let mut judgement = self.place(subject, grant, *rule, Kind::Wildcard, Severity::Low);
                judgement.sure = grant.sure;
                Some(judgement)
            });
        out.extend(harmless.next().filter(|_| ways.is_empty()));
    }

    fn judgement(&self, subject: &Subject, grants: &[Grant], kind: Kind, mut ways: Vec<Way>) -> Option<Judgement> {
        ways.sort_by_key(|way| std::cmp::Reverse((way.sure, way.severity)));
        let worst = ways.first()?;
        let mut judgement = self.place(subject, grants.get(worst.grant)?, worst.rule, kind, worst.severity);
        judgement.scope = worst.scope.clone();
        judgement.sure = worst.sure;
        judgement.namespaces = worst.namespaces;
        judgement.ways = ways
            .iter()
            .filter(|way| way.sure == worst.sure)
            .map(|way| way.capability)
            .collect();
        Some(judgement)
    }

    fn reach(&self, subject: &Subject, grants: &[Grant], way: &Way) -> Option<Reach> {
        let at = self.place(
            subject,
            grants.get(way.grant)?,
            way.rule,
            Kind::Family(way.capability.family),
            way.severity,
        );
        let Scope::Namespace(namespace) = &way.scope else {
            return None;
        };
        Some(Reach {
            namespace: namespace.clone(),
            way: way.capability,
            address: at.address,
            path: at.path,
            role: at.role,
            binding: at.binding,
        })
    }

    /// A judgement with the rule or the binding to change.
    fn place(&self, subject: &Subject, grant: &Grant, rule: usize, kind: Kind, severity: Severity) -> Judgement {
        let content = self.contents.all.get(grant.content);
        let binding = grant.binding.and_then(|index| self.kubernetes.bindings.get(index));
        let owner = content.and_then(|content| *content.owners.get(rule)?);
        let owner = owner.and_then(|index| self.kubernetes.roles.get(index));
        let path_of_rule = content
            .and_then(|content| content.rules.get(rule))
            .map(|rule| rule.path.clone());
        let (place, path) = match (owner, binding) {
            (Some(owner), _) => (Some(&owner.place), path_of_rule.unwrap_or_default()),
            (None, Some(binding)) => (Some(&binding.place), binding.role_path.clone()),
            (None, None) => (None, String::new()),
        };
        Judgement {
            kind,
            subjects: vec![subject.clone()],
            severity: self.kubernetes.held_by(subject, severity),
            sure: true,
            address: place.map(|place| place.address.clone()).unwrap_or_default(),
            path,
            role: content.map(|content| content.title.clone()).unwrap_or_default(),
            binding: binding.map(|binding| binding.place.address.clone()),
            scope: grant.scope.clone(),
            ways: Vec::new(),
            namespaces: 1,
            reach: Vec::new(),
            target: None,
        }
    }

    /// What crowds hold that shows more than what everybody may see.
    fn held_by_crowds(&self, held: &BTreeMap<Subject, Vec<Grant>>) -> Vec<Judgement> {
        self.held(held, |subject| subject.crowd().is_some())
    }

    fn held_by_defaults(&self, held: &BTreeMap<Subject, Vec<Grant>>) -> Vec<Judgement> {
        self.held(
            held,
            |subject| matches!(subject, Subject::Account(_, name) if name == "default"),
        )
    }

    fn held(&self, held: &BTreeMap<Subject, Vec<Grant>>, wanted: impl Fn(&Subject) -> bool) -> Vec<Judgement> {
        let mut found = Vec::new();
        for (subject, grants) in held.iter().filter(|(subject, _)| wanted(subject)) {
            for grant in grants {
                let Some(content) = self.contents.all.get(grant.content) else {
                    continue;
                };
                let (Some(binding), false) = (
                    grant.binding.and_then(|index| self.kubernetes.bindings.get(index)),
                    content.public,
                ) else {
                    continue;
                };
                let broad = content.rights.broad || content.built_in;
                let severity = match (content.rights.reads, broad) {
                    (true, true) => Severity::Medium,
                    (true, false) => Severity::Low,
                    (false, _) if content.rights.any => Severity::Info,
                    (false, _) => continue,
                };
                let mut judgement = self.place(subject, grant, usize::MAX, Kind::Everything, severity);
                judgement.severity = Some(severity);
                judgement.address.clone_from(&binding.place.address);
                judgement.path = binding.place.inner(if binding.place.path.is_empty() {
                    "subject"
                } else {
                    "subjects"
                });
                found.push(judgement);
            }
        }
        found
    }
}

/// What a built-in role gives in one namespace is one thing: it is told once, by the worst of it.
fn fold_built_in(first: usize, out: &mut Vec<Judgement>) {
    let is_plain = |judgement: &Judgement| {
        let narrow = matches!(judgement.scope, Scope::Namespace(_)) && !judgement.scope.is_system();
        narrow && judgement.sure && judgement.binding.as_ref() == Some(&judgement.address)
    };
    let Some(worst) = out
        .iter()
        .skip(first)
        .filter(|one| is_plain(one))
        .map(|one| one.severity)
        .max()
    else {
        return;
    };
    let Some(place) = out
        .iter()
        .skip(first)
        .position(|one| is_plain(one) && one.severity == worst)
    else {
        return;
    };
    let told = out
        .get(first + place)
        .map(|one| (one.address.clone(), one.scope.clone()));
    let mut ways = Vec::new();
    let mut index = 0;
    out.retain(|one| {
        let same = index >= first && is_plain(one) && told == Some((one.address.clone(), one.scope.clone()));
        let keep = !same || index == first + place;
        if !keep {
            ways.extend(one.ways.iter().copied());
        }
        index += 1;
        keep
    });
    // Those before it that were folded have moved it.
    if let Some(one) = out
        .iter_mut()
        .skip(first)
        .find(|one| is_plain(one) && one.severity == worst)
    {
        one.ways.extend(ways);
    }
}

fn scope(cluster: bool, namespace: &str) -> Scope {
    if cluster {
        Scope::Cluster
    } else {
        Scope::Namespace(namespace.to_owned())
    }
}

/// For whom a role counts that nothing in the plan binds.
fn unbound(role: &Role, bound: bool) -> Option<Subject> {
    match content::collector(role) {
        Some(collector) => Some(Subject::Holders(collector)),
        None if bound => None,
        None => Some(Subject::Nobody),
    }
}
