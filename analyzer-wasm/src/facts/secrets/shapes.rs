//! The shapes of tokens: a fixed part that the automaton finds, and what must stand around it.
//!
//! A shape is a row. Where a provider publishes a checksum it is checked, so that a placeholder of the right length
//! is no finding; elsewhere length, alphabet and information decide.

use nhi_plan::Severity;

use super::proofs;

/// Characters of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, and `.`, `~`.
    Dotted,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// Digits and `a` to `f`.
    Hex,
    /// Capital letters and digits.
    Upper,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// How many characters of which alphabet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run(Alphabet, usize, usize);

/// What else must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Enough information, and no placeholder.
    Random,
    /// The last six characters are a checksum.
    Checksum,
    /// Sixty-four bytes, as storage keys have.
    Bytes(usize),
    /// Names an account.
    AwsKeyId,
}

/// A kind of token.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) needle: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// What stands before the needle, for needles inside a token.
    before: Option<Run>,
    after: Run,
    proof: Proof,
}

const fn token(needle: &'static str, kind: &'static str, alphabet: Alphabet, min: usize, max: usize) -> Shape {
    Shape {
        needle,
        kind,
        severity: Severity::High,
        before: None,
        after: Run(alphabet, min, max),
        proof: Proof::Random,
    }
}

const fn checked(needle: &'static str, kind: &'static str) -> Shape {
    Shape {
        proof: Proof::Checksum,
        ..token(needle, kind, Alphabet::Alphanumeric, 36, 36)
    }
}

use Alphabet::{Alphanumeric, Base64, Dotted, Hex, Upper, Url};

/// Every shape, by the service that issues it.
pub(crate) static SHAPES: [Shape; 67] = [
    token("sk-ant-", "Anthropic API key", Url, 80, 120),
    token("pypi-AgEIcHlwaS5vcmc", "PyPI token", Url, 50, 300),
    token("ATATT3xFfGF0", "Atlassian token", Base64, 160, 240),
    Shape {
        severity: Severity::Medium,
        proof: Proof::AwsKeyId,
        ..token("AKIA", AWS_KEY_ID, Upper, 16, 16)
    },
    Shape {
        severity: Severity::Medium,
        proof: Proof::AwsKeyId,
        ..token("ASIA", "temporary AWS access key id", Upper, 16, 16)
    },
    Shape {
        proof: Proof::Bytes(64),
        ..token("AccountKey=", "Azure storage key", Base64, 86, 88)
    },
    Shape {
        proof: Proof::Bytes(32),
        ..token("SharedAccessKey=", "Azure shared access key", Base64, 43, 44)
    },
    Shape {
        before: Some(Run(Dotted, 4, 4)),
        ..token("Q~", "Azure client secret", Dotted, 31, 34)
    },
    token("bkua_", "Buildkite token", Hex, 40, 40),
    token("CCIPAT_", "CircleCI token", Url, 40, 80),
    token("dapi", "Databricks token", Hex, 32, 34),
    token("dop_v1_", "DigitalOcean token", Hex, 64, 64),
    token("doo_v1_", "DigitalOcean token", Hex, 64, 64),
    token("dor_v1_", "DigitalOcean token", Hex, 64, 64),
    token("dckr_pat_", "Docker Hub token", Url, 27, 32),
    token("dckr_oat_", "Docker Hub token", Url, 27, 40),
    token("dp.pt.", "Doppler token", Alphanumeric, 40, 44),
    token("dp.st.", "Doppler token", Dotted, 40, 60),
    checked("ghp_", "GitHub token"),
    checked("gho_", "GitHub token"),
    checked("ghu_", "GitHub token"),
    checked("ghs_", "GitHub token"),
    checked("ghr_", "GitHub token"),
    token("github_pat_", "GitHub token", Url, 82, 82),
    token("glpat-", "GitLab token", Dotted, 20, 60),
    token("gldt-", "GitLab deploy token", Url, 20, 60),
    token("glrt-", "GitLab runner token", Dotted, 20, 60),
    token("glptt-", "GitLab trigger token", Hex, 40, 40),
    token("glcbt-", "GitLab job token", Url, 20, 80),
    token("glagent-", "GitLab agent token", Url, 50, 60),
    token("glsoat-", "GitLab token", Url, 20, 60),
    token("AIza", "Google API key", Url, 35, 35),
    token("GOCSPX-", "Google OAuth client secret", Url, 28, 28),
    token("glsa_", "Grafana token", Url, 41, 41),
    token("glc_eyJ", "Grafana Cloud token", Base64, 60, 400),
    token("hvs.", "Vault token", Url, 24, 200),
    token("hvb.", "Vault token", Url, 100, 300),
    Shape {
        before: Some(Run(Alphanumeric, 14, 14)),
        ..token(".atlasv1.", "HCP Terraform token", Url, 60, 80)
    },
    token("HRKU-", "Heroku API key", Url, 36, 64),
    token("hf_", "Hugging Face token", Alphanumeric, 34, 37),
    token("lin_api_", "Linear API key", Alphanumeric, 40, 40),
    token("NRAK-", "New Relic key", Upper, 27, 27),
    checked("npm_", "npm token"),
    Shape {
        before: Some(Run(Url, 8, 90)),
        ..token("T3BlbkFJ", "OpenAI API key", Url, 20, 90)
    },
    token("pscale_tkn_", "PlanetScale token", Dotted, 32, 64),
    token("pscale_pw_", "PlanetScale password", Dotted, 32, 64),
    token("pul-", "Pulumi token", Hex, 40, 40),
    token("SG.", "SendGrid API key", Dotted, 66, 66),
    token("sntrys_", "Sentry token", Base64, 80, 300),
    token("sntryu_", "Sentry token", Hex, 64, 64),
    token("shpat_", "Shopify token", Hex, 32, 32),
    token("shpss_", "Shopify secret", Hex, 32, 32),
    token("xoxb-", "Slack token", Url, 40, 80),
    token("xoxp-", "Slack token", Url, 60, 90),
    token("xoxa-", "Slack token", Url, 40, 90),
    token("xoxr-", "Slack token", Url, 40, 90),
    token("xoxs-", "Slack token", Url, 40, 90),
    token("xapp-1-", "Slack app token", Url, 60, 120),
    token("hooks.slack.com/services/T", "Slack webhook", Base64, 34, 60),
    token("sk_live_", "Stripe key", Alphanumeric, 24, 200),
    token("rk_live_", "Stripe key", Alphanumeric, 24, 200),
    token("sbp_", "Supabase token", Hex, 40, 40),
    token("tskey-auth-", "Tailscale key", Url, 30, 60),
    token("tskey-api-", "Tailscale key", Url, 30, 60),
    token("tskey-client-", "Tailscale key", Url, 30, 60),
    token("AGE-SECRET-KEY-1", "age private key", Upper, 58, 58),
    token("ops_eyJ", "1Password token", Base64, 200, 1000),
];

