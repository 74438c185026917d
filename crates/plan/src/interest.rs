//! Decides which blocks a module is handed, from the interests it declares.
//!
//! Host and test harness share this so that a rule sees in its tests what it will see in a run.

use crate::{Change, Description, Interest, Mode};

/// The interest word for the values before the change.
const BEFORE: &str = "before";
/// The interest word for the block's expressions.
const CONFIGURATION: &str = "configuration";

/// What a module gets of a block beside its planned values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The values before the change.
    pub before: bool,
    /// The block's expressions.
    pub configuration: bool,
}

impl Needs {
    /// The words a module may use for its needs.
    pub const WORDS: [&'static str; 2] = [BEFORE, CONFIGURATION];

    /// Takes out of `change` what was not asked for.
    pub fn strip(self, change: &mut Change<'_>) {
        if !self.before {
            change.before = None;
        }
        if !self.configuration {
            change.configuration = None;
        }
    }
}

impl Interest {
    /// Whether a block of this mode and type is wanted.
    pub fn matches(&self, mode: Mode, resource_type: &str) -> bool {
        self.modes.iter().any(|word| word == mode.as_str())
            && self.resource_types.iter().any(|glob| glob_matches(glob, resource_type))
    }
}

impl Description {
    /// What is wanted of a block of this mode and type; `None` where no interest matches.
    pub fn needs(&self, mode: Mode, resource_type: &str) -> Option<Needs> {
        let mut found = None;
        for interest in &self.interests {
            if interest.matches(mode, resource_type) {
                let needs: &mut Needs = found.get_or_insert_default();
                needs.before |= interest.needs.iter().any(|word| word == BEFORE);
                needs.configuration |= interest.needs.iter().any(|word| word == CONFIGURATION);
            }
        }
        found
    }
}

/// Matches `text` against `glob`, in which `*` stands for any run of characters.
///
/// Linear steps back to the last `*` only, so that a hostile glob costs at most the product of both lengths.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.as_bytes(), text.as_bytes());
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (glob.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                glob = rest;
            }
            (Some((want, rest)), Some((have, tail))) if want == have => {
                glob = rest;
                text = tail;
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, start)) = retry else { return false };
                let Some((_, next)) = start.split_first() else {
                    return false;
                };
                retry = Some((after_star, next));
                glob = after_star;
                text = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let yes = [
            ("*", ""),
            ("*", "aws_iam_role"),
            ("aws_*", "aws_iam_role"),
            ("*_role", "aws_iam_role"),
            ("aws_*_role", "aws_iam_role"),
            ("a*b*c", "aXbXbc"),
            ("**", "x"),
            ("", ""),
            ("aws_iam_role", "aws_iam_role"),
        ];
        let no = [
            ("aws_*", "google_x"),
            ("aws_*", "xaws_"),
            ("*_role", "aws_iam_role_policy"),
            ("aws_iam_role", "aws_iam_role_policy"),
            ("", "x"),
            ("a*b", "a"),
            ("a*b*c", "acb"),
        ];
        for (glob, text) in yes {
            assert!(glob_matches(glob, text), "`{glob}` must match `{text}`");
        }
        for (glob, text) in no {
            assert!(!glob_matches(glob, text), "`{glob}` must not match `{text}`");
        }
    }

    #[test]
    fn needs_are_the_union_of_the_matching_interests() {
        let interest = |modes: &[&str], types: &[&str], needs: &[&str]| {
            let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            Interest {
                modes: own(modes),
                resource_types: own(types),
                needs: own(needs),
            }
        };
        let description = Description {
            name: "n".into(),
            version: "1".into(),
            rules: vec![],
            interests: vec![
                interest(&["managed"], &["aws_*"], &["before"]),
                interest(&["managed", "data"], &["aws_iam_*"], &["configuration"]),
                interest(&["output"], &["*"], &[]),
            ],
            sharding: crate::Sharding::PerResource,
            encoding: crate::Encoding::Records,
            settings_schema: String::new(),
            attributes: vec![],
        };
        let needs = |before, configuration| Some(Needs { before, configuration });
        assert_eq!(description.needs(Mode::Managed, "aws_iam_role"), needs(true, true));
        assert_eq!(description.needs(Mode::Managed, "aws_s3_bucket"), needs(true, false));
        assert_eq!(
            description.needs(Mode::Data, "aws_iam_policy_document"),
            needs(false, true)
        );
        assert_eq!(description.needs(Mode::Output, ""), needs(false, false));
        assert_eq!(description.needs(Mode::Data, "aws_s3_bucket"), None);
        assert_eq!(description.needs(Mode::Provider, "aws"), None);
    }
}
