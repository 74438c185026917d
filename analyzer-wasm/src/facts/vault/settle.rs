//! Joins policies with those who hold them, and finds what a holder can do with all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use nhi_plan::Severity;

use super::dangers::{DANGERS, Danger, is_credential, is_system};
use super::language::{Policy, Stanza, caps};
use super::pattern::Pattern;
use super::{PolicyBlock, Source, Vault};

/// Stanzas that one holder's policies may have together; beyond it each policy is judged by itself.
const STANZAS_MAX: usize = 2_000;
/// Comparisons of stanzas in one plan; beyond it each policy is judged by itself.
const COMPARISONS_MAX: usize = 20_000_000;

/// What is said of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    pub(crate) address: String,
    /// Attribute that holds the policy.
    pub(crate) path: &'static str,
    /// Path of the stanza, as the policy spells it.
    pub(crate) stanza: String,
    /// The stanza leaves open which mount is meant, or gives a whole one.
    pub(crate) wide: bool,
    pub(crate) severity: Severity,
    pub(crate) sure: bool,
    /// Worst first.
    pub(crate) ways: Vec<&'static str>,
    /// How many in the plan hold it, and the first of them.
    pub(crate) holders: usize,
    pub(crate) holder: Option<String>,
}

impl Judgement {
    /// A finding of `rule` about it.
    pub(crate) fn finding(&self, rule: &crate::rule::Rule, remediation: &str) -> nhi_plan::Finding {
        let who = match (self.holders, &self.holder) {
            (0, _) | (_, None) => String::from("whoever gets the policy"),
            (1, Some(holder)) => format!("whoever logs in through `{holder}`"),
            (count, Some(holder)) => format!("whoever logs in through `{holder}` or {} more", count - 1),
        };
        let mut message = format!(
            "{who} can {}, by path `{}`",
            self.ways.first().copied().unwrap_or_default(),
            nhi_plan::symbol::readable(&self.stanza)
        );
        if self.ways.len() > 1 {
            // Writing to a String cannot fail.
            let _ = write!(message, "; and {} more", self.ways.len() - 1);
        }
        let mut finding = rule
            .finding(&self.address, self.path)
            .message(message)
            .remediation(remediation);
        finding.severity = Some(self.severity);
        finding
            .attributes
            .push((String::from("holders"), self.holders.to_string()));
        if self.sure { finding } else { finding.unverified() }
    }
}

/// What rules on Vault look at.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) judgements: Vec<Judgement>,
    /// Holders of the root policy: address and path.
    pub(crate) roots: Vec<(String, String)>,
    /// Holders of policies that nobody knows yet: address and path.
    pub(crate) open: Vec<(String, String)>,
    /// Policies that could not be read: address, attribute, and why.
    pub(crate) unread: Vec<(String, &'static str, &'static str)>,
}

/// A stanza of some policy.
#[derive(Debug, Clone)]
struct Rule<'p> {
    policy: usize,
    stanza: &'p Stanza,
    pattern: Pattern,
    sure: bool,
}

