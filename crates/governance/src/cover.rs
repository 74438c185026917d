//! Whether one scope lies within another.
//!
//! Both may hold `*` (any run of characters) and `?` (one character). What is said to lie within does, whatever the
//! wildcards stand for; some pairs that only lie within by several patterns together are refused.

use crate::scope::ScopeEntry;

/// Whether everything that `inner` can stand for is something that `outer` stands for.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    let (pattern, text) = (outer.as_bytes(), inner.as_bytes());
    let (mut at, mut position) = (0, 0);
    // Where to go on when the last `*` has to take one character more.
    let mut retry = None;
    while let Some(&byte) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, position));
                at += 1;
            }
            // A `*` inside can be any run of characters, which only a `*` outside covers.
            Some(&wanted) if byte != b'*' && (wanted == b'?' || wanted == byte) => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                at = star + 1;
                position = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// The first action of an entry that no entry of the ceiling allows on its resource.
pub(crate) fn outside<'a>(entry: &'a ScopeEntry, ceiling: &[ScopeEntry]) -> Option<&'a str> {
    let allowed = |action: &str| {
        ceiling.iter().any(|outer| {
            outer.backend() == entry.backend()
                && covers(outer.resource(), entry.resource())
                && outer.actions().iter().any(|allowed| covers(allowed, action))
        })
    };
    let mut actions = entry.actions().iter().map(String::as_str);
    actions.find(|action| !allowed(action))
}

/// Whether a whole scope lies within another.
pub(crate) fn within(scope: &[ScopeEntry], ceiling: &[ScopeEntry]) -> bool {
    scope.iter().all(|entry| outside(entry, ceiling).is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::covers;

    #[test]
    fn patterns() {
        let cases = [
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:Get*", true),
            ("s3:Get*", "s3:*", false),
            ("s3:GetObject", "s3:GetObject", true),
            ("s3:GetObject", "s3:GetObjec?", false),
            ("s3:GetObjec?", "s3:GetObject", true),
            ("s3:GetObjec?", "s3:GetObjec?", true),
            ("a?", "a*", false),
            ("a*", "a?", true),
            ("a*c", "a*b*c", true),
            ("a*c", "a*b", false),
            ("*/b", "a/*/b", true),
            ("arn:aws:s3:::reports/*", "arn:aws:s3:::reports-old/x", false),
            ("arn:aws:s3:::reports/*", "arn:aws:s3:::reports/../x", true),
            ("a", "A", false),
            ("", "a", false),
        ];
        for (outer, inner, expected) in cases {
            assert_eq!(covers(outer, inner), expected, "{outer} over {inner}");
        }
    }

    proptest! {
        /// Whatever the wildcards of the inner pattern stand for, the outer one matches it.
        #[test]
        fn what_is_covered_is_covered(outer in "[ab*?]{0,6}", inner in "[ab*?]{0,6}", fill in "[ab]{0,3}", one in "[ab]") {
            if covers(&outer, &inner) {
                let instance = inner.replace('*', &fill).replace('?', &one);
                prop_assert!(covers(&outer, &instance), "{outer} over {inner} but not {instance}");
            }
        }
    }
}
