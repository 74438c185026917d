//! What does not count, each beside a near miss that does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nhi_approvals::{Approval, Decision, Reason, Refused, Requirement, Signed, dsse};
use nhi_governance::{Policy, RiskTier};
use serde_json::{Value, json};

use crate::house::{DAY, approval, at, high, judged, key, person, request, request_in, signed};

/// A change of a text.
type Edit = fn(&str) -> String;

const ONE: Requirement = Requirement {
    deed: None,
    count: 1,
    policy_owner: false,
    security: false,
};

/// The verdict on one envelope where one approval is enough: accepted, or the reason why not.
fn told(text: &str) -> Result<(), Reason> {
    told_at(0, text)
}

fn told_at(now: i64, text: &str) -> Result<(), Reason> {
    let verdict = judged(ONE, now, &[], &[text]);
    assert_eq!(verdict.is_enough(), verdict.refused.is_empty(), "{verdict:?}");
    match verdict.refused.into_iter().next() {
        None => Ok(()),
        Some(refused) => Err(refused.reason),
    }
}

fn about(organisation: &str, environment: &str, registry: &str, incarnations: u64) -> String {
    let request = request_in(organisation, environment, registry, incarnations);
    let approval = Approval::new(&request, person("alice"), Decision::Approve, at(-60), at(DAY), None);
    approval.sign(&mut key("alice", 1)).unwrap().to_text()
}

#[test]
fn an_approval_is_of_one_request() {
    assert_eq!(told(&about("example", "staging", "registry-1", 0)), Ok(()));
    for other in [
        about("example", "production", "registry-1", 0),
        about("elsewhere", "staging", "registry-1", 0),
        about("example", "staging", "registry-2", 0),
        about("example", "staging", "registry-1", 1),
    ] {
        assert!(matches!(told(&other), Err(Reason::OtherRequest(_))), "{other}");
    }
}

/// The digest alone would refuse these; what the approval says of its place is checked as well.
#[test]
fn the_place_is_part_of_the_approval() {
    let with = |change: fn(&mut Approval)| {
        let mut approval = approval("alice");
        change(&mut approval);
        told(&approval.sign(&mut key("alice", 1)).unwrap().to_text())
    };
    assert_eq!(with(|_| {}), Ok(()));
    let elsewhere = with(|approval| approval.organisation = nhi_governance::Name::parse("elsewhere").unwrap());
    assert_eq!(elsewhere, Err(Reason::OtherOrganisation("elsewhere".into())));
    let production = with(|approval| approval.environment = nhi_governance::Environment::parse("production").ok());
    assert_eq!(production, Err(Reason::OtherEnvironment("production".into())));
}

#[test]
fn times() {
    let lasting = |from: i64, to: i64| {
        let approval = Approval::new(request(), person("alice"), Decision::Approve, at(from), at(to), None);
        approval.sign(&mut key("alice", 1)).unwrap().to_text()
    };
    assert_eq!(told(&lasting(-60, 1)), Ok(()));
    assert_eq!(told(&lasting(-60, 0)), Err(Reason::Expired(at(0))));
    assert_eq!(told_at(2 * DAY - 1, &signed("alice").to_text()), Ok(()));
    assert_eq!(
        told_at(2 * DAY, &signed("alice").to_text()),
        Err(Reason::Expired(at(2 * DAY)))
    );
    // The clock of who signed may be a little ahead.
    assert_eq!(told(&lasting(60, DAY)), Ok(()));
    assert_eq!(told(&lasting(61, DAY)), Err(Reason::NotYet(at(61))));
    assert_eq!(told(&lasting(0, 7 * DAY)), Ok(()));
    assert_eq!(told(&lasting(0, 7 * DAY + 1)), Err(Reason::Life));
    assert_eq!(told(&lasting(0, 0)), Err(Reason::Life));
    assert_eq!(told(&lasting(60, 0)), Err(Reason::Life));
}

