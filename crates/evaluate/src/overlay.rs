//! Puts what was worked out into a change, as if the plan had known it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nhi_plan::json::{self, Kind, Value, quote};
use nhi_plan::path::{self, Segment};
use nhi_plan::{Change, Location};

use crate::fill::Evaluation;
use crate::outcome::Filled;

/// What is done to the text.
#[derive(Debug, Default)]
struct Edits {
    /// Start → end and new text.
    replaced: BTreeMap<usize, (usize, String)>,
    /// Where an object's members begin → new members, and whether others follow.
    added: BTreeMap<usize, (Vec<String>, bool)>,
}

impl Edits {
    /// Notes how a path gets its value; false where it has no place.
    fn add(&mut self, root: Value<'_>, filled: &Filled) -> bool {
        let Some(segments) = path::parse(&filled.path) else {
            return false;
        };
        let Some((last, way)) = segments.split_last() else {
            return false;
        };
        let mut at = root;
        for segment in way {
            let next = match segment {
                Segment::Key(key) => at.get(key),
                Segment::Index(index) => at.index(*index),
            };
            let Some(next) = next else { return false };
            at = next;
        }
        match last {
            Segment::Key(key) if at.kind() == Kind::Object => {
                if let Some(value) = at.get(key) {
                    self.replace(value, &filled.json);
                } else {
                    let follows = !at.is_empty();
                    let (members, _) = self.added.entry(at.offset() + 1).or_insert((Vec::new(), follows));
                    members.push(format!("{}:{}", quote(key), filled.json));
                }
                true
            }
            Segment::Index(index) => match at.index(*index) {
                Some(value) => {
                    self.replace(value, &filled.json);
                    true
                }
                None => false,
            },
            Segment::Key(_) => false,
        }
    }

    fn replace(&mut self, value: Value<'_>, text: &str) {
        let start = value.offset();
        self.replaced
            .insert(start, (start + value.raw().len(), text.to_owned()));
    }

    fn apply(self, text: &str) -> String {
        let mut all: Vec<(usize, usize, String)> = self
            .replaced
            .into_iter()
            .map(|(start, (end, new))| (start, end, new))
            .collect();
        all.extend(self.added.into_iter().map(|(start, (members, follows))| {
            let comma = if follows { "," } else { "" };
            (start, start, members.join(",") + comma)
        }));
        all.sort();
        let mut out = String::with_capacity(text.len() + all.iter().map(|(_, _, new)| new.len()).sum::<usize>());
        let mut copied = 0;
        for (start, end, new) in all {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push_str(&new);
            copied = end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }
}

/// Puts what was worked out into a change: values, what is still unknown, what is sensitive, and where it stands.
///
/// The attribute `resolved` lists the paths that were filled in; each attribute `inside` holds a path and the text that
/// is known to be encoded there. A change that has nothing unknown costs a lookup.
pub fn overlay(change: &mut Change<'_>, evaluation: &Evaluation) {
    if let Some(location) = evaluation.location(&change.config_address) {
        change.location = Some(Location {
            file: Cow::Owned(location.file.clone().into_owned()),
            ..*location
        });
    }
    if change.unknown_paths.is_empty() || change.attributes.iter().any(|(key, _)| key == "deposed") {
        return;
    }
    for (path, text) in evaluation.insides(&change.address) {
        if change.unknown_paths.iter().any(|unknown| unknown == path) {
            let inside = format!("{path}\n{text}");
            change.attributes.push((Cow::Borrowed("inside"), Cow::Owned(inside)));
        }
    }
    let filled = evaluation.filled(&change.address);
    if filled.is_empty() {
        return;
    }
    if let ([one], [unknown]) = (filled, change.unknown_paths.as_slice())
        && one.path.is_empty()
        && unknown.is_empty()
    {
        // An output that is unknown as a whole.
        change.after = Some(Cow::Owned(one.json.clone()));
        change.unknown_paths.clear();
        change
            .sensitive_paths
            .extend(one.sensitive_paths.iter().cloned().map(Cow::Owned));
        change.attributes.push((Cow::Borrowed("resolved"), Cow::Borrowed(".")));
        return;
    }
    let Some(after) = change.after.as_deref() else { return };
    let Ok(document) = json::parse(after) else { return };
    let mut edits = Edits::default();
    let mut resolved: Vec<&str> = Vec::new();
    for one in filled {
        let unknown = change.unknown_paths.iter().any(|path| *path == one.path);
        if unknown && edits.add(document.root(), one) {
            resolved.push(&one.path);
            change
                .sensitive_paths
                .extend(one.sensitive_paths.iter().cloned().map(Cow::Owned));
        }
    }
    if resolved.is_empty() {
        return;
    }
    change.after = Some(Cow::Owned(edits.apply(after)));
    change.unknown_paths.retain(|path| !resolved.contains(&&**path));
    change.sensitive_paths.sort_unstable();
    change.sensitive_paths.dedup();
    change
        .attributes
        .push((Cow::Borrowed("resolved"), Cow::Owned(resolved.join(" "))));
}
