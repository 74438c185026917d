//! All policies of a module together: what judges, and what the module says of itself.

use std::collections::{BTreeMap, BTreeSet};

use nhi_policy_sdk::{Canary, Description, Interest, RuleInfo, Severity, Sharding};
use regorus::unstable::{Expr, Rule, RuleHead};
use regorus::{Engine, Value};

use crate::bundle::Bundle;
use crate::canary;
use crate::edit::{self, Edits};
use crate::functions::{Packages, Reader, names};
use crate::metadata::{self, Block, Said, Scope};
use crate::problem::Problem;
use crate::settings;
use crate::source::{self, Parsed};

/// What names of rules begin with, and how bad their findings are where nobody says.
const KINDS: [(&str, Severity); 3] = [
    ("deny", Severity::High),
    ("violation", Severity::High),
    ("warn", Severity::Low),
];
/// Mistakes that are told at once.
const PROBLEMS_MAX: usize = 20;

/// A rule that judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// `data.main.deny`.
    pub(crate) path: String,
    /// `data.main`.
    pub(crate) package: String,
    /// `public` of `deny_public`: what an exception names.
    pub(crate) suffix: String,
    pub(crate) has_exceptions: bool,
    pub(crate) rule: RuleInfo,
    pub(crate) remediation: String,
    pub(crate) resource_types: Option<Vec<String>>,
    pub(crate) is_per_resource: bool,
    /// What it must flag, as a line of JSON.
    pub(crate) canary: Option<String>,
}

/// Policies, ready to judge.
#[derive(Debug)]
pub struct Policy {
    pub(crate) engine: Engine,
    pub(crate) units: Vec<Unit>,
    pub(crate) description: Description,
    pub(crate) schema: String,
}

/// A head whose rules judge.
struct Head<'h> {
    file: usize,
    rule: usize,
    name: &'h str,
    package: String,
    /// Bytes of the name in the file.
    start: usize,
    said: Said,
}

impl Policy {
    /// Reads policies and tries them; where something is wrong, everything that is.
    pub fn new(bundle: &Bundle) -> Result<Self, Vec<String>> {
        Self::read(bundle, true)
    }

    /// What the module says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The same policies once more, for a judgement of their own.
    pub(crate) fn again(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            units: self.units.clone(),
            description: self.description.clone(),
            schema: self.schema.clone(),
        }
    }

    /// Reads policies that were tried when they were built.
    pub(crate) fn tried(bundle: &Bundle) -> Result<Self, Vec<String>> {
        Self::read(bundle, false)
    }

    fn read(bundle: &Bundle, is_trial: bool) -> Result<Self, Vec<String>> {
        read(bundle, is_trial).map_err(|mut problems| {
            problems.sort();
            problems.dedup();
            problems.iter().take(PROBLEMS_MAX).map(Problem::text).collect()
        })
    }
}

fn read(bundle: &Bundle, is_trial: bool) -> Result<Policy, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for file in &bundle.policies {
        match source::parse(file) {
            Ok(parsed) => files.push(parsed),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let packages = packages(&files);
    let mut parts = BTreeSet::new();
    let mut edits: Vec<Edits> = Vec::new();
    for file in &files {
        let mut reader = Reader::new(&packages, &file.module);
        reader.module(&file.module);
        problems.append(&mut reader.problems);
        parts.append(&mut reader.parts);
        edits.push(edit::collections(&reader.collections));
    }
    let heads = heads(bundle, &files, &mut problems);
    if heads.is_empty() && problems.is_empty() {
        problems.push(no_rules(bundle, &files));
    }
    let units = units(bundle, &files, &packages, heads, &mut edits);
    let texts: Vec<String> = files
        .iter()
        .zip(&edits)
        .map(|(file, edits)| edits.apply(&file.text))
        .collect();
    let engine = engine(&files, &texts, bundle, &mut problems);
    if problems.is_empty()
        && is_trial
        && let Some(problem) = trial(&engine)
    {
        // Told of the files as they were written, where they have the same mistake.
        let texts: Vec<String> = files.iter().map(|file| file.text.clone()).collect();
        let mut own = Vec::new();
        let engine = self::engine(&files, &texts, bundle, &mut own);
        problems.push(own.pop().or_else(|| trial(&engine)).unwrap_or(problem));
    }
    if let Err(problem) = settings::schema(&bundle.schema) {
        problems.push(problem);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let policy = Policy {
        engine,
        description: description(bundle, &units, &parts),
        units,
        schema: bundle.schema.clone(),
    };
    let problems = if is_trial { canary::trial(&policy) } else { Vec::new() };
    if problems.is_empty() { Ok(policy) } else { Err(problems) }
}

fn packages(files: &[Parsed]) -> Packages {
    let mut packages = Packages::new();
    for file in files {
        let rules = packages
            .entry(names(&file.module.package.refr).unwrap_or_default())
            .or_default();
        for rule in &file.module.policy {
            let refr = match &**rule {
                Rule::Spec { head, .. } => refr(head),
                Rule::Default { refr, .. } => refr,
            };
            rules.extend(first_name(refr));
        }
    }
    packages
}

fn refr(head: &RuleHead) -> &Expr {
    match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
    }
}

fn first_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var { span, .. } => Some(span.text().to_owned()),
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => first_name(refr),
        _ => None,
    }
}

