//! Whether a text that people wrote may hold a secret: such a text is left out, not shown in part.

/// How secrets begin.
const HEADS: [&str; 18] = [
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "hvs.",
    "hvb.",
    "xoxb-",
    "xoxp-",
    "sk-",
    "sk_live_",
    "npm_",
    "eyJ",
];
/// From this length on a word of mixed characters is no word.
const WORD_CHARS_MIN: usize = 20;

/// Whether any word of the text looks like one.
pub(crate) fn looks_secret(text: &str) -> bool {
    if text.contains("-----BEGIN ") {
        return true;
    }
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '=' | '(' | ')'))
        .any(is_secret)
}

fn is_secret(word: &str) -> bool {
    let long = word.len() >= WORD_CHARS_MIN;
    let heads = |head: &&str| word.starts_with(*head) && word.len() >= head.len() + 8;
    if HEADS.iter().any(heads) {
        return true;
    }
    let has = |kind: fn(&char) -> bool| word.chars().any(|c| kind(&c));
    let (upper, lower, digit) = (
        has(char::is_ascii_uppercase),
        has(char::is_ascii_lowercase),
        has(char::is_ascii_digit),
    );
    let is_hex = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && digit;
    // An address or a path mixes characters too, and has parts that are words.
    let has_parts = word.contains(['/', '.', '@', ':', '-', '_']) && !word.contains(['+', '~']);
    long && (is_hex || (upper && lower && digit && !has_parts) || (upper && lower && digit && is_dense(word)))
}

/// Whether no part of a word is one that a person would write: all of them mix their characters.
fn is_dense(word: &str) -> bool {
    let parts = word.split(['/', '.', '@', ':', '-', '_', '+', '~']);
    let mut parts = parts.filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            part.len() >= 8
                && part.bytes().any(|byte| byte.is_ascii_digit())
                && part.bytes().any(|byte| byte.is_ascii_uppercase())
        })
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn secrets_and_sentences() {
        for text in [
            "key AKIAIOSFODNN7EXAMPLE of the old job",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
            "token: ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "-----BEGIN PRIVATE KEY-----",
            "password=Tr0ub4dor3Tr0ub4dor3Xy",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            assert!(looks_secret(text), "{text}");
        }
        for text in [
            "Deploys the payments service to production",
            "arn:aws:iam::111122223333:role/Deploy-Payments-v2",
            "See https://wiki.example.com/Payments/Deploy2024",
            "alice@example.com",
            "AKIA",
            "team:payments",
            "Größenprüfung im Lager",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }
}
