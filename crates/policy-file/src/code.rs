//! The stable codes of what a file can get wrong; what its values get wrong has the codes of the domain model.

use nhi_governance::codes;

codes! {
    COMPUTED = "NHI-POLICY-COMPUTED", "a value of the policy file is not written out",
        "What a policy says must not depend on where or when it is read, so nothing in it is computed.";
    DUPLICATE = "NHI-POLICY-DUPLICATE", "the policy file says the same thing twice",
        "Of two values that could both count, a reader would see one and the program the other.";
    MISSING = "NHI-POLICY-MISSING", "something is missing in the policy file",
        "A rule that leaves out what it is about would cover everything or nothing.";
    READ = "NHI-POLICY-READ", "the policy file cannot be read",
        "Without its policy an organisation's rules would silently be somebody else's.";
    SYNTAX = "NHI-POLICY-SYNTAX", "the policy file is not well-formed",
        "Half a policy is another policy.";
    TYPE = "NHI-POLICY-TYPE", "a value of the policy file has the wrong type",
        "A value that has to be guessed at is not a rule.";
    UNKNOWN = "NHI-POLICY-UNKNOWN", "the policy file says something unknown",
        "A misspelt rule would protect nothing, and nobody would notice.";
    VALUE = "NHI-POLICY-VALUE", "a value of the policy file is out of range",
        "A rule outside of its limits protects nothing.";
}

/// A piece of the file for a message: short, on one line, with nothing in it that acts on a terminal.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (position, c) in text.chars().enumerate() {
        if position == 60 {
            quoted.push('…');
            break;
        }
        match c {
            '`' => quoted.push('\''),
            c if c.is_ascii_graphic() || c == ' ' || (c.is_alphanumeric() && !c.is_ascii()) => quoted.push(c),
            c => quoted.extend(c.escape_unicode()),
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{CODES, quote};

    #[test]
    fn codes_are_sorted_and_explained() {
        assert!(CODES.is_sorted_by(|left, right| left.id < right.id));
        for code in CODES {
            assert!(code.why.ends_with('.') && !code.title.ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn quotes_are_inert() {
        assert_eq!(quote("a`\u{1b}[2J\u{202e}ä"), "`a'\\u{1b}[2J\\u{202e}ä`");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), 63);
    }
}