/// What a stanza turns out to give: severity, certainty, ways.
type Found = BTreeMap<(usize, String, bool), (Severity, bool, BTreeSet<(std::cmp::Reverse<Severity>, &'static str)>)>;

pub(super) fn settle(vault: &Vault) -> Settled {
    let mut settled = Settled::default();
    let texts: Vec<Option<(&Policy, bool)>> = vault.policies.iter().map(|policy| text(vault, policy)).collect();
    for (policy, text) in vault.policies.iter().zip(&texts) {
        match (text, &policy.source) {
            (None, Source::Broken) => settled
                .unread
                .push((policy.address.clone(), policy.path, "it cannot be read")),
            (None, _) => settled
                .unread
                .push((policy.address.clone(), policy.path, "it is known only after apply")),
            (Some((text, _)), _) if text.unknown => {
                settled.unread.push((
                    policy.address.clone(),
                    policy.path,
                    "a part of it is known only after apply",
                ));
            }
            _ => {}
        }
    }
    let (mut sets, mut held) = (
        BTreeMap::<Vec<usize>, usize>::new(),
        BTreeMap::<usize, (usize, String)>::new(),
    );
    let index = Index::of(&vault.policies);
    for holder in &vault.holders {
        if holder.names.iter().any(|name| name == "root") {
            settled.roots.push((holder.address.clone(), holder.path.clone()));
        }
        // A root variable is known, and gives nothing to a list that is not.
        let mut led = holder.references.iter().filter(|address| !address.starts_with("var."));
        let strange = led.clone().next().is_none() || led.any(|address| !index.blocks.contains_key(address.as_str()));
        if holder.open && strange {
            settled.open.push((holder.address.clone(), holder.path.clone()));
        }
        let mut set = index.find(&holder.names, &holder.references);
        set.sort_unstable();
        set.dedup();
        for policy in &set {
            held.entry(*policy).or_insert_with(|| (0, holder.address.clone())).0 += 1;
        }
        *sets.entry(set).or_default() += 1;
    }
    for policy in 0..vault.policies.len() {
        if !held.contains_key(&policy) {
            sets.insert(vec![policy], 0);
        }
    }
    let mut found = Found::new();
    let (mut comparisons, mut alone) = (0, BTreeSet::new());
    for set in sets.keys() {
        let rules = rules(set, &texts);
        comparisons += rules.len() * rules.len();
        if rules.len() > STANZAS_MAX || comparisons > COMPARISONS_MAX {
            alone.extend(set.iter().copied());
        } else {
            judge(&rules, &mut found);
        }
    }
    for policy in alone {
        judge(&rules(&[policy], &texts), &mut found);
    }
    settled.judgements = told(vault, found, &held);
    // A policy that is bad already is not told a second time for the part that is not known.
    let bad: BTreeSet<_> = settled
        .judgements
        .iter()
        .filter(|judgement| judgement.sure)
        .map(|judgement| judgement.address.clone())
        .collect();
    settled.unread.retain(|(address, _, _)| !bad.contains(address));
    settled
}

/// Policies by what a holder may call them.
struct Index<'v> {
    names: BTreeMap<&'v str, Vec<usize>>,
    blocks: BTreeMap<&'v str, Vec<usize>>,
}

impl<'v> Index<'v> {
    fn of(policies: &'v [PolicyBlock]) -> Self {
        let mut index = Self {
            names: BTreeMap::new(),
            blocks: BTreeMap::new(),
        };
        for (place, policy) in policies.iter().enumerate() {
            index.names.entry(&policy.name).or_default().push(place);
            index.blocks.entry(&policy.config_address).or_default().push(place);
        }
        index
    }

    fn find(&self, names: &[String], references: &[String]) -> Vec<usize> {
        let called = names.iter().filter_map(|name| self.names.get(name.as_str()));
        let led = references
            .iter()
            .filter_map(|address| self.blocks.get(address.as_str()));
        called.chain(led).flatten().copied().collect()
    }
}

/// The text of a policy, and whether it is the only one it can be.
fn text<'v>(vault: &'v Vault, policy: &'v PolicyBlock) -> Option<(&'v Policy, bool)> {
    match &policy.source {
        Source::Read(text) => Some((text, true)),
        Source::OneOf(text) => Some((text, false)),
        Source::Broken => None,
        Source::Unknown(blocks) => blocks
            .iter()
            .find_map(|block| vault.documents.get(block))
            .map(|text| (text, true)),
    }
}

fn rules<'p>(set: &[usize], texts: &[Option<(&'p Policy, bool)>]) -> Vec<Rule<'p>> {
    let mut rules = Vec::new();
    for place in set {
        let Some(Some((text, sure))) = texts.get(*place) else {
            continue;
        };
        rules.extend(text.stanzas.iter().map(|stanza| Rule {
            policy: *place,
            pattern: Pattern::new(&stanza.path),
            stanza,
            sure: *sure,
        }));
    }
    rules
}

/// What counts for a request: the capabilities, whether they are sure, and the stanza that gives them.
fn effective<'r, 'p>(rules: &'r [Rule<'p>], path: &str) -> Option<(u16, bool, &'r Rule<'p>)> {
    let mut best: Option<&Rule<'p>> = None;
    for rule in rules.iter().filter(|rule| rule.pattern.matches(path)) {
        if best.is_none_or(|best| rule.pattern.beats(&best.pattern)) {
            best = Some(rule);
        }
    }
    let best = best?;
    let (mut given, mut sure, mut narrowed) = (0, true, true);
    for rule in rules.iter().filter(|rule| rule.pattern == best.pattern) {
        given |= rule.stanza.caps;
        sure &= rule.sure && !rule.stanza.unknown;
        narrowed &= rule.stanza.narrowed;
    }
    if given & caps::DENY != 0 || narrowed {
        return None;
    }
    Some((given, sure, best))
}

