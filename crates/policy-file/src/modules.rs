//! What a policy file says of policy modules: which run, how much their findings count, whose signature they need.

use std::collections::{BTreeMap, BTreeSet};

pub use nhi_governance::ModuleLevel as Level;
use nhi_governance::{ModuleRule, Pattern, Problem, SignerRule, Terms, TrustRule};
use serde_json::Value as Json;

use crate::code::{MISSING, UNKNOWN, VALUE, quote};
use crate::fault::Faults;
use crate::policy::FILE;
use crate::shape::Attribute as A;
use crate::shape::{Block, Holds, Label, Repeat, nearest};
use crate::source::Source;
use crate::version::Constraint;
use crate::walk::{Item, Value, Walk};
use crate::{load, tree};

/// A module that runs beside the built-in analyzer.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleTerms {
    /// Where it comes from.
    pub source: Source,
    /// Which versions may be locked; a file has none.
    pub version: Option<Constraint>,
    /// How much its findings count.
    pub level: Level,
    /// Its settings, a JSON object.
    pub settings: Json,
    /// Whether it is shown sensitive values.
    pub sensitive_values: bool,
}

/// Whose signatures modules of some sources need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustTerms {
    /// Sources by pattern.
    pub sources: Pattern,
    /// Each of these has to have signed.
    pub all_of: Vec<String>,
    /// One of these has to have signed.
    pub any_of: Vec<String>,
}

/// All that a policy file says of modules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModulesTerms {
    /// By name.
    pub modules: BTreeMap<String, ModuleTerms>,
    /// Public keys by the name of their holder, as they are written: an OpenSSH line or PEM.
    pub signers: BTreeMap<String, String>,
    /// In the order of the file.
    pub trust: Vec<TrustTerms>,
}

pub(crate) static MODULE: Block = Block {
    name: "module",
    repeat: Repeat::OncePer(Label::Name),
    doc: "A policy module that runs beside the built-in analyzer. `nhi.lock.hcl` pins what exactly runs.",
    attributes: &[
        A::required(
            "source",
            Holds::Source,
            "Where it comes from: a repository of an OCI registry, or a file beside this one.",
        ),
        A::optional(
            "version",
            Holds::Versions,
            "Which versions may be locked. A repository needs it, a file has none.",
        ),
        A::required(
            "level",
            Holds::Word(&["advisory", "overridable", "mandatory"]),
            "How much its findings count: reported only; as severe as they are, unless somebody waives them; always.",
        ),
        A::optional(
            "settings",
            Holds::Object,
            "What the module's own schema describes. Default: `{}`.",
        ),
        A::optional(
            "sensitive_values",
            Holds::Flag,
            "Whether it is shown values that the plan marks as sensitive. Default: false, they are redacted.",
        ),
    ],
    blocks: &[],
};

pub(crate) static SIGNER: Block = Block {
    name: "signer",
    repeat: Repeat::OncePer(Label::Name),
    doc: "Somebody who signs modules.",
    attributes: &[A::required(
        "key",
        Holds::Text,
        "The public key: a line `ssh-ed25519 …`, or PEM of an Ed25519 or P-256 key with `\\n` between its lines.",
    )],
    blocks: &[],
};

pub(crate) static TRUST: Block = Block {
    name: "trust",
    repeat: Repeat::OncePer(Label::Sources),
    doc: "Whose signatures modules need, by pattern of their source. Every block that matches has to be met; a module of a \
          registry that none matches is refused.",
    attributes: &[
        A::optional("all_of", Holds::Names, "Each of these signers. Default: none."),
        A::optional("any_of", Holds::Names, "One of these signers. Default: none."),
    ],
    blocks: &[],
};

/// Reads what a policy file says of modules, in HCL or JSON; `file` is the name that faults are told with.
///
/// # Errors
///
/// Everything that is wrong with these blocks, and whatever [`crate::read`] finds in the shape of the file.
pub fn read_modules(file: &str, bytes: &[u8]) -> Result<ModulesTerms, Faults> {
    let text = load::text(file, bytes)?;
    let mut walk = Walk::default();
    let entries = tree::parse(text, &mut walk.faults);
    walk.inside(&FILE, &[], &entries, &(0..0));
    let terms = collect(&mut walk);
    match walk.faults.finish(file, text) {
        Some(faults) => Err(faults),
        None => Ok(terms),
    }
}

/// What a file says of modules; what is wrong with that is added to the faults.
pub(crate) fn collect(walk: &mut Walk) -> ModulesTerms {
    let mut terms = ModulesTerms::default();
    let mut drafts = BTreeMap::new();
    for item in &walk.items {
        apply(&mut terms, &mut drafts, item);
    }
    finish_modules(&mut terms, drafts, walk);
    check_trust(&terms, walk);
    terms
}

