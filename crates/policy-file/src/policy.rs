//! The policy file: its description, and how what it says becomes a policy.

use nhi_governance::{
    Environment, EnvironmentTerms, Kind, NamingRule, Organisation, Pattern, Policy, RiskTier, ScopeRule, StaticSecret,
    Terms, TierTerms, Weights, WildcardRule,
};

use crate::fault::{Collector, Faults};
use crate::modules;
use crate::shape::Attribute as A;
use crate::shape::{Block, Holds, Label, Repeat};
use crate::tree::{self, Place};
use crate::walk::{Item, Value, Walk};

/// Kinds of identity; a test holds them to the domain model.
pub(crate) const KINDS: &[&str] = &[
    "workload",
    "service_account",
    "ci_pipeline",
    "ai_agent",
    "vendor_integration",
    "bot",
    "legacy_shared",
];

const WILDCARDS_AT: &[&str] = &["allowed", "outside_production", "forbidden"];

/// Weights and scores.
const POINTS: Holds = Holds::Count(0, 1_000);

/// The whole file.
pub(crate) static FILE: Block = Block {
    name: "",
    repeat: Repeat::Once,
    doc: "An organisation's policy. Whatever is left out keeps its default.",
    attributes: &[A::optional(
        "organisation",
        Holds::Organisation,
        "Whose policy it is. Approvals are bound to it: another name makes the old ones worthless. Default: none.",
    )],
    blocks: &[
        &ENVIRONMENT,
        &TIER,
        &SCORING,
        &NAMING,
        &ALLOWED_SCOPE,
        &FORBIDDEN_SCOPE,
        &WILDCARDS,
        &EXCEPTIONS,
        &BREAK_GLASS,
        &modules::MODULE,
        &modules::SIGNER,
        &modules::TRUST,
    ],
};

static ENVIRONMENT: Block = Block {
    name: "environment",
    repeat: Repeat::OncePer(Label::Environment),
    doc: "An environment that there is. Once one is listed, identities in any other are refused.",
    attributes: &[
        A::optional(
            "production",
            Holds::Flag,
            "Whether it is production, which weighs in the score. Default: its name decides, `prod-eu` is and `non-prod` is not.",
        ),
        A::optional(
            "warn",
            Holds::Flag,
            "Whether `enforcement = \"warn\"` counts there: missing approvals are then only warned of. Default: in everything but production.",
        ),
    ],
    blocks: &[],
};

static TIER: Block = Block {
    name: "tier",
    repeat: Repeat::OncePer(Label::Tier),
    doc: "What one of the tiers `low`, `moderate`, `high` and `critical` calls for. A higher tier never allows more.",
    attributes: &[
        A::optional(
            "score_from",
            POINTS,
            "Lowest score of the tier; tier low starts at 0. Default: 0, 20, 45, 70.",
        ),
        A::optional(
            "identity_ttl_max",
            Holds::Duration,
            "Longest life of an identity. Default: 4320h, 2160h, 720h, 168h.",
        ),
        A::optional(
            "token_ttl_max",
            Holds::Duration,
            "Longest life of a token. Default: 60m, 60m, 15m, 5m.",
        ),
        A::optional(
            "review_every",
            Holds::Duration,
            "Longest time between two reviews of the access. Default: 4320h, 2160h, 2160h, 720h.",
        ),
        A::optional(
            "rotate_every",
            Holds::Duration,
            "Longest time until a secret that does not change by itself is replaced. Default: its longest life.",
        ),
        A::optional(
            "static_secret",
            Holds::Word(&["by_exception", "never"]),
            "Whether a secret that does not change by itself may be held. Default: by_exception, in tier critical never.",
        ),
        A::optional(
            "static_secret_ttl_max",
            Holds::Duration,
            "Longest life of such a secret. Default: that of an exception, in tier high 720h.",
        ),
    ],
    blocks: &[&APPROVALS],
};

static APPROVALS: Block = Block {
    name: "approvals",
    repeat: Repeat::Once,
    doc: "Who has to approve an identity of the tier. What is left out keeps the tier's default.",
    attributes: &[
        A::optional(
            "count",
            Holds::Count(0, 10),
            "How many distinct persons. Default: 0, 1, 2, 2.",
        ),
        A::optional(
            "policy_owner",
            Holds::Flag,
            "Whether one of them has to be the policy owner. Default: in tier high only.",
        ),
        A::optional(
            "security",
            Holds::Flag,
            "Whether one more person, of security, has to approve. Default: in tier critical only.",
        ),
    ],
    blocks: &[],
};

