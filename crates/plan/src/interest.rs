//! Decides which blocks a module is handed, and what of them, from the interests it declares.
//!
//! Host and test harness share this so that a rule sees in its tests what it will see in a run.

use std::borrow::Cow;

use crate::json;
use crate::path::{self, Segment};
use crate::{Action, Change, Description, Interest, Mode};

/// The interest word for the values before the change.
const BEFORE: &str = "before";
/// The interest word for the block's expressions.
const CONFIGURATION: &str = "configuration";
/// The interest word for the identity graph, which is handed over in the context.
const GRAPH: &str = "graph";

/// What a module wants of the blocks of one mode and type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// What is wanted whatever happens to a block; `None` where every interest names actions.
    always: Option<Need>,
    /// What is wanted of blocks to which certain things happen.
    sometimes: Vec<(Vec<Action>, Need)>,
}

/// What is handed over of a block beside its planned values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Need {
    before: bool,
    configuration: bool,
    /// Top-level attributes; `None`: all of them.
    attributes: Option<Vec<String>>,
}

impl Need {
    fn of(interest: &Interest) -> Self {
        let has = |word: &str| interest.needs.iter().any(|need| need == word);
        // A path that cannot be read asks for everything: the host may deliver more, never less.
        let attributes: Option<Vec<String>> = interest.paths.iter().map(|path| top_level(path)).collect();
        Self {
            before: has(BEFORE),
            configuration: has(CONFIGURATION),
            attributes: attributes.filter(|list| !list.is_empty()),
        }
    }