fn judge(rules: &[Rule<'_>], found: &mut Found) {
    for danger in &DANGERS {
        let paths: BTreeSet<_> = rules
            .iter()
            .filter_map(|rule| rule.pattern.meets(danger.template))
            .collect();
        for path in paths {
            let Some((given, sure, best)) = effective(rules, &path) else {
                continue;
            };
            let has = given & danger.any != 0 && given & danger.all == danger.all;
            // A capability that is not known yet may be the one.
            if !has && sure {
                continue;
            }
            // Policies may say the same twice; each of them has to change.
            let same = rules.iter().filter(|rule| rule.pattern == best.pattern);
            for rule in same.filter(|rule| rule.stanza.caps & danger.any != 0 || rule.stanza.unknown) {
                add(found, rule, danger, sure);
            }
        }
    }
    for rule in rules {
        wide(rules, rule, found);
    }
}

fn add(found: &mut Found, rule: &Rule<'_>, danger: &'static Danger, sure: bool) {
    insert(
        found,
        rule,
        rule.pattern.is_rootless(),
        danger.severity,
        danger.way,
        sure,
    );
}

fn insert(found: &mut Found, rule: &Rule<'_>, wide: bool, severity: Severity, way: &'static str, sure: bool) {
    let key = (rule.policy, rule.stanza.path.clone(), wide);
    let entry = found.entry(key).or_insert_with(|| (severity, sure, BTreeSet::new()));
    // What is sure hides what is not.
    if sure && !entry.1 {
        *entry = (severity, true, BTreeSet::new());
    }
    if sure == entry.1 {
        entry.0 = entry.0.max(severity);
        entry.2.insert((std::cmp::Reverse(severity), way));
    }
}

/// Stanzas over everything, or over everything in a mount.
fn wide(rules: &[Rule<'_>], rule: &Rule<'_>, found: &mut Found) {
    let given = rule.stanza.caps;
    if given & caps::DENY != 0 || rule.stanza.narrowed {
        return;
    }
    let writes = given & (caps::WRITE | caps::DELETE) != 0;
    let reads = given & caps::READ != 0;
    let sure = rule.sure && !rule.stanza.unknown;
    if rule.pattern.is_rootless() {
        let probe = rule.pattern.meets("@/?").or_else(|| rule.pattern.meets("@/data/?"));
        if probe.is_none_or(|path| effective(rules, &path).is_none()) {
            return;
        }
        match (reads, writes) {
            (_, true) => insert(found, rule, true, Severity::High, "write in every secrets engine", sure),
            (true, false) => insert(
                found,
                rule,
                true,
                Severity::High,
                "read every secret of every engine",
                sure,
            ),
            (false, false) => {}
        }
    } else if let Some((_, kind)) = rule.pattern.whole_mount().filter(|(mount, _)| !is_system(mount)) {
        let credential = is_credential(kind);
        match (kind, reads, writes) {
            (_, true, _) | (_, _, true) if credential => {
                insert(
                    found,
                    rule,
                    true,
                    Severity::Medium,
                    "get credentials of every role of the engine",
                    sure,
                );
            }
            ("" | "data", _, true) => insert(
                found,
                rule,
                true,
                Severity::Medium,
                "write everything in the engine",
                sure,
            ),
            ("" | "data", true, false) => {
                insert(found, rule, true, Severity::Low, "read everything in the engine", sure);
            }
            _ => {}
        }
    } else if given & caps::SUDO != 0 && rule.stanza.path.ends_with('*') {
        insert(
            found,
            rule,
            false,
            Severity::Low,
            "use root-protected paths (`sudo`)",
            sure,
        );
    }
}

/// One judgement for each policy and kind: the worst stanza, with all ways of the policy.
fn told(vault: &Vault, found: Found, held: &BTreeMap<usize, (usize, String)>) -> Vec<Judgement> {
    let mut told: BTreeMap<(usize, bool, bool), Judgement> = BTreeMap::new();
    for ((policy, stanza, wide), (severity, sure, ways)) in found {
        let Some(block) = vault.policies.get(policy) else {
            continue;
        };
        let holders = held.get(&policy);
        let severity = match holders {
            Some(_) => severity,
            None => lower(severity),
        };
        let ways: Vec<_> = ways.into_iter().map(|(_, way)| way).collect();
        let judgement = Judgement {
            address: block.address.clone(),
            path: block.path,
            stanza,
            wide,
            severity,
            sure,
            ways,
            holders: holders.map_or(0, |(count, _)| *count),
            holder: holders.map(|(_, first)| first.clone()),
        };
        match told.get_mut(&(policy, wide, sure)) {
            None => {
                told.insert((policy, wide, sure), judgement);
            }
            Some(known) => {
                let (worst, other) = if judgement.severity > known.severity {
                    (judgement, known.clone())
                } else {
                    (known.clone(), judgement)
                };
                *known = worst;
                let new: Vec<_> = other
                    .ways
                    .iter()
                    .filter(|way| !known.ways.contains(way))
                    .copied()
                    .collect();
                known.ways.extend(new);
            }
        }
    }
    // What could not be decided is not told of a policy that is bad already.
    let bad: BTreeSet<_> = told
        .keys()
        .filter(|(_, _, sure)| *sure)
        .map(|(policy, _, _)| *policy)
        .collect();
    told.into_iter()
        .filter(|((policy, _, sure), _)| *sure || !bad.contains(policy))
        .map(|(_, judgement)| judgement)
        .collect()
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        _ => Severity::Info,
    }
}
