//! The schema of `nhi_identity`: every attribute with its meaning, unit, default, and what changing it does.

use nhi_governance::{Classification, Kind, Policy, RevokedBy, RiskTier, Status};
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::value::Type;

use super::upgrade::VERSION;

pub(super) fn schema() -> Schema {
    let attributes = required().into_iter().chain(optional()).chain(computed());
    attributes.fold(
        Schema::new(
            "A governed non-human identity: who answers for it, what it is for, what it may do at most, and when it \
             ends. Destroying it revokes it for good; the record and its history stay in the registry.",
        )
        .version(VERSION),
        Schema::attribute,
    )
}

fn required() -> Vec<Attribute> {
    let policy = Policy::default();
    vec![
        Attribute::required("name", Type::String).describe(
            "Name of the identity, unique among those of its environment that are not revoked: 1 to 63 lower-case \
             letters, digits and single `-`, `_` or `.` between them, a letter first. Changing it replaces the identity.",
        ),
        Attribute::required("kind", Type::String).describe(format!(
            "What holds the identity: {}. It weighs in the risk score. Changed in place.",
            words(Kind::ALL.map(Kind::as_str)),
        )),
        Attribute::required("technical_owner", Type::String).describe(
            "Who runs what uses the identity: `team:<name>`, `user:<name>` or an e-mail address. Changed in place.",
        ),
        Attribute::required("policy_owner", Type::String).describe(
            "Who answers for the rules the identity lives under, in the same form; never the technical owner. Changed \
             in place.",
        ),
        Attribute::required("purpose", (Nesting::Single, purpose()))
            .describe("Why the identity exists: what a reviewer later compares its access with. Changed in place."),
        Attribute::required("environment", Type::String).describe(
            "Where the identity is used, for example `staging`. Environments named like `production` weigh in the risk \
             score. Changing it replaces the identity.",
        ),
        Attribute::required("ttl", Type::String).describe(format!(
            "How long the identity lives after it was issued, as a duration such as `720h`; never without end. The \
             ceiling depends on the risk tier and the policy, by default: {}. Changing it moves `expires_at`, not `issued_at`.",
            words_of(&RiskTier::ALL.map(|tier| format!("{tier} `{}`", policy.ttl_max(tier)))),
        )),
        Attribute::required("scope", (Nesting::List, scope())).describe(
            "The ceiling of what the identity may ever be granted: at least one entry. Changed in place; a wider scope \
             can raise the risk tier.",
        ),
        Attribute::required("revoked_by", Type::set(Type::String)).describe(format!(
            "What ends the identity: {}; at least one besides `manual`. Changed in place.",
            words(RevokedBy::ALL.map(RevokedBy::as_str)),
        )),
    ]
}

fn purpose() -> Vec<Attribute> {
    vec![
        Attribute::required("summary", Type::String).describe("What it is for, in a sentence."),
        Attribute::required("task", Type::String).describe("The task, job or service that needs the access."),
        Attribute::optional("ticket", Type::String).describe("Where the task is tracked: an id or an address."),
    ]
}

fn scope() -> Vec<Attribute> {
    vec![
        Attribute::required("backend", Type::String)
            .describe("The service that holds the resource, for example `aws`, `kubernetes` or `postgresql`."),
        Attribute::required("resource", Type::String).describe(
            "What may be acted on, as the backend names it, for example an ARN. A pattern raises the risk score; `*` \
             alone is refused.",
        ),
        Attribute::required("actions", Type::set(Type::String))
            .describe("What may be done, as the backend names it, for example `s3:GetObject`; `*` alone is refused."),
    ]
}

fn optional() -> Vec<Attribute> {
    vec![
        Attribute::optional("attestation", (Nesting::Single, attestation())).describe(
            "How the identity proves that it is itself: exactly one of the ways below. Without any, the risk score \
             rises. Changed in place.",
        ),
        Attribute::optional("external", Type::set(Type::String)).describe(
            "Ids of identities that other providers create and this record governs, for example the ARN of a role. They \
             may be known only after apply. Changed in place.",
        ),
        Attribute::optional("data_classification", Type::String).describe(format!(
            "Class of the data the identity can reach: {}. `restricted` raises the risk score. Changed in place.",
            words(Classification::ALL.map(Classification::as_str)),
        )),
        Attribute::optional("internet_facing", Type::Bool).describe(
            "Whether what holds the identity can be reached from the internet; raises the risk score. Default: it \
             cannot. Changed in place.",
        ),
        Attribute::optional("vendor_id", Type::String)
            .describe("Id of the vendor the identity belongs to; raises the risk score. Changed in place."),
        Attribute::optional("min_risk_tier", Type::String).describe(format!(
            "Lowest risk tier the identity is treated as: {}. It can raise the tier of the score, never lower it. \
             Changed in place.",
            words(RiskTier::ALL.map(RiskTier::as_str)),
        )),
        Attribute::optional("desired_state", Type::String).describe(
            "What the configuration wants it to be: `active`, which is the default, or `suspended`. What somebody else \
             suspended comes back by approvals of the plan, never in passing. Changed in place.",
        ),
        Attribute::optional("interactive_use", Type::Bool).describe(
            "Whether a person may use it in a session. Default: nobody may. Changed in place.",
        ),
        Attribute::optional_computed("generation", Type::Number).describe(
            "Raise it by 1 to renew the identity: `issued_at` moves to the time of the apply and the `ttl` counts anew. \
             It never falls. Default: 1.",
        ),
    ]
}