/// What is enough has to be used; one approval that waits for another does not lapse by that.
#[test]
fn what_nobody_uses_lapses() {
    const HOUR: i64 = 3_600;
    let given = |name: &str, hours: i64| {
        let (from, to) = (at(hours * HOUR), at(hours * HOUR + 7 * DAY));
        let approval = Approval::new(request(), person(name), Decision::Approve, from, to, None);
        approval.sign(&mut key(name, 1)).unwrap().to_text()
    };
    let (alice, bob, carol) = (given("alice", 90), given("bob", 100), given("carol", 101));
    let (alice_anew, bob_anew) = (given("alice", 172), given("bob", 173));
    let end = 172 * HOUR;
    // What counts and what has lapsed, of how many, at a moment.
    let cases: [(&str, &[&str], i64, usize, usize); 8] = [
        ("waits for another", &[&alice], 200 * HOUR, 1, 0),
        ("just given", &[&alice, &bob], 100 * HOUR, 2, 0),
        ("the order of files is nothing", &[&bob, &alice], end - 1, 2, 0),
        ("not used for 72 hours", &[&bob, &alice], end, 0, 2),
        ("a third changes nothing", &[&alice, &bob, &carol], end, 0, 3),
        ("one anew", &[&alice, &bob, &alice_anew], end, 1, 2),
        ("both anew", &[&bob_anew, &alice, &bob, &alice_anew], end + HOUR, 2, 2),
        (
            "and not used either",
            &[&alice, &bob, &alice_anew, &bob_anew],
            (173 + 72) * HOUR,
            0,
            4,
        ),
    ];
    for (what, envelopes, now, accepted, lapsed) in cases {
        let verdict = judged(high(), now, &[], envelopes);
        assert_eq!(verdict.accepted.len(), accepted, "{what}: {verdict:?}");
        assert_eq!(verdict.is_enough(), accepted == 2, "{what}: {verdict:?}");
        let has_lapsed = |refused: &&Refused| matches!(refused.reason, Reason::Lapsed(_));
        assert_eq!(
            verdict.refused.iter().filter(has_lapsed).count(),
            lapsed,
            "{what}: {verdict:?}"
        );
    }
}

#[test]
fn signatures() {
    let by =
        |name: &str, signer: &str, number: u8| told(&approval(name).sign(&mut key(signer, number)).unwrap().to_text());
    assert_eq!(by("alice", "alice", 1), Ok(()));
    assert_eq!(by("alice", "alice", 2), Ok(()));
    assert!(matches!(by("alice", "alice", 3), Err(Reason::Signature(..))));
    assert_eq!(
        by("alice", "bob", 1),
        Err(Reason::KeyOfAnother(person("alice"), person("bob")))
    );
    assert_eq!(
        by("mallory", "mallory", 1),
        Err(Reason::UnknownPerson(person("mallory")))
    );
    assert_eq!(by("mallory", "alice", 1), Err(Reason::UnknownPerson(person("mallory"))));
    // A plain Ed25519 signature over the same bytes is DSSE as others write it.
    let plain = plainly_signed("alice");
    assert_eq!(told(&plain), Ok(()));
}

/// The envelope of an approval with a plain Ed25519 signature.
fn plainly_signed(name: &str) -> String {
    use ed25519_dalek::Signer as _;
    let approval = approval(name);
    let mut seed = *nhi_governance::Digest::of(name.as_bytes()).as_bytes();
    seed[0] = 1;
    let signature = ed25519_dalek::SigningKey::from_bytes(&seed).sign(&approval.to_be_signed());
    let key_id = nhi_approvals::Signer::public_key(&key(name, 1)).fingerprint();
    approval.with_signature(key_id, signature.to_bytes().to_vec()).to_text()
}

#[test]
fn a_key_id_is_a_hint() {
    let signed = signed("alice");
    let envelope = dsse::Envelope::parse(signed.to_text().as_bytes()).unwrap();
    let with = |key_id: Option<&str>| {
        let mut envelope = envelope.clone();
        envelope.signatures[0].key_id = key_id.map(ToOwned::to_owned);
        told(&envelope.to_canonical_json())
    };
    assert_eq!(with(None), Ok(()));
    assert_eq!(with(envelope.signatures[0].key_id.as_deref()), Ok(()));
    let bobs = nhi_approvals::Signer::public_key(&key("bob", 1)).fingerprint();
    for key_id in [bobs.as_str(), "bob", ""] {
        assert_eq!(with(Some(key_id)), Err(Reason::KeyId(person("alice"))), "{key_id}");
    }
    // And the hint makes nobody's signature out of another one.
    let mut forged = dsse::Envelope::parse(
        approval("bob")
            .sign(&mut key("mallory", 1))
            .unwrap()
            .to_text()
            .as_bytes(),
    )
    .unwrap();
    forged.signatures[0].key_id = Some(bobs);
    assert!(matches!(told(&forged.to_canonical_json()), Err(Reason::Signature(..))));
}