/// Which kind a name is of, as conftest reads names: `deny`, `deny_public_bucket`.
fn kind(name: &str) -> Option<(&'static str, Severity)> {
    KINDS.into_iter().find(|(kind, _)| {
        name.strip_prefix(kind).is_some_and(|rest| {
            let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
            rest.is_empty() || rest.strip_prefix('_').is_some_and(|rest| rest.split('_').all(is_part))
        })
    })
}

fn heads<'f>(bundle: &Bundle, files: &'f [Parsed], problems: &mut Vec<Problem>) -> Vec<Head<'f>> {
    let blocks: Vec<Vec<Block>> = files
        .iter()
        .map(|file| metadata::read(&file.path, &file.text, problems))
        .collect();
    let mut heads = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let package = names(&file.module.package.refr).unwrap_or_default().join(".");
        if !(bundle.namespaces.is_empty() || bundle.namespaces.contains(&package)) {
            continue;
        }
        for (position, rule) in file.module.policy.iter().enumerate() {
            let Rule::Spec { head, span, .. } = &**rule else {
                continue;
            };
            let named = match refr(head) {
                Expr::Var { span, .. } => span,
                // `deny[msg] if` is an object under Rego 1, `deny.a` a rule of another name: neither is a set.
                Expr::RefBrack { refr, .. } if matches!(head, RuleHead::Compr { .. }) => match &**refr {
                    Expr::Var { span, .. } => span,
                    _ => continue,
                },
                _ => continue,
            };
            if kind(named.text()).is_none() || matches!(head, RuleHead::Func { .. }) {
                continue;
            }
            if !matches!(head, RuleHead::Set { key: Some(_), .. }) {
                let message = format!("`{}` is no set, so that it would never say anything", named.text());
                let help = format!("write `{} contains msg if {{ ... }}`", named.text());
                problems.push(Problem::at(span, message, help));
                continue;
            }
            heads.push(Head {
                file: index,
                rule: position,
                name: named.text(),
                said: said(files, &blocks, index, span.line, &package, named.text()),
                package: package.clone(),
                start: named.start as usize,
            });
        }
    }
    heads
}

/// What is said of the rule on a line: by its own block, by that of all rules of its name, by that of its package.
fn said(files: &[Parsed], blocks: &[Vec<Block>], file: usize, line: u32, package: &str, name: &str) -> Said {
    let own = blocks
        .get(file)
        .into_iter()
        .flatten()
        .find(|block| block.line == line && block.scope != Scope::Package);
    let (mut document, mut wide) = (Said::default(), Said::default());
    for (file, blocks) in files.iter().zip(blocks) {
        if names(&file.module.package.refr).unwrap_or_default().join(".") != package {
            continue;
        }
        for block in blocks {
            let names_rule = |rule: &Rule| match rule {
                Rule::Spec { head, span, .. } => {
                    span.line == block.line && first_name(refr(head)).as_deref() == Some(name)
                }
                Rule::Default { .. } => false,
            };
            match block.scope {
                Scope::Package => wide = wide.or(&block.said),
                Scope::Document if file.module.policy.iter().any(|rule| names_rule(rule)) => {
                    document = document.or(&block.said);
                }
                _ => {}
            }
        }
    }
    // A title of the package is not the title of each of its rules, nor is its canary one for each of them.
    (wide.title, wide.description, wide.canary) = (None, None, None);
    own.map(|block| block.said.clone())
        .unwrap_or_default()
        .or(&document)
        .or(&wide)
}