static SCORING: Block = Block {
    name: "scoring",
    repeat: Repeat::Once,
    doc: "How many points each fact adds to the risk score of an identity.",
    attributes: &[
        A::optional(
            "administer",
            POINTS,
            "Mutating identities, or administration. Default: 40.",
        ),
        A::optional("write", POINTS, "Write access. Default: 20."),
        A::optional("read", POINTS, "Read access. Default: 5."),
        A::optional(
            "wildcard_resource",
            POINTS,
            "A resource that is a pattern. Default: 15.",
        ),
        A::optional("production", POINTS, "Use in production. Default: 15."),
        A::optional("internet_facing", POINTS, "Reachable from the internet. Default: 10."),
        A::optional("third_party", POINTS, "Somebody else's software. Default: 10."),
        A::optional("restricted_data", POINTS, "Restricted data within reach. Default: 15."),
        A::optional(
            "static_credential",
            POINTS,
            "A credential that does not change by itself. Default: 25.",
        ),
        A::optional("cross_account", POINTS, "Several accounts within reach. Default: 10."),
        A::optional(
            "autonomous_agent",
            POINTS,
            "Software that decides by itself. Default: 10.",
        ),
        A::optional(
            "no_attestation",
            POINTS,
            "Nothing proves that it is itself. Default: 10.",
        ),
    ],
    blocks: &[],
};

static NAMING: Block = Block {
    name: "naming",
    repeat: Repeat::Often,
    doc: "How identities are named. A name keeps every rule that applies to it.",
    attributes: &[
        A::required(
            "patterns",
            Holds::Patterns,
            "What a name may look like: at least one pattern, `*` is any run of characters and `?` is one.",
        ),
        A::optional("kinds", Holds::Words(KINDS), "Kinds it applies to. Default: all."),
        A::optional(
            "environments",
            Holds::Environments,
            "Environments it applies to. Default: all.",
        ),
    ],
    blocks: &[],
};

/// Of both blocks on scopes.
const SCOPE: &[A] = &[
    A::optional(
        "resources",
        Holds::Patterns,
        "Patterns of resources. Default: `[\"*\"]`, all.",
    ),
    A::optional(
        "actions",
        Holds::Patterns,
        "Patterns of actions. Default: `[\"*\"]`, all.",
    ),
    A::optional(
        "environments",
        Holds::Environments,
        "Environments it applies to. Default: all.",
    ),
];

static ALLOWED_SCOPE: Block = Block {
    name: "allowed_scope",
    repeat: Repeat::OftenPer(Label::Backend),
    doc: "What the scope of an identity may hold of a backend. Once one is listed, an entry of a scope has to lie within \
          one of them.",
    attributes: SCOPE,
    blocks: &[],
};

static FORBIDDEN_SCOPE: Block = Block {
    name: "forbidden_scope",
    repeat: Repeat::OftenPer(Label::Backend),
    doc: "What no scope may touch of a backend, in whatever spelling: an entry that overlaps is refused.",
    attributes: SCOPE,
    blocks: &[],
};

static WILDCARDS: Block = Block {
    name: "wildcards",
    repeat: Repeat::Once,
    doc: "Where a scope may hold patterns. A bare wildcard is refused whatever is said here.",
    attributes: &[
        A::optional(
            "resources",
            Holds::Word(WILDCARDS_AT),
            "In resources. Default: allowed.",
        ),
        A::optional("actions", Holds::Word(WILDCARDS_AT), "In actions. Default: allowed."),
    ],
    blocks: &[],
};

static EXCEPTIONS: Block = Block {
    name: "exceptions",
    repeat: Repeat::Once,
    doc: "How long an exception may last.",
    attributes: &[
        A::optional("ttl_max", Holds::Duration, "Longest life. Default: 2160h, 90 days."),
        A::optional(
            "critical_ttl_max",
            Holds::Duration,
            "Longest life where the subject is of tier critical. Default: 336h, 14 days.",
        ),
        A::optional(
            "renewals_max",
            Holds::Count(0, 10),
            "How often it may be renewed. Default: 1.",
        ),
    ],
    blocks: &[],
};

