//! A value is never told: sixty secrets of all kinds at all places go in, and nothing of them comes out.

#![expect(
    clippy::expect_used,
    clippy::string_slice,
    reason = "tests stop at the first thing that is not as it says"
)]

use std::collections::BTreeSet;

use nhi_analyzer::Analyzer;
use nhi_plan::json::quote;
use nhi_policy_sdk::Tester;

/// Pieces of this length must not show.
const PIECE: usize = 8;

/// Random text that is the same in every run.
struct Random(u64);

impl Random {
    fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        let mut letter = || {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(self.0 >> 33).unwrap_or(0) % alphabet.len();
            char::from(alphabet.get(at).copied().unwrap_or(b'x'))
        };
        (0..length).map(|_| letter()).collect()
    }
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const SIGNS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!#*+@^";

/// Assembled here, so that no scanner takes the test for a leak.
fn secrets(random: &mut Random) -> Vec<String> {
    let mut all = Vec::new();
    let shapes: [(&[&str], usize, &[u8]); 16] = [
        (&["glpat", "-"], 20, LETTERS),
        (&["xoxb", "-7123456709812-7123456709812-"], 24, LETTERS),
        (&["sk", "_live_"], 24, LETTERS),
        (&["dop", "_v1_"], 64, HEX),
        (&["AI", "za"], 35, LETTERS),
        (&["hv", "s."], 40, LETTERS),
        (&["da", "pi"], 32, HEX),
        (&["hf", "_"], 34, LETTERS),
        (&["dckr", "_pat_"], 27, LETTERS),
        (&["rubygems", "_"], 48, HEX),
        (&["pul", "-"], 40, HEX),
        (&["shp", "at_"], 32, HEX),
        (&["PMAK", "-"], 59, LETTERS),
        (&["sq0", "csp-"], 43, LETTERS),
        (&["GOC", "SPX-"], 28, LETTERS),
        (&["lin", "_api_"], 40, LETTERS),
    ];
    for (prefix, length, alphabet) in shapes {
        all.push(format!("{}{}", prefix.concat(), random.text(length, alphabet)));
    }
    for _ in 0..24 {
        all.push(format!("{}1a", random.text(18, SIGNS)));
    }
    for _ in 0..20 {
        all.push(format!("{}7q", random.text(38, LETTERS)));
    }
    all
}