impl ModulesTerms {
    /// Writes them into the terms of the policy, by which a change of them is compared.
    pub(crate) fn enter(self, terms: &mut Terms) {
        let rule = |module: ModuleTerms| ModuleRule {
            source: module.source.to_string(),
            version: module.version.map(|version| version.to_string()),
            level: module.level,
            settings: match module.settings {
                Json::Object(settings) => settings,
                _ => serde_json::Map::new(),
            },
            sensitive_values: module.sensitive_values,
        };
        terms.module = self
            .modules
            .into_iter()
            .map(|(name, module)| (name, rule(module)))
            .collect();
        terms.signer = self
            .signers
            .into_iter()
            .map(|(name, key)| (name, SignerRule { key }))
            .collect();
        let trusts = self.trust.into_iter().map(|trust| {
            let TrustTerms {
                sources,
                all_of,
                any_of,
            } = trust;
            (sources, TrustRule { all_of, any_of })
        });
        terms.trust = trusts.collect();
    }
}

/// A module while its block is read.
#[derive(Default)]
struct Draft {
    source: Option<Source>,
    version: Option<Constraint>,
    level: Option<Level>,
    settings: Option<Json>,
    sensitive_values: bool,
}

fn apply(terms: &mut ModulesTerms, drafts: &mut BTreeMap<String, Draft>, item: &Item) {
    let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
    match (path.as_slice(), &item.value) {
        (["module", name, rest @ ..], value) => {
            let draft = drafts.entry((*name).to_owned()).or_default();
            match (rest, value) {
                (["source"], Value::Text(text)) => draft.source = Source::parse(text).ok(),
                (["version"], Value::Text(text)) => draft.version = Constraint::parse(text).ok(),
                (["level"], Value::Text(word)) => {
                    draft.level = Level::ALL.into_iter().find(|level| level.as_str() == word);
                }
                (["settings"], Value::Object(settings)) => draft.settings = Some(settings.clone()),
                (["sensitive_values"], Value::Flag(flag)) => draft.sensitive_values = *flag,
                _ => {}
            }
        }
        (["signer", name, "key"], Value::Text(key)) => {
            terms.signers.insert((*name).to_owned(), key.clone());
        }
        (["trust", sources], Value::Present) => {
            if let Ok(sources) = Pattern::parse(sources) {
                terms.trust.push(TrustTerms {
                    sources,
                    all_of: Vec::new(),
                    any_of: Vec::new(),
                });
            }
        }
        (["trust", _, which], Value::Texts(names)) => {
            // A block comes before what is inside of it.
            if let Some(trust) = terms.trust.last_mut() {
                match *which {
                    "all_of" => trust.all_of.clone_from(names),
                    _ => trust.any_of.clone_from(names),
                }
            }
        }
        _ => {}
    }
}

fn finish_modules(terms: &mut ModulesTerms, drafts: BTreeMap<String, Draft>, walk: &mut Walk) {
    for (name, draft) in drafts {
        let at = walk.place(&format!("module.{name}"));
        let (Some(source), Some(level)) = (draft.source, draft.level) else {
            // That one is missing or wrong is told already.
            continue;
        };
        match (&source, &draft.version) {
            // One that stands there and is no constraint is told already, at its own place.
            (Source::Oci { .. }, None) if !walk.is_value(&format!("module.{name}.version")) => {
                let help = "Write `version = \"~> 1.0\"`, so that an update has a limit.";
                let message = format!("module {} comes from a registry and has no `version`", quote(&name));
                walk.faults.add(&at, Problem::new(&MISSING, message, help));
            }
            (Source::File(_), Some(_)) => {
                let help = "Remove `version`: the lock file pins a file by its digest.";
                let message = format!("module {} is a file and has a `version`", quote(&name));
                let place = walk.place(&format!("module.{name}.version"));
                walk.faults.add(&place, Problem::new(&VALUE, message, help));
            }
            _ => {}
        }
        terms.modules.insert(
            name,
            ModuleTerms {
                source,
                version: draft.version,
                level,
                settings: draft.settings.unwrap_or_else(|| Json::Object(serde_json::Map::new())),
                sensitive_values: draft.sensitive_values,
            },
        );
    }
}

fn check_trust(terms: &ModulesTerms, walk: &mut Walk) {
    let known: BTreeSet<&str> = terms.signers.keys().map(String::as_str).collect();
    for trust in &terms.trust {
        let path = format!("trust.{}", trust.sources);
        // Names that stand there and are none are told already.
        let is_told = ["all_of", "any_of"].into_iter().any(|which| {
            let path = format!("{path}.{which}");
            walk.is_value(&path) && walk.faults.within(&walk.place(&path))
        });
        if trust.all_of.is_empty() && trust.any_of.is_empty() && !is_told {
            let at = walk.place(&path);
            let message = format!("trust in {} asks for nobody", quote(trust.sources.as_str()));
            let help = "Write `any_of = [\"…\"]` or `all_of = [\"…\"]` with the names of signers.";
            walk.faults.add(&at, Problem::new(&MISSING, message, help));
        }
        for (which, names) in [("all_of", &trust.all_of), ("any_of", &trust.any_of)] {
            for name in names.iter().filter(|name| !known.contains(name.as_str())) {
                let at = walk.place(&format!("{path}.{which}"));
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("Write `{near}`."),
                    None => format!("Write a block `signer \"{name}\" {{ key = \"…\" }}`."),
                };
                let message = format!("there is no signer {}", quote(name));
                walk.faults.add(&at, Problem::new(&UNKNOWN, message, help));
            }
        }
    }
}