static BREAK_GLASS: Block = Block {
    name: "break_glass",
    repeat: Repeat::Once,
    doc: "What break-glass access has to keep to.",
    attributes: &[
        A::optional(
            "holders_min",
            Holds::Count(2, 100),
            "Fewest persons who hold it. Default: 2.",
        ),
        A::optional("session_max", Holds::Duration, "Longest session. Default: 1h."),
        A::optional(
            "test_interval_max",
            Holds::Duration,
            "Longest time between two tests of it. Default: 2160h, 90 days.",
        ),
    ],
    blocks: &[],
};

/// The policy that a text says, or everything that is wrong with it.
pub(crate) fn read(file: &str, text: &str) -> Result<Policy, Faults> {
    let mut walk = Walk::default();
    let entries = tree::parse(text, &mut walk.faults);
    walk.inside(&FILE, &[], &entries, &(0..0));
    let mut terms = Terms::default();
    // A rule on secrets takes its default limit with it, so a limit that is written down comes after.
    let is_rule = |item: &&Item| item.path.last().is_some_and(|name| name == "static_secret");
    let (rules, rest): (Vec<&Item>, Vec<&Item>) = walk.items.iter().partition(is_rule);
    for item in rules.into_iter().chain(rest) {
        apply(&mut terms, item);
    }
    // What contradicts itself is told even beside mistakes: what is good has been applied.
    match Policy::new(terms) {
        Ok(policy) if walk.faults.is_empty() => return Ok(policy),
        Ok(_) => {}
        Err(contradictions) => {
            // What is wrong by itself is no contradiction as well.
            let is_wrong =
                |place: &str, at: &Place| walk.faults.has(at) || (walk.is_value(place) && walk.faults.within(at));
            let found: Vec<_> = contradictions
                .into_iter()
                .map(|found| (walk.place(&found.place), found))
                .filter(|(at, found)| !is_wrong(&found.place, at))
                .map(|(at, found)| (at, found.problem))
                .collect();
            for (at, problem) in found {
                walk.faults.add(&at, problem);
            }
        }
    }
    Err(finish(walk.faults, file, text))
}

fn finish(faults: Collector, file: &str, text: &str) -> Faults {
    faults.finish(file, text).unwrap_or_else(|| Faults {
        file: file.to_owned(),
        faults: Vec::new(),
    })
}

fn apply(terms: &mut Terms, item: &Item) {
    let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
    match (path.as_slice(), &item.value) {
        (["organisation"], Value::Text(text)) => terms.organisation = Organisation::parse(text).ok(),
        (["environment", name, rest @ ..], value) => {
            if let Ok(name) = Environment::parse(name) {
                let of: &mut EnvironmentTerms = terms.environment.entry(name).or_default();
                if let (["warn"], Value::Flag(flag)) = (rest, value) {
                    of.warn = Some(*flag);
                }
                if let (["production"], Value::Flag(flag)) = (rest, value) {
                    of.production = Some(*flag);
                }
            }
        }
        (["tier", name, rest @ ..], value) => {
            if let Ok(name) = RiskTier::parse(name) {
                tier(terms.tier.of_mut(name), rest, value);
            }
        }
        (["scoring", name], Value::Count(points)) => {
            if let Some(weight) = weight(&mut terms.scoring, name) {
                *weight = *points;
            }
        }
        (["naming", _, rest @ ..], value) => naming(&mut terms.naming, rest, value),
        ([block @ ("allowed_scope" | "forbidden_scope"), backend, _, rest @ ..], value) => {
            let rules = match *block {
                "allowed_scope" => &mut terms.allowed_scope,
                _ => &mut terms.forbidden_scope,
            };
            scope(rules.entry((*backend).to_owned()).or_default(), rest, value);
        }
        (["wildcards", "resources"], Value::Text(word)) => terms.wildcards.resources = wildcard(word),
        (["wildcards", "actions"], Value::Text(word)) => terms.wildcards.actions = wildcard(word),
        (["exceptions", name], Value::Duration(ttl)) => match *name {
            "ttl_max" => terms.exceptions.ttl_max = ttl.clone(),
            _ => terms.exceptions.critical_ttl_max = ttl.clone(),
        },
        (["exceptions", "renewals_max"], Value::Count(count)) => terms.exceptions.renewals_max = *count,
        (["break_glass", name], Value::Duration(ttl)) => match *name {
            "session_max" => terms.break_glass.session_max = ttl.clone(),
            _ => terms.break_glass.test_interval_max = ttl.clone(),
        },
        (["break_glass", "holders_min"], Value::Count(count)) => terms.break_glass.holders_min = *count,
        // That a block is there says nothing by itself.
        _ => {}
    }
}