/// A place where a secret stands.
fn change(index: usize, secret: &str) -> String {
    let s = quote(secret);
    let inner = quote(&format!(r#"{{"environment":[{{"name":"DB_PASSWORD","value":{s}}}]}}"#));
    let script = quote(&format!(
        "#!/bin/sh\nexport API_TOKEN='{secret}'\ncurl --password '{secret}' https://x\n"
    ));
    let url = quote(&format!(
        "postgres://app:{}@db.internal/app",
        secret.replace(['@', '#', '+'], "_")
    ));
    let (kind, after) = match index % 14 {
        0 => ("aws_db_instance", format!(r#"{{"password":{s}}}"#)),
        1 => (
            "aws_lambda_function",
            format!(r#"{{"environment":[{{"variables":{{"DB_PASSWORD":{s}}}}}]}}"#),
        ),
        2 => (
            "aws_ecs_task_definition",
            format!(r#"{{"container_definitions":{inner}}}"#),
        ),
        3 => ("aws_instance", format!(r#"{{"user_data":{script}}}"#)),
        4 => ("kubernetes_secret", format!(r#"{{"data":{{"password":{s}}}}}"#)),
        5 => (
            "helm_release",
            format!(r#"{{"set_sensitive":[{{"name":"a.password","value":{s}}}]}}"#),
        ),
        6 => (
            "aws_ssm_parameter",
            format!(r#"{{"name":"/a/password","type":"String","value":{s}}}"#),
        ),
        7 => (
            "aws_secretsmanager_secret_version",
            format!(r#"{{"secret_string":{}}}"#, quote(&format!(r#"{{"password":{s}}}"#))),
        ),
        8 => (
            "aws_codebuild_project",
            format!(
                r#"{{"environment":[{{"environment_variable":[{{"name":"API_TOKEN","type":"PLAINTEXT","value":{s}}}]}}]}}"#
            ),
        ),
        9 => (
            "vendor_thing",
            format!(r#"{{"api_token":{s},"tags":{{"password":{s}}}}}"#),
        ),
        10 => (
            "aws_lambda_function",
            format!(r#"{{"environment":[{{"variables":{{"URL":{url}}}}}]}}"#),
        ),
        11 => ("azurerm_key_vault_secret", format!(r#"{{"name":"db","value":{s}}}"#)),
        // The name of a key gives it away too.
        12 => ("vendor_map", format!(r#"{{"password":{{{s}:{s}}}}}"#)),
        _ => (
            "github_actions_secret",
            format!(r#"{{"secret_name":"X","plaintext_value":{s}}}"#),
        ),
    };
    format!(
        r#"{{"address":"{kind}.r{index}","mode":"managed","type":"{kind}","name":"r{index}","change":{{"actions":["create"],"after":{after},"after_unknown":{{}}}}}}"#
    )
}

fn plan(secrets: &[String]) -> String {
    let list = |items: Vec<String>| items.join(",");
    let changes = list(
        secrets
            .iter()
            .enumerate()
            .map(|(index, secret)| change(index, secret))
            .collect(),
    );
    let pick = |step: usize| secrets.iter().enumerate().filter(move |(index, _)| index % step == 0);
    let variables = list(
        pick(7)
            .map(|(index, secret)| format!(r#""password_{index}":{{"value":{}}}"#, quote(secret)))
            .collect(),
    );
    let declared = list(
        pick(7)
            .map(|(index, secret)| format!(r#""password_{index}":{{"default":{},"sensitive":true}}"#, quote(secret)))
            .collect(),
    );
    let outputs = list(
        pick(5)
            .map(|(index, secret)| {
                format!(
                    r#""token_{index}":{{"actions":["create"],"after":{{"api_token":{}}}}}"#,
                    quote(secret)
                )
            })
            .collect(),
    );
    let first = quote(secrets.first().expect("a secret"));
    format!(
        r#"{{"format_version":"1.2","variables":{{{variables}}},"resource_changes":[{changes}],"output_changes":{{{outputs}}},
        "configuration":{{"provider_config":{{"github":{{"name":"github","full_name":"registry.terraform.io/integrations/github","expressions":{{"token":{{"constant_value":{first}}}}}}}}},
        "root_module":{{"variables":{{{declared}}},"resources":[{{"address":"null_resource.n","mode":"managed","type":"null_resource","name":"n",
        "provisioners":[{{"type":"local-exec","expressions":{{"command":{{"constant_value":{first}}},"environment":{{"constant_value":{{"API_TOKEN":{first}}}}}}}}}]}}]}}}}}}"#
    )
}

#[test]
fn no_piece_of_a_secret_comes_out() {
    let secrets = secrets(&mut Random(42));
    assert_eq!(secrets.len(), 60);
    let found = Tester::<Analyzer>::new()
        .plan(&plan(&secrets))
        .expect("the analyzer decides");
    let addresses: BTreeSet<_> = found
        .iter()
        .filter(|finding| matches!(finding.rule.as_str(), "NHI011" | "NHI016"))
        .map(|finding| finding.address.as_str())
        .collect();
    // Those that a variable or provider told already are not told again.
    assert!(addresses.len() >= 55, "{addresses:?}");
    let told = format!("{found:?}");
    for secret in &secrets {
        for start in 0..=secret.len() - PIECE {
            let piece = &secret[start..start + PIECE];
            assert!(!told.contains(piece), "eight bytes of a secret were told");
        }
    }
}

#[test]
fn an_error_tells_nothing_either() {
    let secret = format!("{}{}", ["glpat", "-"].concat(), Random(7).text(20, LETTERS));
    let broken = plan(std::slice::from_ref(&secret)).replace(r#""format_version":"1.2""#, r#""format_version":"#);
    let error = Tester::<Analyzer>::new().plan(&broken).expect_err("a broken plan");
    assert!(!error.contains(&secret[6..14]), "{error}");
}