fn attestation() -> Vec<Attribute> {
    let text = |name, description: &str| Attribute::required(name, Type::String).describe(description);
    let oidc = vec![
        text("issuer", "Address of the issuer, as its tokens name it."),
        text("audience", "Whom the token is for."),
        text("subject", "Whom the token is about, exactly; a pattern is refused."),
    ];
    let kubernetes = vec![
        text("cluster", "Name of the cluster."),
        text("namespace", "Namespace of the service account."),
        text("service_account", "Name of the service account."),
    ];
    vec![
        Attribute::optional("spiffe_id", Type::String).describe("SPIFFE id that the workload's platform issues."),
        Attribute::optional("oidc", (Nesting::Single, oidc)).describe("Token of an OpenID Connect issuer."),
        Attribute::optional("kubernetes", (Nesting::Single, kubernetes)).describe("Service account of a cluster."),
    ]
}

fn computed() -> Vec<Attribute> {
    vec![
        Attribute::computed("id", Type::String).describe("Id of the identity, a ULID; never used again."),
        Attribute::computed("spiffe_id", Type::String).describe("SPIFFE id under which other systems know it."),
        Attribute::computed("status", Type::String).describe(format!(
            "What the identity is worth when it was last read: {}. Time alone changes it, without a difference in the \
             plan.",
            words(Status::ALL.map(Status::as_str)),
        )),
        Attribute::computed("status_reason", Type::String).describe(
            "Why it is worth that, when it was last read: who suspended it and what for, or until when it is good.",
        ),
        Attribute::computed("issued_at", Type::String)
            .describe("When the `ttl` began to count (RFC 3339): the creation, or the last renewal."),
        Attribute::computed("expires_at", Type::String)
            .describe("When the identity ends (RFC 3339): `issued_at` plus `ttl`. No apply moves it in passing."),
        Attribute::computed("risk_score", Type::Number)
            .describe("Sum of what makes the identity risky; see the guide on risk tiers."),
        Attribute::computed("risk_tier", Type::String).describe(format!(
            "What the score leads to: {}. It decides the ceiling of the `ttl` and the approvals.",
            words(RiskTier::ALL.map(RiskTier::as_str)),
        )),
        Attribute::computed("revision", Type::Number).describe(
            "How often the record was changed: 1 when it was created. An apply refuses to overwrite another.",
        ),
        Attribute::computed("review_due_at", Type::String).describe(
            "By when somebody other than who asked for it has to say that it is still needed (RFC 3339). After that it \
             is suspended.",
        ),
        Attribute::computed("request_digest", Type::String).describe(
            "Digest of the request that its present terms were approved by; null where nobody had to approve.",
        ),
        Attribute::computed("approved_by", Type::set(Type::String))
            .describe("Who approved its present terms. Empty where nobody had to, or `enforcement` was `warn`."),
        Attribute::computed("approval_digests", Type::set(Type::String)).describe(
            "Digests of what they signed, each used up by the apply that put the terms on record.",
        ),
        Attribute::computed("is_orphaned", Type::Bool).describe(
            "Whether nobody answers for it when it was last read: an owner is gone, or no configuration manages it. \
             Changes without a difference in the plan.",
        ),
        Attribute::computed("last_used_at", Type::String).describe(
            "When it was last seen in use, as of the last read (RFC 3339); null where it never was. Use makes no \
             difference in the plan.",
        ),
        Attribute::computed("audit_checkpoint", Type::String).describe(
            "Where the audit log ended when this revision was written or first seen: the registry's id, the number of the \
             last row and its hash. Give it to an output, keep it where those who can write the registry cannot write, \
             and give it back as `audit_checkpoint` of the provider block: a registry that does not continue from there \
             is refused.",
        ),
    ]
}

fn words<const N: usize>(words: [&str; N]) -> String {
    words_of(&words.map(|word| format!("`{word}`")))
}

fn words_of(words: &[String]) -> String {
    words.join(", ")
}
