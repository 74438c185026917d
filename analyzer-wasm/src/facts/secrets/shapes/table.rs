//! Every shape, by the service that issues it.
//!
//! Prefixes, lengths and alphabets are those that the issuers document, or that the public secret scanners agree on.

use nhi_plan::Severity;

use super::Alphabet::{Alphanumeric, Base64, Digits, Dotted, Hex, Loose, Lower, Path, Plus, Upper, Url};
use super::{AWS_KEY_ID, Alphabet, Proof, Run, Shape, TEMPORARY_ID};

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
        ..token(needle, kind, Alphanumeric, 36, 36)
    }
}

const fn gitlab(needle: &'static str, kind: &'static str, min: usize) -> Shape {
    Shape {
        proof: Proof::Gitlab,
        ..token(needle, kind, Dotted, min, 320)
    }
}

/// A key of Azure with a mark inside, of which so many characters stand before the mark and after it.
const fn marked(needle: &'static str, kind: &'static str, before: usize, after: usize, bytes: usize) -> Shape {
    Shape {
        before: Some(Run(Plus, before, before)),
        proof: Proof::Bytes(bytes),
        ..token(needle, kind, Base64, after, after)
    }
}

const fn around(shape: Shape, alphabet: Alphabet, min: usize, max: usize) -> Shape {
    Shape {
        before: Some(Run(alphabet, min, max)),
        ..shape
    }
}

const fn proven(shape: Shape, proof: Proof) -> Shape {
    Shape { proof, ..shape }
}

const fn medium(shape: Shape) -> Shape {
    Shape {
        severity: Severity::Medium,
        ..shape
    }
}

