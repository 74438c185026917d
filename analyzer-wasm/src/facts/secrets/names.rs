//! Names that say that their value is a secret: attributes, keys of maps, environment variables, options.
//!
//! A name is read as words, in any spelling: `dbPassword`, `DB_PASSWORD`, `db-password`, `dbpassword`. What counts is
//! how it ends: a `secret_arn` is no secret, a `token_url` no token.

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Made by a machine: a token, a key.
    Token,
    /// Chosen by a person.
    Password,
}

/// Last words of names of passwords.
const PASSWORDS: [&str; 12] = [
    "pass",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "psk",
    "pw",
    "pwd",
    "userpass",
    "passwort",
    "preshared",
];

/// Last words of names of tokens and keys.
const TOKENS: [&str; 21] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "appkey",
    "appsecret",
    "authkey",
    "authtoken",
    "bearer",
    "clientsecret",
    "credential",
    "credentials",
    "encryptionkey",
    "pat",
    "privatekey",
    "secret",
    "secretkey",
    "secrets",
    "signingkey",
    "token",
    "webhooksecret",
];

/// Words that make a key a secret one: `signing_key`.
const KEYS: [&str; 27] = [
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "app",
    "application",
    "auth",
    "cookie",
    "crypt",
    "deploy",
    "encrypt",
    "encryption",
    "hmac",
    "host",
    "ingest",
    "jwt",
    "license",
    "master",
    "preshared",
    "private",
    "secret",
    "service",
    "session",
    "shared",
    "signing",
    "storage",
];

/// Words before `token` that make it none of a credential.
const NO_TOKENS: [&str; 10] = [
    "cancellation",
    "client",
    "continuation",
    "creation",
    "idempotency",
    "next",
    "pagination",
    "page",
    "request",
    "sync",
];

/// Last words that add nothing.
const SUFFIXES: [&str; 17] = [
    "b64",
    "base64",
    "data",
    "default",
    "dev",
    "env",
    "new",
    "old",
    "plain",
    "plaintext",
    "prod",
    "production",
    "raw",
    "string",
    "text",
    "value",
    "wo",
];

/// Words of a name: at most this many from its end are looked at.
const WORDS_MAX: usize = 8;
const LENGTH_MAX: usize = 128;

/// What a name says of its value; `None` where it is no secret.
pub(crate) fn class(name: &str) -> Option<Class> {
    if name.is_empty() || name.len() > LENGTH_MAX {
        return None;
    }
    let words = words(name);
    let mut words = words.as_slice();
    while let [rest @ .., last] = words
        && (SUFFIXES.contains(&last.as_str()) || last.bytes().all(|byte| byte.is_ascii_digit()))
        && !rest.is_empty()
    {
        words = rest;
    }
    let (last, before) = words.split_last()?;
    let previous = before.last().map(String::as_str).unwrap_or_default();
    let is_password = PASSWORDS.contains(&last.as_str())
        || ["password", "passwd", "passphrase"]
            .iter()
            .any(|word| last.ends_with(word))
        || last == "key" && ["shared", "psk"].contains(&previous) && before.iter().any(|word| word == "pre");
    if is_password {
        // `use_password` is a switch, a bypass is none.
        let is_switch = ["no", "use", "by", "bypass", "enable", "require", "has"].contains(&previous);
        return (!is_switch).then_some(Class::Password);
    }
    let is_token = match last.as_str() {
        "token" => !NO_TOKENS.contains(&previous),
        "key" => KEYS.contains(&previous),
        "base" => previous == "key" && before.iter().any(|word| word == "secret"),
        "auth" => ["basic", "http", "registry"].contains(&previous),
        "sas" => true,
        last => {
            TOKENS.contains(&last)
                || [
                    "apikey",
                    "secretkey",
                    "accesskey",
                    "privatekey",
                    "authtoken",
                    "accesstoken",
                    "clientsecret",
                ]
                .iter()
                .any(|word| last.ends_with(word))
        }
    };
    (is_token && !is_public(before)).then_some(Class::Token)
}

/// Names of what everybody may know.
fn is_public(before: &[String]) -> bool {
    before
        .iter()
        .any(|word| ["public", "publishable", "pub"].contains(&word.as_str()))
}

/// Whether a name is that of a part which says who or where, beside a secret.
pub(crate) fn identifies(name: &str) -> bool {
    const WORDS: [&str; 32] = [
        "account",
        "alias",
        "arn",
        "cert",
        "certificate",
        "cluster",
        "crt",
        "database",
        "dbname",
        "domain",
        "email",
        "endpoint",
        "engine",
        "env",
        "environment",
        "fqdn",
        "host",
        "hostname",
        "id",
        "issuer",
        "name",
        "namespace",
        "port",
        "project",
        "region",
        "scheme",
        "stage",
        "tenant",
        "type",
        "url",
        "user",
        "username",
    ];
    let words = words(name);
    words
        .last()
        .is_some_and(|last| WORDS.contains(&last.as_str()) || last.ends_with("name"))
}

/// The words of a name, in small letters.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    for character in name.chars() {
        let begins = character.is_uppercase() && last.is_lowercase();
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        last = character;
    }
    if !word.is_empty() {
        words.push(word);
    }
    let extra = words.len().saturating_sub(WORDS_MAX);
    words.drain(..extra);
    words
}

/// Ends of names as they are found in text, in three spellings each.
pub(crate) const ENDS: [&str; 22] = [
    "accesskey",
    "access_key",
    "api_key",
    "api-key",
    "apikey",
    "auth_token",
    "credentials",
    "encryption_key",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "secret",
    "secret_key",
    "secretkey",
    "secret_key_base",
    "shared_key",
    "signing_key",
    "token",
    "_pass",
    "\"pass",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_any_spelling() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "db-password",
            "mysqlrootpassword",
            "PGPASSWORD",
            "smtp_pass",
            "admin_password_wo",
            "wifi_psk",
            "pre_shared_key",
            "MYSQL_PWD",
            "pass",
            "pwd",
            "master_user_password_2",
        ] {
            assert_eq!(class(name), Some(Class::Password), "{name}");
        }
        for name in [
            "token",
            "GITHUB_TOKEN",
            "apiKey",
            "api-key",
            "X-Api-Key",
            "APIKEY",
            "client_secret",
            "clientSecret",
            "secret_string",
            "SECRET_KEY_BASE",
            "AWS_SECRET_ACCESS_KEY",
            "private_key",
            "signing_key",
            "credentials",
            "storage_account_key",
            "auth_token_value",
            "stripeSecretKey",
            "DD_API_KEY",
            "basic_auth",
        ] {
            assert_eq!(class(name), Some(Class::Token), "{name}");
        }
    }

    #[test]
    fn what_is_about_secrets_is_none() {
        for name in [
            "",
            "name",
            "secret_arn",
            "secret_name",
            "secretName",
            "token_url",
            "password_policy",
            "http_tokens",
            "next_token",
            "public_key",
            "kms_key",
            "key",
            "partition_key",
            "hash_key",
            "sort_key",
            "key_id",
            "kms_key_id",
            "password_length",
            "client_request_token",
            "secret_id",
            "tokens_per_minute",
            "publishable_api_key",
            "bypass",
            "pass_through",
            "passes",
            "passed",
            "compass",
            "keyboard",
            "author",
            "use_password",
            "secretsmanager",
            "password_secret_ref",
        ] {
            assert_eq!(class(name), None, "{name}");
        }
    }
}
