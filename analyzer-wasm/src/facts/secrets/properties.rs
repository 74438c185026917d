//! Whatever stands in a value, looking into it ends soon and never fails.

use proptest::collection::vec;
use proptest::prelude::*;

use nhi_plan::json::quote;
use nhi_policy_sdk::testing;

use super::{base64, compress, decode, der, encode, inflate, walk};
use crate::facts::Block;

fn hits(text: &str) -> usize {
    let after = format!(
        r#"{{"user_data":{0},"password":{0},"tags":{{"TOKEN":{0}}}}}"#,
        quote(text)
    );
    let change = testing::change("aws_instance.i", &after);
    walk::scan(&Block::new(&change, "2026-01-01T00:00:00Z")).len()
}

/// Pieces that lead the scanner into its corners.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "-----BEGIN PRIVATE KEY-----",
        "-----END ",
        "eyJ",
        "eyJhbGciOiJIUzI1NiJ9.",
        "://a:b@c",
        "password=",
        "PASSWORD: ",
        "--token ",
        "\"auth\":",
        "Basic ",
        "sig=",
        "sv=1&se=",
        "H4sI",
        "MII",
        "\\u0041",
        "\\n",
        "%3A%2F%2F",
        "AKIA",
        "Q~",
        "glpat-",
        ":5432:",
        ":$2y$",
        "PuTTY-User-Key-File-",
        "Private-Lines:\n",
        "{\"value\":\"x\",\"name\":\"SECRET\"}",
        "[[[[",
        "1f8b0800",
        "\u{fdd0}x\u{fdd1}",
        "é",
        "\u{10ffff}",
        "'",
        "\"",
        "\\",
        "<password>",
        "machine a login b password ",
        "=",
        ",",
        "\n",
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        "[A-Za-z0-9+/_-]{0,80}",
        ".{0,20}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let plain = vec(piece(), 0..12).prop_map(|pieces| pieces.concat());
    plain.prop_recursive(5, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|text| encode(&text)),
            inner.clone().prop_map(|text| compress(&text)),
            inner
                .clone()
                .prop_map(|text| format!(r#"{{"password":{}}}"#, quote(&text))),
            (inner.clone(), inner).prop_map(|(left, right)| left + &right),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_breaks_it(text in text()) {
        prop_assert!(hits(&text) <= 32);
    }

    #[test]
    fn no_bytes_break_a_decoder(bytes in vec(any::<u8>(), 0..400), flags in 0_u8..32) {
        let _ = der::key_file(&bytes);
        let _ = inflate::open(&bytes, 1 << 12);
        let mut gzip = vec![0x1f, 0x8b, 8, flags];
        gzip.extend(&bytes);
        if let Some(open) = inflate::open(&gzip, 1 << 12) {
            prop_assert!(open.len() <= 1 << 12);
        }
        let text = decode::lossy(&bytes);
        let _ = (decode::percent(&text), decode::letters(&text), decode::unescaped(&text), decode::hex(&text));
        let _ = (base64::decode(&text), decode::broken_lines(&text).count());
    }

    #[test]
    fn bytes_survive_base64(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(base64::decode(&base64::encode_bytes(&bytes)), Some(bytes));
    }
}

#[test]
fn a_bomb_is_bounded() {
    let zeros = "0".repeat(64 << 20);
    let bomb = compress(&zeros);
    assert!(bomb.len() < 1 << 20);
    let launched = |text: &str| {
        let after = format!(r#"{{"user_data":{}}}"#, quote(text));
        let change = testing::change("aws_instance.i", &after);
        walk::scan(&Block::new(&change, "2026-01-01T00:00:00Z")).len()
    };
    assert_eq!(launched(&compress(&bomb)), 0);
    // Base64 in base64, deeper than anybody looks.
    let deep = (0..12).fold(
        String::from("#!/bin/sh\nexport PASSWORD=Sup3rS3cret!2024\n"),
        |text, _| encode(&text),
    );
    assert_eq!(launched(&deep), 0);
}

#[test]
fn four_layers_are_opened() {
    let mut text = String::from("#!/bin/sh\nexport DB_PASSWORD='Sup3rS3cret!2024'\n");
    for depth in 0..=4 {
        let after = format!(r#"{{"user_data":{}}}"#, quote(&text));
        let change = testing::change("aws_instance.i", &after);
        let found = walk::scan(&Block::new(&change, "2026-01-01T00:00:00Z"));
        assert_eq!(found.len(), 1, "{depth} layers");
        text = encode(&text);
    }
    let mail = |body: &str| {
        let lines: Vec<_> = body.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        format!(
            "MIME-Version: 1.0\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n{}\n--end--\n",
            lines.join("\n")
        )
    };
    let script = "#cloud-config\nruncmd:\n - export DB_PASSWORD='Sup3rS3cret!2024'\n - something that makes it longer than one line\n";
    for text in [
        mail(&encode(script)),
        compress(&mail(&encode(script))),
        compress(script),
        encode(&mail(&encode(script))),
    ] {
        let after = format!(r#"{{"user_data_base64":{}}}"#, quote(&text));
        let change = testing::change("aws_instance.i", &after);
        assert_eq!(
            walk::scan(&Block::new(&change, "2026-01-01T00:00:00Z")).len(),
            1,
            "{text}"
        );
    }
}