/// Edits an envelope as text: `payload` of it is edited as text too.
fn edited(envelope: impl Fn(&str) -> String, payload: impl Fn(&str) -> String) -> String {
    let text = signed("alice").to_text();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let body = String::from_utf8(STANDARD.decode(value["payload"].as_str().unwrap()).unwrap()).unwrap();
    value["payload"] = json!(STANDARD.encode(payload(&body)));
    envelope(&nhi_governance::canonical_json(&value))
}

#[test]
fn forms() {
    let same = |text: &str| text.to_owned();
    assert_eq!(told(&edited(same, same)), Ok(()));
    assert_eq!(told(&edited(|text| format!("{text}\n"), same)), Ok(()));
    let envelopes: [(&str, Edit); 12] = [
        ("two line breaks", |text| format!("{text}\n\n")),
        ("trailing bytes", |text| format!("{text}x")),
        ("another document", |text| format!("{text}{text}")),
        ("white space", |text| text.replace("\":", "\": ")),
        ("a byte order mark", |text| format!("\u{feff}{text}")),
        ("an unknown member", |text| text.replacen('{', "{\"a\":1,", 1)),
        ("a payload twice", |text| text.replacen('{', "{\"payload\":\"\",", 1)),
        ("signatures twice", |text| text.replacen('{', "{\"signatures\":[],", 1)),
        ("no signature", |text| {
            let mut value: Value = serde_json::from_str(text).unwrap();
            value["signatures"] = json!([]);
            nhi_governance::canonical_json(&value)
        }),
        ("one signature twice", |text| {
            let mut value: Value = serde_json::from_str(text).unwrap();
            let one = value["signatures"][0].clone();
            value["signatures"] = json!([one.clone(), one]);
            nhi_governance::canonical_json(&value)
        }),
        ("another payload type", |text| {
            text.replace("approval.v1+json", "approvers.v1+json")
        }),
        ("no padding", |text| text.replace("=\"", "\"")),
    ];
    for (what, envelope) in envelopes {
        assert_ne!(edited(envelope, same), edited(same, same), "{what} changes nothing");
        assert!(
            matches!(told(&edited(envelope, same)), Err(Reason::Unreadable(_))),
            "{what}"
        );
    }
    let payloads: [(&str, Edit); 7] = [
        ("a line break", |text| format!("{text}\n")),
        ("trailing bytes", |text| format!("{text}{{}}")),
        ("an unknown member", |text| text.replacen('{', "{\"admin\":true,", 1)),
        ("a member twice", |text| {
            text.replacen('{', "{\"decision\":\"reject\",", 1)
        }),
        ("another order", |text| {
            let text = text.replacen("\"decision\":\"approve\",", "", 1);
            text.replacen('{', "{\"decision\":\"approve\",", 1).replacen(
                "{\"decision\":\"approve\",\"",
                "{ \"decision\":\"approve\",\"",
                1,
            )
        }),
        ("another schema", |text| {
            text.replace("nhi.approval.v1", "nhi.approval.v2")
        }),
        ("another decision", |text| text.replace("approve\"", "approved\"")),
    ];
    for (what, payload) in payloads {
        assert_ne!(edited(same, payload), edited(same, same), "{what} changes nothing");
        assert!(
            matches!(told(&edited(same, payload)), Err(Reason::Unreadable(_))),
            "{what}"
        );
    }
    // In its one form, but not what was signed.
    let later = edited(same, |text| text.replace("2027-01-17", "2027-01-18"));
    assert!(matches!(told(&later), Err(Reason::Signature(..))), "{later}");
}

#[test]
fn persons_are_counted_not_keys() {
    let text = |name: &str| signed(name).to_text();
    let alices_other = approval("alice").sign(&mut key("alice", 2)).unwrap().to_text();
    let verdict = judged(high(), 0, &[], &[&text("alice"), &alices_other]);
    assert_eq!(verdict.refused[0].reason, Reason::Repeated(person("alice")));
    assert_eq!(
        verdict.missing,
        ["1 more approval (1 of 2): can come from bob, carol, dave, erin"]
    );
    let verdict = judged(high(), 0, &[], &[&text("alice"), &text("dave")]);
    assert!(verdict.is_enough(), "{verdict:?}");
    let people: Vec<&str> = verdict
        .accepted
        .iter()
        .map(|accepted| accepted.person.as_str())
        .collect();
    assert_eq!(people, ["alice", "dave"]);
    // Two keys sign the same statement: it is one approval to consume, however often it is signed.
    assert_eq!(
        Signed::parse(alices_other.as_bytes()).unwrap().digest,
        signed("alice").digest
    );
    assert_eq!(verdict.digests(), [signed("alice").digest, signed("dave").digest]);
}

