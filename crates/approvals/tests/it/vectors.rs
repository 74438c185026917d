//! Published vectors: DSSE, RFC 8032, Wycheproof.

use nhi_approvals::PublicKey;
use nhi_approvals::dsse::{Envelope, pae};
use serde_json::Value;
use ssh_key::public::{Ed25519PublicKey, KeyData};

/// <https://github.com/secure-systems-lab/dsse>, `testvectors/vectors.json`.
const DSSE: &str = include_str!("../vectors/dsse.json");
/// A selection of <https://github.com/C2SP/wycheproof>, `testvectors_v1/ed25519_test.json`.
const WYCHEPROOF: &str = include_str!("../vectors/ed25519.json");

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key(hex: &str) -> Result<PublicKey, String> {
    let data = KeyData::Ed25519(Ed25519PublicKey(bytes(hex).try_into().unwrap()));
    let text = ssh_key::PublicKey::from(data).to_openssh().unwrap();
    PublicKey::parse(&text).map_err(|problem| problem.message)
}

#[test]
fn dsse() {
    let document: Value = serde_json::from_str(DSSE).unwrap();
    let vectors = document["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let id = vector["id"].as_str().unwrap();
        let envelope = Envelope::parse(vector["envelope"].to_string().as_bytes()).unwrap();
        let is_supported = vector["supportedPayloadTypes"]
            .as_array()
            .unwrap()
            .contains(&envelope.payload_type.clone().into());
        if id != "payload-type-swapped" {
            assert_eq!(
                pae(&envelope.payload_type, &envelope.payload),
                bytes(vector["pae"].as_str().unwrap()),
                "{id}"
            );
        }
        let trusted = vector["trustedKeys"].as_array().unwrap().iter();
        let trusted: Vec<PublicKey> = trusted
            .map(|name| key(document["keys"][name.as_str().unwrap()]["public"].as_str().unwrap()).unwrap())
            .collect();
        let count = envelope.signed_by(&trusted).len() as u64;
        let is_accepted = is_supported && count >= vector["threshold"].as_u64().unwrap();
        assert_eq!(is_accepted, vector["expect"] == "accept", "{id}");
    }
}

#[test]
fn rfc_8032() {
    // Section 7.1: public key, message, signature.
    let vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
        (
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ),
    ];
    for (public, message, signature) in vectors {
        let (key, message, signature) = (key(public).unwrap(), bytes(message), bytes(signature));
        assert_eq!(key.verify(&message, &signature), Ok(()), "{public}");
        let longer = [&message[..], b"x"].concat();
        assert!(key.verify(&longer, &signature).is_err(), "{public}");
    }
}

#[test]
fn wycheproof() {
    let groups: Value = serde_json::from_str(WYCHEPROOF).unwrap();
    let mut counts = [0, 0];
    for group in groups.as_array().unwrap() {
        let key = key(group["pk"].as_str().unwrap()).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let [message, signature] = ["msg", "sig"].map(|name| bytes(test[name].as_str().unwrap()));
            let is_valid = test["result"] == "valid";
            assert_eq!(key.verify(&message, &signature).is_ok(), is_valid, "{}", test["tcId"]);
            counts[usize::from(is_valid)] += 1;
        }
    }
    assert!(counts[0] >= 20 && counts[1] >= 5, "{counts:?}");
}

/// A key whose signatures anybody can make is no key, and neither is a second spelling of one.
#[test]
fn weak_keys() {
    for (hex, why) in [
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "of small order",
        ),
        (
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "of small order",
        ),
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "of small order",
        ),
        (
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "of small order",
        ),
        (
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "of small order",
        ),
        (
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "small order",
        ),
        (
            "0200000000000000000000000000000000000000000000000000000000000000",
            "not a point",
        ),
    ] {
        let refused = key(hex).unwrap_err();
        assert!(refused.contains(why), "{hex}: {refused}");
    }
    // 2^255 - 19 + 3 is another spelling of the point at 3.
    let three = key("0300000000000000000000000000000000000000000000000000000000000000");
    assert!(three.is_ok(), "{three:?}");
    let spelled = key("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    assert!(
        spelled.unwrap_err().contains("shortest"),
        "a coordinate above the prime"
    );
}

#[test]
fn only_ed25519() {
    for (text, why) in [
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ", "not an Ed25519 key"),
        (
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY",
            "not an Ed25519 key",
        ),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "not an Ed25519 key"),
        ("ssh-ed25519 AAAA", "cannot be read"),
        ("ssh-ed25519", "cannot be read"),
        ("", "not an Ed25519 key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2", "a private key"),
    ] {
        let problem = PublicKey::parse(text).unwrap_err();
        assert!(problem.message.contains(why), "{text}: {}", problem.message);
        assert!(!problem.message.contains("hunter2"), "{}", problem.message);
    }
}
