//! `nhi policy show`: the effective policy, every default written out.

use nhi_governance::{Policy, RiskTier, ScopeRule};
use serde::Serialize;

use super::{File, Format};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};
use crate::policy;

/// Options of `nhi policy show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// How to write the answer; the member `policy` of `json` is a policy file in its JSON form
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    file: Option<String>,
    digest: String,
    policy: serde_json::Value,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let path = args.file.path();
    // Only the usual name may be missing: whoever names a file wants that one.
    let missing = !args.file.is_named() && matches!(path.try_exists(), Ok(false));
    let (file, policy) = if missing {
        (None, Policy::default())
    } else {
        (Some(path.display().to_string()), policy::load(&path)?)
    };
    match args.format {
        Format::Human => console.answer(&human(file.as_deref(), &policy, console.width))?,
        Format::Json => console.answer_raw(&output::json(&Document {
            version: 1,
            file,
            digest: policy.digest().to_string(),
            policy: policy.to_json(),
        })?)?,
    }
    Ok(Exit::Clean)
}

fn human(file: Option<&str>, policy: &Policy, width: usize) -> String {
    let terms = policy.terms();
    let mut screen = Screen::new(width);
    let organisation = policy
        .organisation()
        .map_or("an organisation without a name", |name| name.as_str());
    screen.line(&[
        (PLAIN, "policy of "),
        (BOLD, organisation),
        (PLAIN, ", "),
        (PLAIN, file.unwrap_or("built in")),
    ]);
    screen.line(&[(DIM, "digest "), (DIM, &policy.digest().to_string())]);
    screen.blank();
    tiers(&mut screen, policy);
    screen.blank();
    let mut field = |label: &str, text: &str| screen.field(0, &format!("{label:<12}"), PLAIN, text);
    let weights: Vec<_> = terms
        .scoring
        .entries()
        .into_iter()
        .map(|(name, points)| format!("{name} {points}"))
        .collect();
    field("scoring", &weights.join(", "));
    let environments: Vec<_> = terms
        .environment
        .keys()
        .map(|name| {
            let kind = if policy.is_production(name) {
                " (production)"
            } else {
                ""
            };
            format!("{name}{kind}")
        })
        .collect();
    field(
        "environments",
        &or(&environments.join(", "), "any; production by their name"),
    );
    for rule in &terms.naming {
        let kinds = or(&words(&rule.kinds), "every kind");
        let places = or(&words(&rule.environments), "every environment");
        field("naming", &format!("{} for {kinds} in {places}", words(&rule.patterns)));
    }
    for (label, by_backend) in [("allowed", &terms.allowed_scope), ("forbidden", &terms.forbidden_scope)] {
        for (backend, rules) in by_backend {
            for rule in rules {
                field(label, &format!("{backend}: {}", scope(rule)));
            }
        }
    }
    if terms.allowed_scope.is_empty() {
        field("allowed", "every scope but bare wildcards");
    }
    let wildcards = terms.wildcards;
    field(
        "wildcards",
        &format!("resources {}, actions {}", wildcards.resources, wildcards.actions),
    );
    let exceptions = &terms.exceptions;
    field(
        "exceptions",
        &format!(
            "{} at most, {} in tier critical, renewed {} times at most",
            exceptions.ttl_max.in_words(),
            exceptions.critical_ttl_max.in_words(),
            exceptions.renewals_max
        ),
    );
    let break_glass = &terms.break_glass;
    field(
        "break-glass",
        &format!(
            "{} holders at least, {} at most, tested every {}",
            break_glass.holders_min,
            break_glass.session_max.in_words(),
            break_glass.test_interval_max.in_words()
        ),
    );
    for (name, module) in &terms.module {
        let version = module.version.as_deref().unwrap_or_default();
        let sees = if module.sensitive_values {
            ", sees sensitive values"
        } else {
            ""
        };
        field(
            "module",
            &format!("{name}: {}, {} {version}{sees}", module.level, module.source),
        );
    }
    for (sources, trust) in &terms.trust {
        let asked = [("all of ", &trust.all_of), ("any of ", &trust.any_of)];
        let asked = asked.iter().filter(|(_, names)| !names.is_empty());
        let asked: Vec<_> = asked.map(|(which, names)| format!("{which}{}", words(names))).collect();
        field("trust", &format!("{sources}: {}", asked.join("; ")));
    }
    screen.into_text()
}

fn tiers(screen: &mut Screen, policy: &Policy) {
    let heading = [
        "TIER",
        "SCORE",
        "IDENTITY",
        "TOKEN",
        "REVIEW",
        "STATIC SECRET",
        "CALLS FOR",
    ]
    .map(str::to_owned);
    let rows = RiskTier::ALL.map(|tier| {
        let terms = policy.tier(tier);
        [
            tier.to_string(),
            format!("{}+", terms.score_from),
            terms.identity_ttl_max.in_words(),
            terms.token_ttl_max.in_words(),
            terms.review_every.in_words(),
            policy.static_secret(tier).to_string(),
            terms.approvals.to_string(),
        ]
    });
    super::test::table(
        screen,
        &heading,
        &rows,
        |_, column| if column == 0 { BOLD } else { PLAIN },
    );
}

fn scope(rule: &ScopeRule) -> String {
    let places = or(&words(&rule.environments), "every environment");
    format!("{} on {} in {places}", words(&rule.actions), words(&rule.resources))
}

fn words(items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise } else { text }.to_owned()
}