#[test]
fn who_asks_does_not_approve() {
    let [alice, dave] = ["alice", "dave"].map(|name| signed(name).to_text());
    for (requesters, is_enough) in [
        (&["zoe"][..], true),
        (&["alice"], false),
        (&["ALICE"], false),
        (&["alice-gh"], false),
        (&["runner", "dave"], false),
        (&["alic"], true),
        (&[], true),
    ] {
        let verdict = judged(high(), 0, requesters, &[&alice, &dave]);
        assert_eq!(verdict.is_enough(), is_enough, "{requesters:?}: {verdict:?}");
    }
    // Anyone who signs may say who asked, also the one who did.
    let said_by = |name: &str, requester: &str| {
        let approval = Approval::new(
            request(),
            person(name),
            Decision::Approve,
            at(0),
            at(DAY),
            Some(person(requester)),
        );
        approval.sign(&mut key(name, 1)).unwrap().to_text()
    };
    let verdict = judged(high(), 0, &[], &[&alice, &said_by("dave", "alice")]);
    assert_eq!(verdict.refused[0].reason, Reason::Requester(person("alice")));
    let verdict = judged(high(), 0, &[], &[&said_by("alice", "alice"), &dave]);
    assert_eq!(verdict.refused[0].reason, Reason::Requester(person("alice")));
    assert!(judged(high(), 0, &[], &[&alice, &said_by("dave", "erin")]).is_enough());
}

#[test]
fn tiers() {
    let critical = Requirement::of(&Policy::default(), RiskTier::Critical);
    let cases: [(Requirement, &[&str], &[&str]); 11] = [
        (Requirement::of(&Policy::default(), RiskTier::Low), &[], &[]),
        (
            Requirement::of(&Policy::default(), RiskTier::Moderate),
            &[],
            &["1 more approval (0 of 1): can come from alice, bob, carol, dave, erin"],
        ),
        (Requirement::of(&Policy::default(), RiskTier::Moderate), &["dave"], &[]),
        (high(), &["alice", "bob"], &[]),
        // bob is a policy owner of another team; erin is of the team without the role.
        (
            high(),
            &["bob", "erin"],
            &["the approval of the policy owner `team:iam`: can come from alice"],
        ),
        (
            high(),
            &["carol", "dave"],
            &["the approval of the policy owner `team:iam`: can come from alice"],
        ),
        (
            high(),
            &["alice"],
            &["1 more approval (1 of 2): can come from bob, carol, dave, erin"],
        ),
        (
            critical,
            &["alice", "bob"],
            &[
                "1 more approval (2 of 3): can come from carol, dave, erin",
                "an approval by security: can come from carol",
            ],
        ),
        (
            critical,
            &["alice", "bob", "dave"],
            &["an approval by security: can come from carol"],
        ),
        (
            critical,
            &["alice", "carol"],
            &["1 more approval (2 of 3): can come from bob, dave, erin"],
        ),
        (critical, &["alice", "bob", "carol"], &[]),
    ];
    for (requirement, people, missing) in cases {
        let texts: Vec<String> = people.iter().map(|name| signed(name).to_text()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(
            judged(requirement, 0, &[], &texts).missing,
            missing,
            "{requirement}: {people:?}"
        );
    }
    let verdict = judged(critical, 0, &["carol"], &[]);
    assert!(
        verdict
            .missing
            .contains(&"an approval by security: nobody in the trust root is left who could give it".to_owned())
    );
}

#[test]
fn a_no_counts_until_it_is_gone() {
    let no = Approval::new(request(), person("carol"), Decision::Reject, at(0), at(DAY), None);
    let no = no.sign(&mut key("carol", 1)).unwrap().to_text();
    let [alice, dave] = ["alice", "dave"].map(|name| signed(name).to_text());
    let verdict = judged(high(), 0, &[], &[&alice, &dave, &no]);
    assert_eq!(verdict.missing, ["the agreement of carol, who rejects it"]);
    assert!(
        judged(high(), DAY, &[], &[&alice, &dave, &no]).is_enough(),
        "a no expires too"
    );
    // Nobody's no can be made by somebody else.
    let forged = Approval::new(request(), person("carol"), Decision::Reject, at(0), at(DAY), None);
    let forged = forged.sign(&mut key("dave", 1)).unwrap().to_text();
    assert!(judged(high(), 0, &[], &[&alice, &dave, &forged]).is_enough());
}
