//! Guards that the plan takes away or loosens: boundaries, reviews, audit logs, policies of the organisation.
//!
//! A guard that goes together with what it guarded, or that another of its kind takes over from, is no loss.

mod tables;

use std::borrow::Cow;
use std::collections::BTreeSet;

use nhi_plan::json::{self, Kind, Value};
use nhi_plan::{Action, Mode, Severity};

pub(crate) use self::tables::WITH_BEFORE;
use self::tables::{GUARDS, Guard, KNOBS, Looser};
use crate::facts::Block;

/// What guards stand around.
const SUBJECTS: [&str; 6] = [
    "github_repository",
    "gitlab_project",
    "google_project",
    "aws_organizations_account",
    "azurerm_resource_group",
    "aws_organizations_organizational_unit",
];

/// A guard that is gone or looser.
#[derive(Debug)]
pub(crate) struct Loss {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) severity: Severity,
    /// It is known only after apply what becomes of it.
    pub(crate) unverified: bool,
    family: &'static str,
    /// By which its subject is called.
    around: Vec<String>,
}

/// Everything of the plan.
#[derive(Debug, Default)]
pub(crate) struct Weakened {
    losses: Vec<Loss>,
    /// Families of which the plan makes one.
    made: BTreeSet<&'static str>,
    /// Ids and names of subjects that go.
    gone: BTreeSet<String>,
    /// Providers of which a resource remains.
    remain: BTreeSet<String>,
}

impl Weakened {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        let family = provider_of(block);
        if !self.remain.contains(family) {
            self.remain.insert(family.to_owned());
        }
        let actions = &block.change.actions;
        if actions.as_slice() == [Action::Create] {
            self.made.extend(find(block).map(|guard| guard.family));
        } else if actions.as_slice() != [Action::NoOp] {
            self.losses.extend(loosened(block));
        }
    }

    pub(super) fn collect_gone(&mut self, block: &Block<'_>) {
        let change = block.change;
        // What is deposed has a successor already, and what is forgotten stays.
        let is_deposed = change.attributes.iter().any(|(key, _)| key == "deposed");
        if change.mode != Mode::Managed || is_deposed || !change.actions.contains(&Action::Delete) {
            return;
        }
        let before = change.before.as_deref().and_then(|text| json::parse(text).ok());
        let texts = |attributes: &[&str]| -> Vec<String> {
            let values = attributes
                .iter()
                .filter_map(|name| before.as_ref()?.root().get(name)?.as_str());
            values.filter(|text| !text.is_empty()).map(Cow::into_owned).collect()
        };
        if SUBJECTS.contains(&change.resource_type.as_ref()) {
            self.gone.extend(texts(&[
                "id",
                "name",
                "node_id",
                "full_name",
                "path_with_namespace",
                "project_id",
                "arn",
            ]));
        }
        if let Some(guard) = find(block) {
            self.losses.push(Loss {
                address: change.address.to_string(),
                path: String::new(),
                message: format!("{} goes away, and nothing in the plan takes its place", guard.family),
                severity: guard.severity,
                unverified: false,
                family: guard.family,
                around: texts(&[
                    "repository",
                    "repository_id",
                    "project",
                    "target_id",
                    "parent",
                    "resource_group_id",
                ]),
            });
        }
    }

    /// What is lost, in the order of the plan.
    pub(crate) fn losses(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(|loss| {
            let goes_along = loss
                .around
                .iter()
                .any(|name| self.gone.contains(name.trim_start_matches("projects/")));
            let is_followed = !loss.family.is_empty() && self.made.contains(loss.family);
            let provider = loss.family.is_empty() || self.remain.contains(provider_in(&loss.address));
            provider && !goes_along && !is_followed
        })
    }
}

fn find(block: &Block<'_>) -> Option<&'static Guard> {
    let name = block.change.resource_type.as_ref();
    let index = GUARDS.binary_search_by(|guard| guard.resource_type.cmp(name)).ok()?;
    GUARDS.get(index)
}

/// The first word of a type: `aws`.
fn provider_of<'b>(block: &'b Block<'_>) -> &'b str {
    first_word(&block.change.resource_type)
}

fn provider_in(address: &str) -> &str {
    first_word(crate::facts::cloud::type_of(address))
}

fn first_word(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

fn loosened(block: &Block<'_>) -> Vec<Loss> {
    let name = block.change.resource_type.as_ref();
    let mut knobs = KNOBS.iter().filter(|knob| knob.0 == name).peekable();
    if knobs.peek().is_none() {
        return Vec::new();
    }
    let Some(before) = block.change.before.as_deref().and_then(|text| json::parse(text).ok()) else {
        return Vec::new();
    };
    knobs
        .filter_map(|(_, path, looser, words, severity)| {
            let old = before.root().at(path).filter(|value| says(*value))?;
            let new = block
                .after()
                .and_then(|after| after.at(path))
                .filter(|value| says(*value));
            let unverified = *looser != Looser::Gone && new.is_none() && block.is_unknown(path);
            let is_looser = match looser {
                _ if unverified => true,
                Looser::Gone => new.is_none() && !block.is_unknown(path),
                Looser::Off => is_on(old) == Some(true) && is_on(new?) == Some(false),
                Looser::Less => size(new?)? < size(old)?,
                Looser::More => size(new?)? > size(old)?,
            };
            is_looser.then(|| Loss {
                address: block.change.address.to_string(),
                path: (*path).to_owned(),
                message: if unverified {
                    format!("whether {words} is known only after apply")
                } else {
                    (*words).to_owned()
                },
                severity: *severity,
                unverified,
                family: "",
                around: Vec::new(),
            })
        })
        .collect()
}

/// Whether a switch is on, whatever it calls that.
fn is_on(value: Value<'_>) -> Option<bool> {
    if let Some(truth) = value.as_bool() {
        return Some(truth);
    }
    match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" | "enabled" | "active" => Some(true),
        "false" | "disabled" | "evaluate" | "enabledforreportingbutnotenforced" => Some(false),
        _ => None,
    }
}

fn says(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Bool | Kind::Number => true,
        Kind::String => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Array | Kind::Object => !value.is_empty(),
    }
}

/// A number, a duration in seconds, or the rank of a tier.
fn size(value: Value<'_>) -> Option<f64> {
    if let Some(number) = value.number_text() {
        return number.parse().ok();
    }
    let text = value.as_str()?;
    let tiers = ["low", "moderate", "high", "critical"];
    if let Some(rank) = tiers.iter().position(|tier| *tier == text) {
        return u32::try_from(rank).ok().map(f64::from);
    }
    duration(&text)
}

/// Seconds of a duration such as `720h` or `1h30m`.
fn duration(text: &str) -> Option<f64> {
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit_end = after
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, following) = after.split_at_checked(unit_end)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * seconds;
        rest = following;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(5400.0));
        assert_eq!(duration("30d"), duration("720h"));
        assert_eq!(duration("forever"), None);
        assert_eq!(duration(""), None);
    }
}
