//! A hundred thousand envelopes that somebody has tampered with: none counts. The campaign is run on verifiers with a
//! planted defect as well, and has to find each of them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use nhi_approvals::dsse::Envelope;
use nhi_approvals::{Approval, Decision, Signed, Signer as _};
use serde_json::{Value, json};

use crate::house::{DAY, approval, at, high, judged, key, person, request, root, signed};

const MUTATIONS: usize = 100_000;

/// Whether an envelope counts.
type Verifier = fn(&[u8]) -> bool;

/// The order of the group of Ed25519, 2^252 + 277…, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let position = self.below(bytes.len());
        bytes[position] ^= 1 << self.below(8);
    }
}

/// One envelope that was good, changed in one of the ways that somebody without the key can.
fn mutated(numbers: &mut Numbers, good: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut text = good.to_vec();
    let mut envelope = Envelope::parse(good).unwrap();
    let back = |envelope: &Envelope| format!("{}\n", envelope.to_canonical_json()).into_bytes();
    match numbers.below(14) {
        0 => numbers.flip(&mut text),
        1 => {
            let position = numbers.below(text.len());
            text.remove(position);
        }
        2 => {
            let position = numbers.below(text.len() + 1);
            text.insert(position, [b' ', b'\n', b'"', b',', b'0', b'{', 0][numbers.below(7)]);
        }
        3 => text.truncate(numbers.below(text.len() - 1)),
        4 => {
            numbers.flip(&mut envelope.payload);
            text = back(&envelope);
        }
        5 => {
            numbers.flip(&mut envelope.signatures[0].bytes);
            text = back(&envelope);
        }
        6 => {
            add_order(numbers.below(8) + 1, &mut envelope.signatures[0].bytes);
            text = back(&envelope);
        }
        7 => {
            let other = Envelope::parse(&others[numbers.below(others.len())]).unwrap();
            envelope.signatures = other.signatures;
            text = back(&envelope);
        }
        8 => {
            let other = Envelope::parse(&others[numbers.below(others.len())]).unwrap();
            envelope.payload = other.payload;
            text = back(&envelope);
        }
        9 => {
            let mut key_id = envelope.signatures[0].key_id.take().unwrap().into_bytes();
            numbers.flip(&mut key_id);
            envelope.signatures[0].key_id = Some(String::from_utf8_lossy(&key_id).into_owned());
            text = back(&envelope);
        }
        10 => text = respelled(numbers, good),
        11 => {
            let times = ["2027-01-15", "2027-01-17"];
            let payload = String::from_utf8(envelope.payload).unwrap();
            let day = format!("2027-0{}-{:02}", numbers.below(9) + 1, numbers.below(28) + 1);
            let changed = payload.replace(times[numbers.below(2)], &day);
            envelope.payload = if changed == payload {
                b"{}".to_vec()
            } else {
                changed.into_bytes()
            };
            text = back(&envelope);
        }
        12 => text.clone_from(&others[numbers.below(others.len())]),
        _ => {
            for _ in 0..=numbers.below(6) {
                numbers.flip(&mut text);
            }
        }
    }
    text
}

