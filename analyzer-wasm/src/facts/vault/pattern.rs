//! Paths of policies: a `*` at the end, `+` for a segment, and which of several counts.
//!
//! Facts: the documentation of Vault policies, "priority matching".

/// A path of a stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Without the `*` at the end.
    text: String,
    prefix: bool,
}

/// A segment that a wildcard stands for, in a path that is made up in order to ask about it.
const ANY: &str = "\u{1}any";

impl Pattern {
    pub(crate) fn new(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        match path.strip_suffix('*') {
            Some(text) => Self {
                text: text.to_owned(),
                prefix: true,
            },
            None => Self {
                text: path.to_owned(),
                prefix: false,
            },
        }
    }

    /// Whether a request for `path` falls under it.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut own = self.text.split('/');
        let mut asked = path.split('/');
        let mut next = own.next();
        while let Some(segment) = next {
            next = own.next();
            let Some(other) = asked.next() else { return false };
            let last = next.is_none();
            let fits = match (segment, last && self.prefix) {
                ("+", false) => true,
                ("+", true) => return true,
                (_, true) => return other.starts_with(segment),
                (_, false) => segment == other,
            };
            if !fits {
                return false;
            }
        }
        asked.next().is_none()
    }

    /// Whether this one counts where both match.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(&self) -> (usize, bool, std::cmp::Reverse<usize>, usize, &str) {
        let plus = self.text.split('/').filter(|segment| *segment == "+").count();
        let mut at = 0;
        let mut first = self.text.len();
        for segment in self.text.split('/') {
            if segment == "+" {
                first = at;
                break;
            }
            at += segment.len() + 1;
        }
        let first = if plus == 0 && !self.prefix { usize::MAX } else { first };
        (
            first,
            !self.prefix,
            std::cmp::Reverse(plus),
            self.text.len(),
            &self.text,
        )
    }

    /// A path that fits both this and a template of segments: `@` is a mount, `?` a name that must be free to choose.
    pub(crate) fn meets(&self, template: &str) -> Option<String> {
        let mut path: Vec<&str> = Vec::new();
        let mut own = self.text.split('/');
        let mut wanted = template.split('/');
        let mut next = own.next();
        while let Some(segment) = next {
            next = own.next();
            let piece = wanted.next()?;
            if next.is_none() && self.prefix && segment != "+" {
                // From here on everything is free, but for what stands before the star.
                path.push(match piece {
                    "@" | "?" if segment.is_empty() => ANY,
                    "@" => segment,
                    "?" => return None,
                    literal if literal.starts_with(segment) => literal,
                    _ => return None,
                });
                path.extend(wanted.map(free));
                return Some(path.join("/"));
            }
            path.push(match (segment, piece) {
                ("+", piece) => free(piece),
                (segment, "@") if !segment.is_empty() => segment,
                (segment, piece) if segment == piece && piece != "?" => piece,
                _ => return None,
            });
        }
        if self.prefix {
            path.extend(wanted.map(free));
        } else if wanted.next().is_some() {
            return None;
        }
        Some(path.join("/"))
    }

    /// Whether it leaves open which mount is meant.
    pub(crate) fn is_rootless(&self) -> bool {
        let first = self.text.split('/').next().unwrap_or_default();
        first == "+" || self.prefix && self.text.is_empty()
    }

    /// The mount of which it gives everything, and the kind of thing in it if it says one: `kv/*`, `kv/data/*`.
    pub(crate) fn whole_mount(&self) -> Option<(&str, &str)> {
        if !self.prefix {
            return None;
        }
        let mut segments = self.text.strip_suffix('/')?.split('/');
        let mount = segments.next().filter(|mount| !mount.is_empty() && *mount != "+")?;
        let kind = segments.next().unwrap_or_default();
        (segments.next().is_none() && kind != "+").then_some((mount, kind))
    }
}

fn free(piece: &str) -> &str {
    match piece {
        "@" | "?" => ANY,
        literal => literal,
    }
}

#[cfg(test)]
mod tests {
    use super::{ANY, Pattern};

    #[test]
    fn matching() {
        for (pattern, path, fits) in [
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/*", "a/b/c", true),
            ("a/*", "a", false),
            ("a/b*", "a/bc/d", true),
            ("*", "a/b", true),
            ("a/+/c", "a/b/c", true),
            ("a/+/c", "a/b/d", false),
            ("a/+/c*", "a/b/cd", true),
            ("+/*", "a/b", true),
            ("+", "a/b", false),
            ("/a/b", "a/b", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn priority() {
        // Each one counts less than the one after it.
        let ranked = [
            "+/+/+/*",
            "+/+/*",
            "*",
            "secret/+/+/foo/*",
            "secret/+/team/+/*",
            "secret/*",
            "secret/+/team/x",
            "secret/team/*",
            "secret/team/a",
        ];
        for pair in ranked.windows(2) {
            let (low, high) = (Pattern::new(pair[0]), Pattern::new(pair[1]));
            assert!(high.beats(&low) && !low.beats(&high), "{pair:?}");
        }
    }

    #[test]
    fn templates() {
        let any = |text: &str| text.replace('?', ANY);
        for (pattern, template, path) in [
            ("sys/policies/acl/*", "sys/policies/acl/?", Some("sys/policies/acl/?")),
            ("sys/*", "sys/policies/acl/?", Some("sys/policies/acl/?")),
            ("*", "sys/policies/acl/?", Some("sys/policies/acl/?")),
            ("sys/policies/acl/+", "sys/policies/acl/?", Some("sys/policies/acl/?")),
            ("sys/policies/acl/app-*", "sys/policies/acl/?", None),
            ("sys/policies/acl/app", "sys/policies/acl/?", None),
            ("sys/pol*", "sys/policies/acl/?", Some("sys/policies/acl/?")),
            ("auth/k8s/role/*", "auth/@/role/?", Some("auth/k8s/role/?")),
            ("auth/+/role/*", "auth/@/role/?", Some("auth/?/role/?")),
            ("auth/*", "auth/@/role/?", Some("auth/?/role/?")),
            ("auth/k8s/role/app", "auth/@/role/?", None),
            ("auth/k8s/login", "auth/@/role/?", None),
            ("auth/token/create", "auth/token/create", Some("auth/token/create")),
            ("auth/token/create*", "auth/token/create", Some("auth/token/create")),
            ("auth/token/create/*", "auth/token/create", None),
        ] {
            assert_eq!(
                Pattern::new(pattern).meets(template),
                path.map(any),
                "{pattern} {template}"
            );
        }
    }
}