fn tier(terms: &mut TierTerms, path: &[&str], value: &Value) {
    match (path, value) {
        (["score_from"], Value::Count(score)) => terms.score_from = *score,
        (["identity_ttl_max"], Value::Duration(ttl)) => terms.identity_ttl_max = ttl.clone(),
        (["token_ttl_max"], Value::Duration(ttl)) => terms.token_ttl_max = ttl.clone(),
        (["review_every"], Value::Duration(ttl)) => terms.review_every = ttl.clone(),
        (["rotate_every"], Value::Duration(ttl)) => terms.rotate_every = Some(ttl.clone()),
        (["static_secret"], Value::Text(word)) => {
            terms.static_secret = match word.as_str() {
                "by_exception" => StaticSecret::ByException,
                _ => StaticSecret::Never,
            };
            // The default limit goes with the default rule.
            if terms.static_secret == StaticSecret::Never {
                terms.static_secret_ttl_max = None;
                terms.rotate_every = None;
            }
        }
        (["static_secret_ttl_max"], Value::Duration(ttl)) => terms.static_secret_ttl_max = Some(ttl.clone()),
        (["approvals", "count"], Value::Count(count)) => terms.approvals.count = *count,
        (["approvals", "policy_owner"], Value::Flag(flag)) => terms.approvals.policy_owner = *flag,
        (["approvals", "security"], Value::Flag(flag)) => terms.approvals.security = *flag,
        _ => {}
    }
}

fn weight<'w>(weights: &'w mut Weights, name: &str) -> Option<&'w mut u32> {
    Some(match name {
        "administer" => &mut weights.administer,
        "write" => &mut weights.write,
        "read" => &mut weights.read,
        "wildcard_resource" => &mut weights.wildcard_resource,
        "production" => &mut weights.production,
        "internet_facing" => &mut weights.internet_facing,
        "third_party" => &mut weights.third_party,
        "restricted_data" => &mut weights.restricted_data,
        "static_credential" => &mut weights.static_credential,
        "cross_account" => &mut weights.cross_account,
        "autonomous_agent" => &mut weights.autonomous_agent,
        "no_attestation" => &mut weights.no_attestation,
        _ => return None,
    })
}

/// Blocks come in order, each before what is inside of it.
fn naming(rules: &mut Vec<NamingRule>, path: &[&str], value: &Value) {
    if path.is_empty() {
        rules.push(NamingRule {
            kinds: Vec::new(),
            environments: Vec::new(),
            patterns: Vec::new(),
        });
    }
    if let (Some(rule), [name], Value::Texts(texts)) = (rules.last_mut(), path, value) {
        match *name {
            "kinds" => rule.kinds = texts.iter().filter_map(|word| Kind::parse(word).ok()).collect(),
            "environments" => rule.environments = environments(texts),
            _ => rule.patterns = patterns(texts),
        }
    }
}

fn scope(rules: &mut Vec<ScopeRule>, path: &[&str], value: &Value) {
    if path.is_empty() {
        rules.push(ScopeRule {
            environments: Vec::new(),
            resources: vec![Pattern::any()],
            actions: vec![Pattern::any()],
        });
    }
    if let (Some(rule), [name], Value::Texts(texts)) = (rules.last_mut(), path, value) {
        match *name {
            "environments" => rule.environments = environments(texts),
            "resources" => rule.resources = patterns(texts),
            _ => rule.actions = patterns(texts),
        }
    }
}

fn environments(texts: &[String]) -> Vec<Environment> {
    texts.iter().filter_map(|text| Environment::parse(text).ok()).collect()
}

fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().filter_map(|text| Pattern::parse(text).ok()).collect()
}

fn wildcard(word: &str) -> WildcardRule {
    let mut rules = WildcardRule::ALL.into_iter();
    rules
        .find(|rule| rule.as_str() == word)
        .unwrap_or(WildcardRule::Forbidden)
}