    fn join(&mut self, other: &Self) {
        self.before |= other.before;
        self.configuration |= other.configuration;
        self.attributes = match (self.attributes.take(), &other.attributes) {
            (Some(mut own), Some(more)) => {
                own.extend(
                    more.iter()
                        .filter(|name| !own.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                Some(own)
            }
            _ => None,
        };
    }

    fn strip(&self, change: &mut Change<'_>) {
        if !self.before {
            change.before = None;
        }
        if !self.configuration {
            change.configuration = None;
        }
        let Some(attributes) = &self.attributes else { return };
        for values in [&mut change.before, &mut change.after] {
            if let Some(cut) = values.as_deref().and_then(|text| project(text, attributes)) {
                *values = Some(Cow::Owned(cut));
            }
        }
        // Sensitive paths stay: redaction must never lose one.
        let wanted = |path: &str| top_level(path).is_none_or(|name| attributes.contains(&name));
        change.unknown_paths.retain(|path| wanted(path));
        change.references.retain(|reference| wanted(&reference.path));
    }
}

/// The attribute of the block that a path begins with; `None` for the whole block or what is no path.
fn top_level(path: &str) -> Option<String> {
    match path::parse(path)?.into_iter().next()? {
        Segment::Key(key) => Some(key.into_owned()),
        Segment::Index(_) => None,
    }
}

/// The object without the members that nobody asked for; `None` where it is no object.
fn project(text: &str, attributes: &[String]) -> Option<String> {
    let document = json::parse(text).ok()?;
    let root = document.root();
    if root.kind() != json::Kind::Object {
        return None;
    }
    let mut out = String::from("{");
    for (key, value) in root.members() {
        if attributes.iter().any(|name| *name == key) {
            if out.len() > 1 {
                out.push(',');
            }
            json::quote_into(&mut out, &key);
            out.push(':');
            out.push_str(value.raw());
        }
    }
    out.push('}');
    Some(out)
}

impl Needs {
    /// The words a module may use for its needs.
    pub const WORDS: [&'static str; 3] = [BEFORE, CONFIGURATION, GRAPH];

    /// Takes out of `change` what was not asked for, and says whether the module wants it at all.
    pub fn deliver(&self, change: &mut Change<'_>) -> bool {
        let happens = |actions: &[Action]| actions.iter().any(|action| change.actions.contains(action));
        if !self.sometimes.iter().any(|(actions, _)| happens(actions)) {
            return self.always.as_ref().map(|need| need.strip(change)).is_some();
        }
        let mut all: Option<Need> = self.always.clone();
        for (_, need) in self.sometimes.iter().filter(|(actions, _)| happens(actions)) {
            match &mut all {
                Some(all) => all.join(need),
                None => all = Some(need.clone()),
            }
        }
        all.map(|need| need.strip(change)).is_some()
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
    /// What is wanted of blocks of this mode and type; `None` where no interest matches.
    pub fn needs(&self, mode: Mode, resource_type: &str) -> Option<Needs> {
        let mut found: Option<Needs> = None;
        for interest in self
            .interests
            .iter()
            .filter(|interest| interest.matches(mode, resource_type))
        {
            let needs = found.get_or_insert_default();
            let need = Need::of(interest);
            if !interest.actions.is_empty() {
                needs.sometimes.push((interest.actions.clone(), need));
            } else if let Some(always) = &mut needs.always {
                always.join(&need);
            } else {
                needs.always = Some(need);
            }
        }
        found
    }

    /// Whether the module wants to know who can become whom.
    pub fn needs_graph(&self) -> bool {
        let mut needs = self.interests.iter().flat_map(|interest| &interest.needs);
        needs.any(|need| need == GRAPH)
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

    fn interest(modes: &[&str], types: &[&str], needs: &[&str]) -> Interest {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Interest {
            modes: own(modes),
            resource_types: own(types),
            needs: own(needs),
            ..Interest::default()
        }
    }

    fn change(mode: Mode, resource_type: &str, actions: &[Action]) -> Change<'static> {
        let after = r#"{"name":"n","tags":{"a":1e400},"other":null}"#;
        Change {
            address: Cow::Borrowed("a.b"),
            config_address: Cow::Borrowed("a.b"),
            previous_address: None,
            resource_type: Cow::Owned(resource_type.to_owned()),
            provider: Cow::Borrowed(""),
            module_address: Cow::Borrowed(""),
            mode,
            actions: actions.to_vec(),
            before: Some(Cow::Borrowed(r#"{"name":"old"}"#)),
            after: Some(Cow::Borrowed(after)),
            configuration: Some(Cow::Borrowed("{}")),
            unknown_paths: vec!["name".into(), r#"tags["x"]"#.into()],
            sensitive_paths: vec!["name".into()],
            references: vec![],
            location: None,
            attributes: vec![],
        }
    }

    /// Whether it is delivered, and if so with `before` and `configuration`.
    fn delivered(interests: &[Interest], mode: Mode, resource_type: &str, actions: &[Action]) -> Option<(bool, bool)> {
        let description = Description {
            interests: interests.to_vec(),
            ..Description::new("n", "1")
        };
        let mut change = change(mode, resource_type, actions);
        let needs = description.needs(mode, resource_type)?;
        needs
            .deliver(&mut change)
            .then(|| (change.before.is_some(), change.configuration.is_some()))
    }

    #[test]
    fn needs_are_the_union_of_the_matching_interests() {
        let interests = [
            interest(&["managed"], &["aws_*"], &["before"]),
            interest(&["managed", "data"], &["aws_iam_*"], &["configuration"]),
            interest(&["output"], &["*"], &["graph"]),
        ];
        let needs = |mode, resource_type| delivered(&interests, mode, resource_type, &[Action::Create]);
        assert_eq!(needs(Mode::Managed, "aws_iam_role"), Some((true, true)));
        assert_eq!(needs(Mode::Managed, "aws_s3_bucket"), Some((true, false)));
        assert_eq!(needs(Mode::Data, "aws_iam_policy_document"), Some((false, true)));
        assert_eq!(needs(Mode::Output, ""), Some((false, false)));
        assert_eq!(needs(Mode::Data, "aws_s3_bucket"), None);
        assert_eq!(needs(Mode::Provider, "aws"), None);
        let description = |interests: &[Interest]| Description {
            interests: interests.to_vec(),
            ..Description::new("n", "1")
        };
        assert!(description(&interests).needs_graph());
        assert!(!description(&interests[..2]).needs_graph());
    }

    #[test]
    fn actions_select_blocks() {
        let when = |actions: &[Action], needs: &[&str]| Interest {
            actions: actions.to_vec(),
            ..interest(&["managed", "provider"], &["*"], needs)
        };
        let deleted = [when(&[Action::Delete, Action::Forget], &["before"])];
        let both = [when(&[Action::Delete], &["before"]), when(&[], &["configuration"])];
        let table = [
            (&deleted[..], Mode::Managed, &[Action::Delete][..], Some((true, false))),
            (
                &deleted[..],
                Mode::Managed,
                &[Action::Delete, Action::Create][..],
                Some((true, false)),
            ),
            (&deleted[..], Mode::Managed, &[Action::Create][..], None),
            (&deleted[..], Mode::Managed, &[Action::NoOp][..], None),
            (&deleted[..], Mode::Provider, &[][..], None),
            (&both[..], Mode::Managed, &[Action::Delete][..], Some((true, true))),
            (&both[..], Mode::Managed, &[Action::Update][..], Some((false, true))),
        ];
        for (interests, mode, actions, wanted) in table {
            assert_eq!(delivered(interests, mode, "x", actions), wanted, "{mode:?} {actions:?}");
        }
    }

    #[test]
    fn paths_select_attributes() {
        let stripped = |lists: &[&[&str]]| {
            let interests = lists
                .iter()
                .map(|paths| Interest::resources(&["*"]).only(paths))
                .collect();
            let description = Description {
                interests,
                ..Description::new("n", "1")
            };
            let mut change = change(Mode::Managed, "x", &[Action::Create]);
            assert!(description.needs(Mode::Managed, "x").unwrap().deliver(&mut change));
            assert_eq!(change.sensitive_paths, ["name"], "a mask is never lost");
            (change.after.unwrap().into_owned(), change.unknown_paths.len())
        };
        let whole = r#"{"name":"n","tags":{"a":1e400},"other":null}"#.to_owned();
        assert_eq!(stripped(&[&[]]), (whole.clone(), 2));
        assert_eq!(stripped(&[&["tags"]]), (r#"{"tags":{"a":1e400}}"#.to_owned(), 1));
        assert_eq!(
            stripped(&[&[r#"tags["a"]"#]]),
            (r#"{"tags":{"a":1e400}}"#.to_owned(), 1)
        );
        assert_eq!(stripped(&[&["missing"]]), ("{}".to_owned(), 0));
        assert_eq!(
            stripped(&[&["tags"], &["other"]]),
            (r#"{"tags":{"a":1e400},"other":null}"#.to_owned(), 1)
        );
        // Whoever asks for everything, or for what cannot be read, gets everything.
        assert_eq!(stripped(&[&["tags"], &[]]), (whole.clone(), 2));
        assert_eq!(stripped(&[&["tags", "tags["]]), (whole, 2));
    }
}