/// An AWS key id by itself: whose secret may stand beside it.
pub(crate) const AWS_KEY_ID: &str = "AWS access key id";

impl Shape {
    /// The token around the needle that begins at `at`.
    pub(crate) fn prove<'t>(&self, text: &'t str, at: usize) -> Option<&'t str> {
        let bytes = text.as_bytes();
        let body = at + self.needle.len();
        let Run(alphabet, min, max) = self.after;
        // One more than the longest is enough to know that it is too long.
        let run = bytes.get(body..)?.iter().take(max + 1);
        let length = run.take_while(|byte| alphabet.has(**byte)).count();
        // A full stop ends a sentence, not a token.
        let length = length
            - bytes
                .get(body..body + length)?
                .iter()
                .rev()
                .take_while(|byte| **byte == b'.')
                .count();
        if !(min..=max).contains(&length) {
            return None;
        }
        let start = match self.before {
            None => at,
            Some(Run(alphabet, min, max)) => {
                let run = bytes.get(..at)?.iter().rev().take(max + 1);
                let before = run.take_while(|byte| alphabet.has(**byte)).count();
                if before < min || before > max {
                    return None;
                }
                at - before
            }
        };
        let before = bytes.get(..start)?;
        // The letter of `%3D` belongs to a separator.
        let is_percent = matches!(before, [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        let glued = before.last().is_some_and(u8::is_ascii_alphanumeric) && !is_percent;
        let token = text.get(start..body + length)?;
        (!glued && self.holds(token, text.get(body..body + length)?)).then_some(token)
    }

    fn holds(&self, token: &str, body: &str) -> bool {
        match self.proof {
            Proof::Checksum => proofs::has_checksum(body),
            Proof::AwsKeyId => {
                proofs::is_aws_key_id(token) && !proofs::is_placeholder(token) && proofs::entropy(body) > 2.5
            }
            Proof::Bytes(length) => {
                super::base64::decode(body).is_some_and(|bytes| bytes.len() == length) && !proofs::is_placeholder(body)
            }
            Proof::Random => !proofs::is_placeholder(body) && proofs::entropy(body) > 2.8,
        }
    }
}
