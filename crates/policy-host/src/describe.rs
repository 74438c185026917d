//! Judges what a module says of itself, before it is handed anything.
//!
//! Rule codes become file names, links and keys of exceptions, so they are held to a narrow form.

use std::collections::HashSet;

use nhi_plan::{Description, Interest, Mode, Needs, RuleInfo};

use crate::canary;
use crate::host::Trust;
use crate::limits::{CANARIES, HostLimits, INTERESTS, NAME_BYTES, PAGE_BYTES, RULES, WORDS};
use crate::{HostError, HostErrorKind};

/// Codes that only the built-in analyzer may use.
const RESERVED: &str = "NHI";

/// Accepts a description or says what is wrong with it.
pub(crate) fn validate(
    name: &str,
    trust: Trust,
    limits: &HostLimits,
    abi: &str,
    description: &Description,
) -> Result<(), HostError> {
    problem(trust, limits, abi, description).map_or(Ok(()), |problem| {
        Err(HostError::new(name, HostErrorKind::Description, problem))
    })
}

fn problem(trust: Trust, limits: &HostLimits, abi: &str, description: &Description) -> Option<String> {
    first(&[
        sized("the module's name", &description.name, 1, NAME_BYTES),
        sized("the module's version", &description.version, 1, NAME_BYTES),
        sized("the settings schema", &description.settings_schema, 0, PAGE_BYTES),
        counted("rules", description.rules.len(), 1, RULES),
        counted("interests", description.interests.len(), 1, INTERESTS),
        counted("attributes", description.attributes.len(), 0, WORDS),
        counted("canaries", description.canaries.len(), 0, CANARIES),
        (description.abi != abi).then(|| {
            let named = crate::error::quote(&description.abi);
            format!("it says that it speaks version `{named}` of the contract, and its binary says `{abi}`")
        }),
    ])
    .or_else(|| {
        description.attributes.iter().find_map(|(key, value)| {
            first(&[
                sized("an attribute", key, 1, NAME_BYTES),
                sized("an attribute", value, 0, limits.text_bytes),
            ])
        })
    })
    .or_else(|| {
        description
            .rules
            .iter()
            .find_map(|rule| rule_problem(trust, limits, rule))
    })
    .or_else(|| repeated(description))
    .or_else(|| {
        description
            .canaries
            .iter()
            .find_map(|canary| canary::problem(limits, description, canary))
    })
    .or_else(|| description.interests.iter().find_map(interest_problem))
}

fn repeated(description: &Description) -> Option<String> {
    let mut codes = HashSet::new();
    let rule = description.rules.iter().find(|rule| !codes.insert(&rule.code))?;
    Some(format!("two rules have the code `{}`", rule.code))
}

fn rule_problem(trust: Trust, limits: &HostLimits, rule: &RuleInfo) -> Option<String> {
    if !is_code(&rule.code) {
        let code = crate::error::quote(&rule.code);
        return Some(format!(
            "`{code}` is not a rule code: use capital letters, digits and hyphens, such as `TEAM001`"
        ));
    }
    if trust == Trust::ThirdParty && rule.code.starts_with(RESERVED) {
        return Some(format!(
            "the code `{}` begins with `{RESERVED}`, which is the built-in analyzer's",
            rule.code
        ));
    }
    if !is_name(&rule.name) {
        let name = crate::error::quote(&rule.name);
        return Some(format!(
            "`{name}` is not a rule name: use small letters, digits and hyphens, such as `missing-tag`"
        ));
    }
    first(&[
        sized("a rule's summary", &rule.summary, 1, limits.text_bytes),
        sized("a rule's reason", &rule.why, 1, limits.text_bytes),
        sized("a rule's page", &rule.docs, 0, PAGE_BYTES),
        counted("controls", rule.controls.len(), 0, WORDS),
    ])
    .or_else(|| {
        rule.controls
            .iter()
            .find_map(|control| sized("a control", control, 1, NAME_BYTES))
    })
    .map(|problem| format!("rule `{}`: {problem}", rule.code))
}

fn is_code(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    code.len() <= 64 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.bytes().all(allowed)
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(allowed)
}

fn interest_problem(interest: &Interest) -> Option<String> {
    let foreign_mode = interest.modes.iter().find(|mode| Mode::from_word(mode).is_none());
    if let Some(mode) = foreign_mode {
        return Some(format!(
            "an interest names the mode `{}`, which this host does not know",
            crate::error::quote(mode)
        ));
    }
    let foreign_need = interest
        .needs
        .iter()
        .find(|need| !Needs::WORDS.contains(&need.as_str()));
    if let Some(need) = foreign_need {
        return Some(format!(
            "an interest needs `{}`, which this host cannot deliver",
            crate::error::quote(need)
        ));
    }
    first(&[
        counted("modes of an interest", interest.modes.len(), 1, WORDS),
        counted("resource types of an interest", interest.resource_types.len(), 1, WORDS),
    ])
    .or_else(|| interest.resource_types.iter().find_map(|glob| glob_problem(glob)))
    .or_else(|| counted("paths of an interest", interest.paths.len(), 0, WORDS))
    .or_else(|| interest.paths.iter().find_map(|path| path_problem(path)))
}

fn path_problem(path: &str) -> Option<String> {
    let is_path = !path.is_empty() && path.len() <= NAME_BYTES && nhi_plan::path::parse(path).is_some();
    (!is_path).then(|| {
        let path = crate::error::quote(path);
        format!("an interest names `{path}`, which is not a path such as `tags` or `statement[0].actions`")
    })
}