fn no_rules(bundle: &Bundle, files: &[Parsed]) -> Problem {
    let found: BTreeSet<String> = files
        .iter()
        .filter(|file| {
            let rules = file.module.policy.iter();
            rules
                .filter_map(|rule| match &**rule {
                    Rule::Spec { head, .. } => first_name(refr(head)),
                    Rule::Default { .. } => None,
                })
                .any(|name| kind(&name).is_some())
        })
        .filter_map(|file| Some(format!("\"{}\"", names(&file.module.package.refr)?.join("."))))
        .collect();
    let sought = bundle.namespaces.join(", ");
    let message = format!("there is no rule `deny`, `violation` or `warn` in the package {sought}");
    let help = if found.is_empty() {
        "write `deny contains msg if { ... }` in `package main`".to_owned()
    } else {
        let found: Vec<String> = found.into_iter().collect();
        format!("write `namespaces = [{}]`", found.join(", "))
    };
    Problem::new("module.hcl", message, help)
}

/// The units, and what is changed of the files for them.
///
/// The interpreter answers with all findings of all bodies of a rule together. Where bodies say different things of
/// themselves, each gets a name of its own, and the rule's name stands for all of them again in a line at the end.
fn units(
    bundle: &Bundle,
    files: &[Parsed],
    packages: &Packages,
    heads: Vec<Head<'_>>,
    edits: &mut [Edits],
) -> Vec<Unit> {
    let mut groups: BTreeMap<(String, &str), Vec<Head<'_>>> = BTreeMap::new();
    for head in heads {
        groups.entry((head.package.clone(), head.name)).or_default().push(head);
    }
    let mut units = Vec::new();
    for ((package, name), heads) in &groups {
        let path: Vec<String> = package.split('.').map(str::to_owned).collect();
        let has_exceptions = packages.get(&path).is_some_and(|rules| rules.contains("exception"));
        let is_uniform = heads.windows(2).all(|pair| matches!(pair, [a, b] if a.said == b.said));
        let unit = |name: &str, head: &Head<'_>| Unit {
            path: format!("data.{package}.{name}"),
            package: format!("data.{package}"),
            suffix: head.name.split_once('_').map_or("", |(_, rest)| rest).to_owned(),
            has_exceptions,
            rule: rule(bundle, head),
            remediation: head.said.remediation.clone().unwrap_or_default(),
            resource_types: head.said.resource_types.clone(),
            is_per_resource: head.said.is_per_resource.unwrap_or(false),
            canary: head.said.canary.clone(),
        };
        for head in heads {
            if is_uniform {
                units.push(unit(name, head));
                break;
            }
            let own = format!("{name}__nhi_{}_{}", head.file, head.rule);
            units.push(unit(&own, head));
            if let (Some(edits), Some(file)) = (edits.get_mut(head.file), files.get(head.file)) {
                edits.rename(head.start, head.name, &own, file.is_old && !file.module.rego_v1);
            }
        }
    }
    units
}

fn rule(bundle: &Bundle, head: &Head<'_>) -> RuleInfo {
    let said = &head.said;
    let plain = |text: &str| -> String {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    };
    let own = plain(&format!(
        "{} {}",
        if head.package == "main" { "" } else { &head.package },
        head.name
    ));
    let code = said.rule.clone().unwrap_or_else(|| {
        let code = format!("{}-{own}", bundle.name).to_ascii_uppercase();
        // Codes of the built-in analyzer begin like this.
        let code = if code.starts_with("NHI") {
            format!("ORG-{code}")
        } else {
            code
        };
        code.chars().take(64).collect()
    });
    let title = said.title.clone();
    let name = said
        .name
        .clone()
        .or_else(|| Some(plain(title.as_ref()?)))
        .unwrap_or(own);
    let name: String = name.to_ascii_lowercase().chars().take(64).collect();
    let summary = title.unwrap_or_else(|| format!("what `{}` of the package `{}` tells", head.name, head.package));
    RuleInfo {
        code,
        name: name.trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned(),
        severity: said
            .severity
            .or(kind(head.name).map(|(_, severity)| severity))
            .unwrap_or_default(),
        why: said.description.clone().unwrap_or_else(|| summary.clone()),
        summary,
        controls: said.controls.clone().unwrap_or_default(),
        ..RuleInfo::default()
    }
}

