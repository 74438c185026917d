//! A house with people, keys, a trust root and a request.

use std::sync::LazyLock;

use nhi_approvals::{
    Approval, Decision, FileKey, Person, Question, Request, RequestContext, Requirement, Signed, Signer, TrustRoot,
    Verdict, judge,
};
use nhi_governance::{Declaration, Draft, Given, Name, Policy, Problem, PurposeDraft, RiskTier, ScopeDraft, Timestamp};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

/// A moment in the middle of everything.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOW + seconds)
}

pub(crate) fn person(name: &str) -> Person {
    Person::parse(name).unwrap()
}

/// A key made of a name and a number, the same every time.
pub(crate) fn key(name: &str, number: u8) -> FileKey {
    let mut seed = *nhi_governance::Digest::of(name.as_bytes()).as_bytes();
    seed[0] = number;
    let private = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    let pem = private.to_openssh(LineEnding::LF).unwrap();
    FileKey::read(pem.as_bytes(), || panic!("the key is not encrypted")).unwrap()
}

pub(crate) fn public(name: &str, number: u8) -> String {
    key(name, number).public_key().to_openssh()
}

/// `alice` and `bob` of the policy owner's team, `carol` of security, `dave` and `erin` without a role; alice has two
/// keys.
pub(crate) fn root_text() -> String {
    let person = |name: &str, keys: &[u8], rest: &str| {
        let keys: Vec<String> = keys
            .iter()
            .map(|number| format!("{:?}", public(name, *number)))
            .collect();
        format!("person {name:?} {{\n  keys = [{}]\n{rest}}}\n", keys.join(", "))
    };
    format!(
        "organisation = \"example\"\nversion = 1\nthreshold = 2\n\n{}{}{}{}{}",
        person(
            "alice",
            &[1, 2],
            "  roles = [\"policy_owner\"]\n  teams = [\"team:iam\"]\n  logins = [\"alice-gh\"]\n"
        ),
        person("bob", &[1], "  roles = [\"policy_owner\"]\n  teams = [\"team:data\"]\n"),
        person("carol", &[1], "  roles = [\"security\"]\n"),
        person("dave", &[1], ""),
        person("erin", &[1], "  teams = [\"team:iam\"]\n"),
    )
}

pub(crate) fn root() -> &'static TrustRoot {
    static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| TrustRoot::parse(root_text().as_bytes()).unwrap());
    &ROOT
}

pub(crate) fn declaration(environment: &str, policy_owner: &str, actions: &[&str]) -> Declaration {
    let known = |texts: &[&str]| Given::Known(texts.iter().map(|text| Given::from(*text)).collect());
    let draft = Draft {
        name: "deployer".into(),
        kind: "ci_pipeline".into(),
        technical_owner: "team:payments".into(),
        policy_owner: policy_owner.into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Deploys the payments service".into(),
            task: "Release pipeline, job deploy".into(),
            ticket: Given::Absent,
        }),
        environment: environment.into(),
        ttl: "168h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
            actions: known(actions),
        })]),
        revoked_by: known(&["ttl"]),
        ..Draft::default()
    };
    let checked = draft.check(&Policy::default());
    checked
        .declaration
        .unwrap_or_else(|| panic!("{:?}", checked.violations))
}

pub(crate) fn request_in(organisation: &str, environment: &str, registry_id: &str, incarnations: u64) -> Request {
    let organisation = Name::parse(organisation).unwrap();
    let context = RequestContext {
        organisation: &organisation,
        policy: &Policy::default(),
        registry_id,
        incarnations,
    };
    Request::for_identity(
        &context,
        None,
        &declaration(environment, "team:iam", &["ecs:UpdateService"]),
    )
}

pub(crate) fn request() -> &'static Request {
    static REQUEST: LazyLock<Request> = LazyLock::new(|| request_in("example", "staging", "registry-1", 0));
    &REQUEST
}

/// What a person says now, for two days.
pub(crate) fn approval(name: &str) -> Approval {
    Approval::new(request(), person(name), Decision::Approve, at(-60), at(2 * DAY), None)
}

pub(crate) fn signed(name: &str) -> Signed {
    approval(name).sign(&mut key(name, 1)).unwrap()
}

/// Two approvals, one of them by the policy owner.
pub(crate) fn high() -> Requirement {
    Requirement::of(&Policy::default(), RiskTier::High)
}

pub(crate) fn judged(requirement: Requirement, now: i64, requesters: &[&str], envelopes: &[&str]) -> Verdict {
    let requesters: Vec<String> = requesters.iter().map(|name| (*name).to_owned()).collect();
    let question = Question {
        request: request(),
        root: root(),
        requirement,
        now: at(now),
        clock_skew_seconds: 60,
        requesters: &requesters,
    };
    let named = envelopes.iter().enumerate();
    judge(
        &question,
        named.map(|(position, text)| (format!("{position}"), Ok::<_, Problem>(text.as_bytes().to_vec()))),
    )
}
