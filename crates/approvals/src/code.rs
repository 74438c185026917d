//! The stable codes of everything this crate refuses.

use nhi_governance::codes;

pub(crate) use nhi_governance::Problem;

/// Why a key cannot be used, for those who ask for its passphrase.
#[cold]
pub fn key_problem(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(&KEY, message, help)
}

codes! {
    AGENT = "NHI-APPROVAL-AGENT", "the ssh agent did not sign",
        "An approval counts only with a signature by a key that the trust root lists.";
    FILE = "NHI-APPROVAL-FILE", "a file of approvals is not usable",
        "Approvals lie in a repository that others write to, so a link, a device or a file without end is not followed or read.";
    INVALID = "NHI-APPROVAL-INVALID", "an approval is not usable",
        "An approval is one signed statement in exactly one form, so that nobody can make two out of it or read it in two ways.";
    KEY = "NHI-APPROVAL-KEY", "a key is not usable",
        "Approvals are signed with Ed25519 keys only: one strong algorithm leaves nothing to downgrade to.";
    /// For those who act on a verdict.
    MISSING = "NHI-APPROVAL-MISSING", "approvals are missing",
        "The riskier an identity, the more people have to agree before it exists; their agreement is to exactly this request.";
    REQUEST = "NHI-APPROVAL-REQUEST", "a request is not usable",
        "People approve the digest of a request, so what it covers has to be readable in one way only.";
    ROOT = "NHI-APPROVERS", "the trust root is not usable",
        "The trust root says whose signatures count; a mistake in it would let the wrong people approve.";
    PIN = "NHI-APPROVERS-PIN", "the trust root is not the one that is trusted",
        "A change of who may approve has itself to be approved by those who could before, or nobody's approval means anything.";
}

/// The text in backticks for a message: shortened, and with nothing in it that could act on a terminal.
pub(crate) fn quote(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let mut quoted = String::from("`");
    for (position, c) in text.chars().enumerate() {
        if position == CHARS_MAX {
            quoted.push('…');
            break;
        }
        match c {
            '`' => quoted.push('\''),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => quoted.push(c),
            c => quoted.extend(c.escape_unicode()),
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        let ids: Vec<_> = CODES.iter().map(|code| code.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for code in CODES {
            assert!(code.why.ends_with('.') && !code.title.ends_with('.'), "{code:?}");
        }
    }
}