/// Another scalar that means the same to who does not look closely; it is at the end of the signature, whatever is
/// around it.
fn add_order(times: usize, signature: &mut [u8]) {
    let from = signature.len() - 32;
    for _ in 0..times {
        let mut carry = 0_u16;
        for (byte, add) in signature[from..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    }
}

/// The same content in other words.
fn respelled(numbers: &mut Numbers, good: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(good).unwrap();
    let payload = STANDARD.decode(value["payload"].as_str().unwrap()).unwrap();
    let text = String::from_utf8(good.to_vec()).unwrap();
    match numbers.below(6) {
        0 => serde_json::to_string_pretty(&value).unwrap().into_bytes(),
        1 => {
            let loose: Value = serde_json::from_slice(&payload).unwrap();
            value["payload"] = json!(STANDARD.encode(serde_json::to_string_pretty(&loose).unwrap()));
            format!("{}\n", nhi_governance::canonical_json(&value)).into_bytes()
        }
        2 => {
            let signature = value["signatures"][0].clone();
            value["signatures"].as_array_mut().unwrap().push(signature);
            format!("{}\n", nhi_governance::canonical_json(&value)).into_bytes()
        }
        3 => text.replacen("\"payload\":\"", "\"payload\":\"\\u0065", 1).into_bytes(),
        4 => {
            let twice = format!("{{\"payload\":{},", value["payload"]);
            text.replacen('{', &twice, 1).into_bytes()
        }
        _ => {
            // An extra byte makes the alphabets differ.
            let signature = [
                STANDARD
                    .decode(value["signatures"][0]["sig"].as_str().unwrap())
                    .unwrap(),
                vec![0xff; 3],
            ]
            .concat();
            value["signatures"][0]["sig"] = json!(URL_SAFE.encode(signature));
            format!("{}\n", nhi_governance::canonical_json(&value)).into_bytes()
        }
    }
}

/// What somebody without alice's key can find lying around: other people's approvals, alice's of other things, of
/// other times, and attempts.
fn lying_around() -> Vec<Vec<u8>> {
    let by = |approval: Approval, signer: &str, number: u8| {
        approval.sign(&mut key(signer, number)).unwrap().to_text().into_bytes()
    };
    let mut late = approval("alice");
    late.expires_at = at(-1);
    late.issued_at = at(-DAY);
    let mut early = approval("alice");
    early.issued_at = at(DAY);
    let mut long = approval("alice");
    long.expires_at = at(30 * DAY);
    let elsewhere = crate::house::request_in("example", "production", "registry-1", 0);
    vec![
        by(approval("mallory"), "mallory", 1),
        by(approval("alice"), "mallory", 1),
        by(approval("alice"), "bob", 1),
        by(late, "alice", 1),
        by(early, "alice", 1),
        by(long, "alice", 1),
        by(
            Approval::new(&elsewhere, person("alice"), Decision::Approve, at(0), at(DAY), None),
            "alice",
            1,
        ),
        by(
            Approval::new(request(), person("alice"), Decision::Reject, at(0), at(DAY), None),
            "alice",
            1,
        ),
    ]
}

/// Runs the campaign on a verifier; the first envelopes that it should not have accepted.
fn campaign(count: usize, seed: u64, accepts: Verifier) -> Vec<String> {
    let good = signed("alice").to_text().into_bytes();
    assert!(accepts(&good), "the verifier refuses what is good");
    let others = lying_around();
    let mut numbers = Numbers(seed);
    let mut wrong = Vec::new();
    for _ in 0..count {
        let text = mutated(&mut numbers, &good, &others);
        // Without its line break it is the same document.
        let is_same = text == good || text == good[..good.len() - 1];
        if !is_same && accepts(&text) {
            wrong.push(String::from_utf8_lossy(&text).into_owned());
            if wrong.len() > 3 {
                break;
            }
        }
    }
    wrong
}

fn counts(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        // Text is all the house can hand over; bytes that are none are refused when they are parsed.
        return Signed::parse(text).is_ok();
    };
    !judged(high(), 0, &[], &[text]).accepted.is_empty()
}

#[test]
fn none_of_a_hundred_thousand_counts() {
    let halves = [0x9e37_79b9_7f4a_7c15, 0x2545_f491_4f6c_dd1d];
    let found: Vec<String> = std::thread::scope(|scope| {
        let runs = halves.map(|seed| scope.spawn(move || campaign(MUTATIONS / 2, seed, counts)));
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(found, Vec::<String>::new());
}

/// Brings the text into the one form before it is judged, as a lenient reader would.
fn lenient(text: &[u8]) -> bool {
    let Ok(mut envelope) = Envelope::parse(text) else {
        return false;
    };
    envelope.signatures.truncate(1);
    counts(envelope.to_canonical_json().as_bytes())
}

fn without_signatures(text: &[u8]) -> bool {
    Signed::parse(text).is_ok_and(|signed| {
        let approval = &signed.approval;
        approval.request_digest == request().digest()
            && approval.decision == Decision::Approve
            && root().people().any(|person| *person == approval.person)
            && approval.issued_at <= at(60)
            && approval.expires_at > at(0)
    })
}

/// Signature and person, and nothing that the approval says.
fn without_content(text: &[u8]) -> bool {
    Signed::parse(text).is_ok_and(|signed| {
        let envelope = Envelope::parse(text).unwrap();
        !envelope.signed_by(root().keys(&signed.approval.person)).is_empty()
    })
}

/// Believes whatever key signed, if the trust root lists it for anybody.
fn with_anybodys_key(text: &[u8]) -> bool {
    Signed::parse(text).is_ok_and(|signed| {
        let envelope = Envelope::parse(text).unwrap();
        let root = root();
        signed.approval == approval("alice")
            && root
                .people()
                .any(|person| !envelope.signed_by(root.keys(person)).is_empty())
    })
}

/// Does not look at the key id, so that one which lies is shown to people.
fn with_any_key_id(text: &[u8]) -> bool {
    let Ok(mut envelope) = Envelope::parse(text) else {
        return false;
    };
    if envelope.to_canonical_json().as_bytes() != text.strip_suffix(b"\n").unwrap_or(text)
        || envelope.signatures.len() != 1
    {
        return false;
    }
    envelope.signatures[0].key_id = Some(key("alice", 1).public_key().fingerprint());
    counts(envelope.to_canonical_json().as_bytes())
}

#[test]
fn a_broken_verifier_is_caught() {
    let broken: [(&str, Verifier); 5] = [
        ("it reads leniently", lenient),
        ("it checks no signature", without_signatures),
        ("it checks no content", without_content),
        ("it takes anybody's key", with_anybodys_key),
        ("it believes the key id", with_any_key_id),
    ];
    for (what, accepts) in broken {
        assert!(
            !campaign(MUTATIONS / 50, 0x9e37_79b9_7f4a_7c15, accepts).is_empty(),
            "{what}, and nobody notices"
        );
    }
}
