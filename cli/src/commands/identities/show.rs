//! `nhi identities show`: everything about one identity, by its id or its name.

use nhi_governance::{Attestation, Environment, Identity, Name, Policy, RecordId};
use nhi_registry::{Filter, RecordsExt as _, Registry};

use crate::commands::identities::view::{self, OnRecord, View};
use crate::commands::identities::{Args as ListArgs, Document, Format};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};
use crate::registry::failure;

/// Options of `nhi identities show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The identity's id or its name
    #[arg(value_name = "ID|NAME")]
    which: String,
}

pub(super) fn run(
    policy: &Policy,
    list: &ListArgs,
    args: &Args,
    environment: Option<Environment>,
    console: &Console,
) -> Result<Exit, Failure> {
    let registry = list.registry.open()?;
    let identity = find(&*registry, &args.which, environment)?;
    let judged = registry.reading(|view| Ok((view.context(identity.declaration())?, view.now()?)));
    let (context, now) = judged.map_err(|error| failure(&error))?;
    let on_record = OnRecord { identity, context, now };
    match list.format {
        Format::Human => console.answer(&human(policy, &on_record, console.width))?,
        Format::Json => {
            let document = Document {
                version: 1,
                as_of: now,
                identities: vec![View::of(policy, &on_record)],
            };
            console.answer_raw(&output::json(&document)?)?;
        }
    }
    Ok(Exit::Clean)
}

/// The identity of an id, or the one that has the name now, or the last one that had it.
pub(crate) fn find(
    registry: &dyn Registry,
    which: &str,
    environment: Option<Environment>,
) -> Result<Identity, Failure> {
    let none = || {
        Failure::undecided(format!("no identity has the id or name `{which}`"))
            .help("run `nhi identities --all` for every one on record")
    };
    if let Ok(id) = RecordId::parse(which) {
        return registry.get(id).map_err(|error| failure(&error))?.ok_or_else(none);
    }
    let name = Name::parse(which).map_err(|problem| Failure::usage(problem.message).help(problem.help))?;
    let filter = Filter {
        environment,
        name: Some(name),
        with_revoked: true,
    };
    let found = registry.list(&filter).map_err(|error| failure(&error))?;
    let (live, over): (Vec<_>, Vec<_>) = found.into_iter().partition(|identity| identity.revoked_at().is_none());
    let mut live = live.into_iter();
    match (live.next(), live.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => over.into_iter().max_by_key(Identity::revoked_at).ok_or_else(none),
        (Some(one), Some(other)) => {
            let environments: Vec<_> = [one, other]
                .into_iter()
                .chain(live)
                .map(|identity| format!("`{}`", identity.declaration().environment()))
                .collect();
            Err(Failure::usage(format!(
                "`{which}` is a name in the environments {}",
                environments.join(", ")
            ))
            .help("add `--environment`, or give the id"))
        }
    }
}

fn human(policy: &Policy, on_record: &OnRecord, width: usize) -> String {
    let identity = &on_record.identity;
    let declaration = identity.declaration();
    let standing = on_record.standing();
    let assessment = identity.assess(policy);
    let mut screen = Screen::new(width);
    screen.line(&[
        (BOLD, declaration.name().as_str()),
        (DIM, "  "),
        (PLAIN, declaration.kind().as_str()),
        (DIM, " in "),
        (PLAIN, declaration.environment().as_str()),
        (DIM, "  "),
        (view::style(standing.status), standing.status.as_str()),
    ]);
    screen.blank();
    let mut field = |label: &str, text: &str| screen.field(0, &format!("{label:<16}"), PLAIN, text);
    field("id", &identity.id().to_string());
    field("spiffe id", identity.spiffe_id().as_str());
    field("status", &standing.reason);
    field("technical owner", declaration.technical_owner().as_str());
    field("policy owner", declaration.policy_owner().as_str());
    field("purpose", declaration.purpose().summary());
    field("task", declaration.purpose().task());
    if let Some(ticket) = declaration.purpose().ticket() {
        field("ticket", ticket);
    }
    let revoked_by: Vec<_> = declaration
        .revoked_by()
        .entries()
        .iter()
        .map(ToString::to_string)
        .collect();
    field("revoked by", &revoked_by.join(", "));
    for (position, entry) in declaration.scope().iter().enumerate() {
        let text = format!(
            "{} on {}: {}",
            entry.backend(),
            entry.resource(),
            entry.actions().join(", ")
        );
        field(if position == 0 { "scope" } else { "" }, &text);
    }
    field("attestation", &attestation(declaration.attestation()));
    for external in declaration.external().unwrap_or_default() {
        field("governs", external);
    }
    let tier = assessment.tier;
    field(
        "tier",
        &format!("{tier}, score {}: {}", assessment.score, assessment.explain()),
    );
    field(
        "calls for",
        &format!(
            "{}, {} at most",
            policy.approvals(tier),
            policy.ttl_max(tier).in_words()
        ),
    );
    field("ttl", &format!("{} from {}", declaration.ttl(), identity.issued_at()));
    let generation = declaration
        .generation()
        .map_or_else(String::new, |generation| format!(", generation {generation}"));
    field(
        "created",
        &format!(
            "{}, revision {}{generation}",
            identity.created_at(),
            identity.revision()
        ),
    );
    if let Some(at) = identity.last_used_at() {
        field("last used", &at.to_string());
    }
    if !identity.is_confirmed() {
        field(
            "note",
            "no plan has shown the id yet: the next apply takes this identity up if the last one was cut off",
        );
    }
    screen.into_text()
}

fn attestation(attestation: Option<&Attestation>) -> String {
    match attestation {
        None => "none".to_owned(),
        Some(Attestation::Spiffe(id)) => id.to_string(),
        Some(Attestation::Oidc {
            issuer,
            audience,
            subject,
        }) => format!("{subject} by {issuer} for {audience}"),
        Some(Attestation::Kubernetes {
            cluster,
            namespace,
            service_account,
        }) => {
            format!("service account {namespace}/{service_account} of cluster {cluster}")
        }
    }
}