fn engine(files: &[Parsed], texts: &[String], bundle: &Bundle, problems: &mut Vec<Problem>) -> Engine {
    let mut engine = Engine::new();
    // A function that cannot answer is undefined, as everywhere but in this interpreter.
    engine.set_strict_builtin_errors(false);
    engine.set_gather_prints(true);
    if let Err(error) = engine.add_extension(edit::ITEMS.to_owned(), 1, Box::new(edit::items)) {
        problems.push(Problem::told("policy", &error.to_string()));
    }
    for (file, text) in files.iter().zip(texts) {
        engine.set_rego_v0(file.is_old);
        if let Err(error) = engine.add_policy(file.path.clone(), text.clone()) {
            problems.push(Problem::told(&file.path, &error.to_string()));
        }
    }
    for file in &bundle.data {
        let added = source::data(file).and_then(|data| {
            let taken = ["nhi", "settings"].into_iter().find(|name| {
                data.as_object()
                    .is_ok_and(|object| object.contains_key(&Value::from(*name)))
            });
            if let Some(name) = taken {
                let message = format!("`data.{name}` is what the host says");
                return Err(Problem::new(&file.path, message, "call it something else"));
            }
            engine.add_data(data).map_err(|error| {
                let message = format!("the data does not go together with that of another file: {error}");
                Problem::new(&file.path, message, "say each thing in one file")
            })
        });
        problems.extend(added.err());
    }
    engine
}

/// Variables without a value and rules that need themselves are found when a rule is asked for the first time.
fn trial(engine: &Engine) -> Option<Problem> {
    let mut engine = engine.clone();
    engine.set_input(Value::new_object());
    let error = engine.eval_modules(false).err()?;
    Some(Problem::told("policy", &error.to_string()))
}

fn canaries(units: &[Unit]) -> Vec<Canary> {
    let declared = units.iter().filter_map(|unit| Some((unit, unit.canary.clone()?)));
    declared
        .map(|(unit, change)| Canary {
            rule: unit.rule.code.clone(),
            change,
        })
        .collect()
}

fn description(bundle: &Bundle, units: &[Unit], parts: &BTreeSet<String>) -> Description {
    let mut rules: BTreeMap<&str, &RuleInfo> = BTreeMap::new();
    for unit in units {
        rules.entry(&unit.rule.code).or_insert(&unit.rule);
    }
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let types: Option<BTreeSet<String>> = units.iter().try_fold(BTreeSet::new(), |mut all, unit| {
        all.extend(unit.resource_types.clone()?);
        Some(all)
    });
    let mut interests = vec![Interest {
        modes: own(&["managed", "data"]),
        resource_types: types.map_or_else(|| own(&["*"]), |types| types.into_iter().collect()),
        needs: own(&["before"]),
        ..Interest::default()
    }];
    for (part, mode) in [("variables", "variable"), ("output_changes", "output")] {
        if parts.contains(part) {
            interests.push(Interest {
                modes: own(&[mode]),
                resource_types: own(&["*"]),
                needs: own(&["before"]),
                ..Interest::default()
            });
        }
    }
    let is_per_resource = units.iter().all(|unit| unit.is_per_resource);
    Description {
        rules: rules.into_values().cloned().collect(),
        interests,
        sharding: if is_per_resource {
            Sharding::PerResource
        } else {
            Sharding::WholePlan
        },
        settings_schema: bundle.schema.clone(),
        canaries: canaries(units),
        ..Description::new(bundle.name.clone(), bundle.version.clone())
    }
}