fn glob_problem(glob: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*');
    if !glob.is_empty() && glob.len() <= NAME_BYTES && glob.bytes().all(allowed) {
        return None;
    }
    let glob = crate::error::quote(glob);
    Some(format!(
        "an interest names `{glob}`, which is not a resource type: only `*` is a wild card"
    ))
}

fn sized(what: &str, text: &str, min: usize, max: usize) -> Option<String> {
    if text.len() < min {
        return Some(format!("{what} is empty"));
    }
    (text.len() > max).then(|| format!("{what} has {} bytes, {max} are allowed", text.len()))
}

fn counted(what: &str, count: usize, min: usize, max: usize) -> Option<String> {
    if count < min {
        return Some(format!("it has no {what}"));
    }
    (count > max).then(|| format!("it has {count} {what}, {max} are allowed"))
}

fn first(problems: &[Option<String>]) -> Option<String> {
    problems.iter().flatten().next().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(code: &str) -> RuleInfo {
        let text = String::from;
        let (summary, why) = (text("a summary"), text("a reason"));
        RuleInfo {
            code: text(code),
            name: text("missing-tag"),
            summary,
            why,
            ..RuleInfo::default()
        }
    }

    fn sound() -> Description {
        let interests = vec![Interest::resources(&["aws_*"])];
        Description {
            rules: vec![rule("TEAM001"), rule("TEAM002")],
            interests,
            ..Description::new("team", "1.0.0")
        }
    }

    fn verdict(trust: Trust, description: &Description) -> Option<String> {
        validate("team.wasm", trust, &HostLimits::default(), nhi_plan::ABI, description)
            .err()
            .map(|error| error.message)
    }

    #[test]
    fn a_sound_description_is_accepted() {
        assert_eq!(verdict(Trust::ThirdParty, &sound()), None);
        let own = Description {
            rules: vec![rule("NHI001")],
            ..sound()
        };
        assert_eq!(verdict(Trust::BuiltIn, &own), None);
    }

    fn refused(description: &Description, wanted: &str) {
        let message = verdict(Trust::ThirdParty, description);
        assert!(
            message.as_deref().is_some_and(|message| message.contains(wanted)),
            "{wanted}: {message:?}"
        );
    }

    #[test]
    fn a_module_that_cannot_be_used_is_named() {
        let nameless = vec![(String::new(), String::new())];
        let schema = "x".repeat(65_537);
        refused(
            &Description {
                name: String::new(),
                ..sound()
            },
            "the module's name is empty",
        );
        refused(
            &Description {
                version: String::new(),
                ..sound()
            },
            "the module's version is empty",
        );
        refused(
            &Description {
                rules: vec![],
                ..sound()
            },
            "it has no rules",
        );
        refused(
            &Description {
                rules: vec![rule("A1"); 1_001],
                ..sound()
            },
            "it has 1001 rules, 1000 are allowed",
        );
        refused(
            &Description {
                rules: vec![rule("A1"); 2],
                ..sound()
            },
            "two rules have the code `A1`",
        );
        refused(
            &Description {
                settings_schema: schema,
                ..sound()
            },
            "the settings schema has 65537 bytes",
        );
        refused(
            &Description {
                abi: String::from("1.1.0"),
                ..sound()
            },
            "it says that it speaks version `1.1.0` of the contract, and its binary says `1.0.0`",
        );
        refused(
            &Description {
                attributes: nameless,
                ..sound()
            },
            "an attribute is empty",
        );
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_named() {
        let text = String::from;
        let table = [
            (rule(""), "`` is not a rule code"),
            (rule("team001"), "`team001` is not a rule code"),
            (rule("../A1"), "`../A1` is not a rule code"),
            (rule("NHI001"), "the code `NHI001` begins with `NHI`"),
            (
                RuleInfo {
                    name: text("Missing Tag"),
                    ..rule("A1")
                },
                "`Missing Tag` is not a rule name",
            ),
            (
                RuleInfo {
                    summary: text(""),
                    ..rule("A1")
                },
                "rule `A1`: a rule's summary is empty",
            ),
            (
                RuleInfo {
                    why: "w".repeat(4_097),
                    ..rule("A1")
                },
                "rule `A1`: a rule's reason has 4097 bytes",
            ),
            (
                RuleInfo {
                    controls: vec![text("")],
                    ..rule("A1")
                },
                "rule `A1`: a control is empty",
            ),
        ];
        for (rule, wanted) in table {
            refused(
                &Description {
                    rules: vec![rule],
                    ..sound()
                },
                wanted,
            );
        }
    }

    #[test]
    fn an_interest_that_cannot_be_served_is_named() {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let interest = |modes: &[&str], types: &[&str], needs: &[&str]| Interest {
            modes: own(modes),
            resource_types: own(types),
            needs: own(needs),
            ..Interest::default()
        };
        let table = [
            (interest(&[], &["*"], &[]), "it has no modes of an interest"),
            (
                interest(&["managed"], &[], &[]),
                "it has no resource types of an interest",
            ),
            (interest(&["ephemeral"], &["*"], &[]), "the mode `ephemeral`"),
            (interest(&["managed"], &["*"], &["after"]), "needs `after`"),
            (
                Interest::resources(&["*"]).only(&["a..b"]),
                "`a..b`, which is not a path",
            ),
            (Interest::resources(&["*"]).only(&[""]), "``, which is not a path"),
            (
                interest(&["managed"], &["aws_?"], &[]),
                "`aws_?`, which is not a resource type",
            ),
            (interest(&["managed"], &[""], &[]), "``, which is not a resource type"),
        ];
        for (interest, wanted) in table {
            refused(
                &Description {
                    interests: vec![interest],
                    ..sound()
                },
                wanted,
            );
        }
        refused(
            &Description {
                interests: vec![],
                ..sound()
            },
            "it has no interests",
        );
    }
}
