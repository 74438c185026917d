//! Names that are valid: by form, by the policy's naming rules, and each for one identity of its environment.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use nhi_governance::{Environment, Kind, Name, Policy};

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 63;
/// What the name of an identity begins with whose own begins with no letter.
const HEAD: &str = "id-";

/// Names that are taken, by environment; with each, the number that the next one of that name is tried with.
#[derive(Debug, Clone, Default)]
pub struct Taken(BTreeMap<(String, String), u64>);

impl Taken {
    /// Takes a name; false where it is taken.
    pub fn take(&mut self, environment: &str, name: &str) -> bool {
        match self.0.entry((environment.to_owned(), name.to_owned())) {
            Entry::Vacant(entry) => {
                entry.insert(2);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// The first number that nobody has tried with a name yet, so that many of one name take no longer than others.
    fn number(&mut self, environment: &str, name: &str) -> u64 {
        let next = self.0.entry((environment.to_owned(), name.to_owned())).or_insert(2);
        *next += 1;
        *next - 1
    }
}

/// The name of an identity that others call `title`.
pub(crate) fn choose(
    title: &str,
    type_name: &str,
    kind: Kind,
    environment: Option<&str>,
    policy: &Policy,
    taken: &mut Taken,
) -> String {
    let own = slug(title)
        .or_else(|| slug(type_name))
        .unwrap_or_else(|| "identity".to_owned());
    let kept = keep_rules(own, kind, environment, policy);
    let place = environment.unwrap_or_default();
    if taken.take(place, &kept) {
        return kept;
    }
    let word = type_name.rsplit('_').find(|word| *word != "v1").unwrap_or("other");
    if let Some(other) = slug(word).map(|word| with_tail(&kept, &word))
        && taken.take(place, &other)
    {
        return other;
    }
    // The numbers do not end, so that one of them is free.
    loop {
        let number = taken.number(place, &kept);
        let other = with_tail(&kept, &number.to_string());
        if taken.take(place, &other) {
            return other;
        }
    }
}

fn with_tail(name: &str, tail: &str) -> String {
    let room = NAME_BYTES_MAX.saturating_sub(tail.len() + 1);
    let head: String = name.chars().take(room).collect();
    format!("{}-{tail}", head.trim_end_matches(['-', '_', '.']))
}

/// Lower-case words with one separator between them, a letter first.
pub(crate) fn slug(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut separator = None;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            if let Some(separator) = separator.take().filter(|_| !out.is_empty()) {
                out.push(separator);
            }
            out.push(c.to_ascii_lowercase());
        } else {
            separator = Some(match (separator, c) {
                (None, '_' | '.') => c,
                _ => '-',
            });
        }
        if out.len() >= NAME_BYTES_MAX {
            break;
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, HEAD);
    }
    out.truncate(NAME_BYTES_MAX);
    let out = out.trim_end_matches(['-', '_', '.']);
    Name::parse(out).is_ok().then(|| out.to_owned())
}

/// The name with what the first pattern of a rule has around its `*`, where that makes it keep every rule.
fn keep_rules(name: String, kind: Kind, environment: Option<&str>, policy: &Policy) -> String {
    let environment = environment.and_then(|text| Environment::parse(text).ok());
    let rules: Vec<_> = policy
        .terms()
        .naming
        .iter()
        .filter(|rule| rule.kinds.is_empty() || rule.kinds.contains(&kind))
        .filter(|rule| {
            rule.environments.is_empty()
                || environment
                    .as_ref()
                    .is_some_and(|environment| rule.environments.contains(environment))
        })
        .collect();
    let keeps = |name: &str| {
        rules
            .iter()
            .all(|rule| rule.patterns.iter().any(|pattern| pattern.covers(name)))
    };
    if keeps(&name) {
        return name;
    }
    let patterns = rules.iter().flat_map(|rule| &rule.patterns);
    let filled = patterns.filter_map(|pattern| {
        let (head, tail) = pattern.as_str().split_once('*')?;
        let filled = slug(&format!("{head}{name}{tail}"))?;
        (!tail.contains('*') && keeps(&filled)).then_some(filled)
    });
    filled.into_iter().next().unwrap_or(name)
}

/// The label of a block, unique among the others.
pub(crate) fn label(name: &str, labels: &mut Taken) -> String {
    let plain = name.replace(['-', '.'], "_");
    let mut label = plain.clone();
    while !labels.take("", &label) {
        label = format!("{plain}_{}", labels.number("", &plain));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (title, name) in [
            ("ci-deployer", Some("ci-deployer")),
            ("CI Deployer (prod)", Some("ci-deployer-prod")),
            ("a__b..c", Some("a-b-c")),
            ("a_b.c", Some("a_b.c")),
            ("1password", Some("id-1password")),
            ("--x--", Some("x")),
            ("größe", Some("gr-e")),
            ("${file(\"/etc/passwd\")}", Some("file-etc-passwd")),
            ("", None),
            ("§§", None),
        ] {
            assert_eq!(slug(title).as_deref(), name, "{title}");
        }
        for length in 60..70 {
            let long = slug(&"a-b".repeat(length)).unwrap();
            assert!(Name::parse(&long).is_ok(), "{long}");
            assert!(Name::parse(&with_tail(&long, "role")).is_ok(), "{long}");
        }
    }

    #[test]
    fn one_name_for_one_identity() {
        let mut taken = Taken::default();
        let mut choose = |title: &str, type_name: &str| {
            let policy = Policy::default();
            super::choose(title, type_name, Kind::Workload, Some("staging"), &policy, &mut taken)
        };
        assert_eq!(choose("CI", "aws_iam_role"), "ci");
        assert_eq!(choose("ci", "aws_iam_user"), "ci-user");
        assert_eq!(choose("Ci", "aws_iam_user"), "ci-2");
        assert_eq!(choose("§", "vault_token"), "vault_token");
    }
}