/// Every shape.
pub(crate) static SHAPES: &[Shape] = &[
    // Clouds.
    medium(proven(token("AKIA", AWS_KEY_ID, Upper, 16, 16), Proof::AwsKeyId)),
    medium(proven(token("ASIA", TEMPORARY_ID, Upper, 16, 16), Proof::AwsKeyId)),
    proven(
        token("ABSK", "Amazon Bedrock API key", Base64, 90, 280),
        Proof::Text("BedrockAPIKey-"),
    ),
    medium(token(
        "bedrock-api-key-YmVkcm9jay",
        "short-lived Amazon Bedrock API key",
        Base64,
        40,
        2_000,
    )),
    medium(token("IQoJb3JpZ2luX2Vj", "AWS session token", Base64, 100, 3_000)),
    medium(token("FwoGZXIvYXdz", "AWS session token", Base64, 100, 3_000)),
    token("amzn.mws.", "Amazon MWS token", Url, 36, 36),
    token("AIza", "Google API key", Url, 35, 35),
    token("GOCSPX-", "Google OAuth client secret", Url, 28, 28),
    medium(token("ya29.", "Google access token", Dotted, 60, 500)),
    token("1//0", "Google OAuth refresh token", Url, 40, 120),
    token("GOOG1E", "Google Cloud HMAC key id", Upper, 55, 55),
    proven(
        token("AccountKey=", "Azure storage key", Base64, 86, 88),
        Proof::Bytes(64),
    ),
    proven(
        token("SharedAccessKey=", "Azure shared access key", Base64, 43, 44),
        Proof::Bytes(32),
    ),
    around(token("Q~", "Azure client secret", Dotted, 31, 34), Dotted, 4, 4),
    marked("+ASt", "Azure storage key", 76, 8, 64),
    marked("ACDb", "Azure Cosmos DB key", 76, 8, 64),
    marked("AzFu", "Azure function key", 44, 8, 40),
    marked("AzCa", "Azure cache key", 33, 7, 32),
    marked("+ASb", "Azure Service Bus key", 33, 7, 32),
    marked("+AEh", "Azure Event Hubs key", 33, 7, 32),
    marked("+ARm", "Azure Relay key", 33, 7, 32),
    marked("AIoT", "Azure IoT key", 33, 7, 32),
    around(
        token("+ACR", "Azure container registry password", Plus, 6, 6),
        Plus,
        42,
        42,
    ),
    around(
        token("AzSe", "Azure AI Search key", Alphanumeric, 6, 6),
        Alphanumeric,
        42,
        42,
    ),
    around(
        token("JQQJ99", "Azure AI services key", Alphanumeric, 26, 26),
        Alphanumeric,
        52,
        52,
    ),
    token("LTAI", "Alibaba Cloud access key id", Alphanumeric, 12, 26),
    token("AKID", "Tencent Cloud secret id", Alphanumeric, 32, 36),
    token("dop_v1_", "DigitalOcean token", Hex, 64, 64),
    token("doo_v1_", "DigitalOcean token", Hex, 64, 64),
    token("dor_v1_", "DigitalOcean token", Hex, 64, 64),
    token("HRKU-", "Heroku API key", Url, 36, 64),
    token("flyv1 fm2_", "Fly.io token", Base64, 80, 1_000),
    token("fo1_", "Fly.io token", Url, 43, 43),
    token("rnd_", "Render API key", Alphanumeric, 28, 40),
    token("tskey-auth-", "Tailscale key", Url, 30, 60),
    token("tskey-api-", "Tailscale key", Url, 30, 60),
    token("tskey-client-", "Tailscale key", Url, 30, 60),
    token("v1.0-", "Cloudflare origin CA key", Url, 150, 200),
    token("cfat_", "Cloudflare API token", Alphanumeric, 40, 60),
    token("cfut_", "Cloudflare API token", Alphanumeric, 40, 60),
    // Forges, package registries, pipelines.
    checked("ghp_", "GitHub token"),
    checked("gho_", "GitHub token"),
    checked("ghu_", "GitHub token"),
    checked("ghs_", "GitHub token"),
    checked("ghr_", "GitHub token"),
    token("github_pat_", "GitHub token", Url, 82, 82),
    gitlab("glpat-", "GitLab token", 20),
    gitlab("gldt-", "GitLab deploy token", 20),
    gitlab("glrt-", "GitLab runner token", 20),
    gitlab("glrtr-", "GitLab runner registration token", 20),
    token("GR1348941", "GitLab runner registration token", Url, 20, 50),
    token("glptt-", "GitLab trigger token", Hex, 40, 40),
    gitlab("glcbt-", "GitLab job token", 20),
    gitlab("glft-", "GitLab feed token", 20),
    gitlab("glimt-", "GitLab incoming mail token", 25),
    gitlab("glagent-", "GitLab agent token", 50),
    gitlab("glwt-", "GitLab workspace token", 20),
    gitlab("glsoat-", "GitLab SCIM token", 20),
    gitlab("gloas-", "GitLab OAuth secret", 64),
    gitlab("glffct-", "GitLab feature flag token", 20),
    token("ATATT3xFfGF0", "Atlassian token", Loose, 160, 240),
    token("ATCTT3xFfGN0", "Bitbucket access token", Loose, 160, 240),
    token("ATBB", "Bitbucket app password", Alphanumeric, 32, 32),
    token("BBDC-", "Bitbucket Data Center token", Base64, 40, 50),
    checked("npm_", "npm token"),
    token("pypi-AgEIcHlwaS5vcmc", "PyPI token", Url, 50, 300),
    token("pypi-AgENdGVzdC5weXBpLm9yZw", "TestPyPI token", Url, 50, 300),
    token("cio", "crates.io token", Alphanumeric, 32, 32),
    token("rubygems_", "RubyGems key", Hex, 48, 48),
    token("oy2", "NuGet API key", Lower, 43, 43),
    token("dckr_pat_", "Docker Hub token", Url, 27, 32),
    token("dckr_oat_", "Docker Hub token", Url, 27, 40),
    token("CLOJARS_", "Clojars token", Lower, 60, 60),
    token("AKCp", "Artifactory API key", Alphanumeric, 69, 69),
    token("cmVmdGtuOj", "Artifactory reference token", Alphanumeric, 54, 54),
    token("bkua_", "Buildkite token", Hex, 40, 40),
    token("CCIPAT_", "CircleCI token", Url, 40, 80),
    token("CCIPRJ_", "CircleCI token", Url, 40, 80),
    around(
        token(".atlasv1.", "HCP Terraform token", Url, 60, 80),
        Alphanumeric,
        14,
        14,
    ),
    token("pul-", "Pulumi token", Hex, 40, 40),
    token("sgp_", "Sourcegraph token", Url, 40, 64),
    token("sqp_", "SonarQube token", Hex, 40, 40),
    token("sqa_", "SonarQube token", Hex, 40, 40),
    token("squ_", "SonarQube token", Hex, 40, 40),
    token("snyk_uat.", "Snyk token", Dotted, 60, 200),
    token("LAPI", "LaunchDarkly key", Url, 36, 36),
    token("API-", "Octopus Deploy key", Upper, 26, 26),
    // Secret stores.
    token("hvs.", "Vault token", Url, 24, 300),
    token("hvb.", "Vault token", Url, 100, 400),
    token("hvr.", "Vault recovery token", Url, 24, 300),
    token("dp.pt.", "Doppler token", Alphanumeric, 40, 44),
    token("dp.st.", "Doppler token", Dotted, 40, 60),
    token("dp.ct.", "Doppler token", Alphanumeric, 40, 44),
    token("dp.sa.", "Doppler token", Alphanumeric, 40, 44),
    token("ops_eyJ", "1Password token", Base64, 200, 1_200),
    token("AGE-SECRET-KEY-1", "age private key", Upper, 58, 58),
    // Data platforms.
    token("dapi", "Databricks token", Hex, 32, 34),
    token("dose", "Databricks secret", Hex, 32, 32),
    token("pscale_tkn_", "PlanetScale token", Dotted, 32, 64),
    token("pscale_pw_", "PlanetScale password", Dotted, 32, 64),
    token("pscale_oauth_", "PlanetScale token", Dotted, 32, 64),
    token("sbp_", "Supabase token", Hex, 40, 40),
    token("sb_secret_", "Supabase secret key", Url, 30, 60),
    token("napi_", "Neon API key", Lower, 60, 66),
    token("AVNS_", "Aiven password", Url, 19, 19),
    token("cflt", "Confluent API secret", Base64, 60, 60),
    token("mdb_sa_sk_", "MongoDB Atlas secret", Url, 40, 48),
    token("ntn_", "Notion token", Alphanumeric, 46, 46),
    // Models.
    token("sk-ant-", "Anthropic API key", Url, 80, 120),
    around(token("T3BlbkFJ", "OpenAI API key", Url, 20, 90), Url, 8, 90),
    token("hf_", "Hugging Face token", Alphanumeric, 34, 37),
    token("api_org_", "Hugging Face token", Alphanumeric, 34, 37),
    token("gsk_", "Groq API key", Alphanumeric, 52, 52),
    token("pplx-", "Perplexity API key", Alphanumeric, 48, 56),
    token("r8_", "Replicate token", Alphanumeric, 37, 37),
    token("xai-", "xAI API key", Alphanumeric, 80, 80),
    // Watching.
    token("NRAK-", "New Relic key", Upper, 27, 27),
    token("NRIQ-", "New Relic insights key", Url, 32, 32),
    around(token("FFFFNRAL", "New Relic licence key", Lower, 0, 0), Hex, 32, 32),
    token("glsa_", "Grafana token", Url, 41, 41),
    token("glc_eyJ", "Grafana Cloud token", Base64, 60, 400),
    token("eyJrIjoi", "Grafana API key", Base64, 60, 400),
    token("sntrys_", "Sentry token", Base64, 80, 300),
    token("sntryu_", "Sentry token", Hex, 64, 64),
    token("ddp_", "Datadog key", Alphanumeric, 36, 40),
    token("dt0c01.", "Dynatrace token", Dotted, 80, 100),
    token("phx_", "PostHog key", Alphanumeric, 40, 50),
    // Messages, money, people.
    token("xoxb-", "Slack token", Url, 40, 80),
    token("xoxp-", "Slack token", Url, 60, 90),
    token("xoxe.xox", "Slack token", Dotted, 100, 300),
    token("xoxa-", "Slack token", Url, 40, 90),
    token("xapp-1-", "Slack app token", Url, 60, 120),
    token("hooks.slack.com/services/T", "Slack webhook", Base64, 34, 60),
    token("sk_live_", "Stripe key", Alphanumeric, 24, 200),
    token("rk_live_", "Stripe key", Alphanumeric, 24, 200),
    token("whsec_", "webhook signing secret", Base64, 32, 64),
    proven(token("SG.", "SendGrid API key", Dotted, 66, 66), Proof::Dots(&[22, 43])),
    token("shpat_", "Shopify token", Hex, 32, 32),
    token("sq0csp-", "Square secret", Url, 43, 43),
    token("lin_api_", "Linear API key", Alphanumeric, 40, 40),
    medium(token("SK", "Twilio API key id", Hex, 32, 32)),
    token("key-", "Mailgun API key", Hex, 32, 32),
    around(token("-us", "Mailchimp API key", Digits, 1, 2), Hex, 32, 32),
    token("xkeysib-", "Brevo API key", Url, 80, 90),
    around(token(":AA", "Telegram bot token", Url, 33, 33), Digits, 8, 10),
    token("discord.com/api/webhooks/", "Discord webhook", Loose, 80, 110),
    token("webhook.office.com/webhookb2/", "Teams webhook", Path, 100, 300),
    token("SSWS 00", "Okta API token", Url, 40, 40),
    token("shpss_", "Shopify secret", Hex, 32, 32),
    token("shpca_", "Shopify token", Hex, 32, 32),
    token("shppa_", "Shopify token", Hex, 32, 32),
    token("sq0atp-", "Square token", Url, 22, 22),
    token("EAAA", "Square token", Url, 60, 60),
    token("PMAK-", "Postman API key", Url, 59, 59),
    token("figd_", "Figma token", Url, 38, 50),
    token("pat-na1-", "HubSpot token", Url, 36, 36),
    token("pat-eu1-", "HubSpot token", Url, 36, 36),
    token("CFPAT-", "Contentful token", Url, 43, 43),
    token("shippo_live_", "Shippo token", Hex, 40, 40),
    token("FLWSECK-", "Flutterwave secret", Alphanumeric, 32, 40),
    token("rdme_", "ReadMe API key", Lower, 70, 70),
    token("ico-", "Infracost API key", Alphanumeric, 32, 32),
    token("pnu_", "Prefect API key", Alphanumeric, 36, 36),
    token("EZAK", "EasyPost API key", Alphanumeric, 54, 54),
];
