//! Who a resource says that it belongs to: tags, labels and a description, where they say it in so many words.
//!
//! Nothing is guessed: a tag that is no owner is told and not taken for one.

use nhi_governance::{Environment, Owner};
use nhi_identity_types::IdentityType;
use nhi_plan::json::{Kind, Value};

use crate::attributes::{Attributes, text};
use crate::secret::looks_secret;

const TECHNICAL: [&str; 5] = [
    "technicalowner",
    "nhitechnicalowner",
    "owner",
    "owneremail",
    "serviceowner",
];
const TEAM: [&str; 4] = ["team", "ownerteam", "owningteam", "squad"];
const POLICY: [&str; 3] = ["policyowner", "nhipolicyowner", "riskowner"];
const ENVIRONMENT: [&str; 4] = ["environment", "env", "stage", "deploymentenvironment"];
const TASK: [&str; 2] = ["task", "nhitask"];
const SUMMARY: [&str; 3] = ["purpose", "nhipurpose", "description"];

/// The most tags that are looked at.
const TAGS_MAX: usize = 200;

/// What a resource says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Labels {
    pub(crate) technical_owner: Option<String>,
    pub(crate) policy_owner: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) summary: Option<String>,
    /// What was said and cannot be used as it is.
    pub(crate) notes: Vec<String>,
}

impl Labels {
    pub(crate) fn of(attributes: &Attributes<'_>, row: Option<&IdentityType>) -> Self {
        let mut tags = Vec::new();
        let mut prose = None;
        for attribute in row.map(|row| row.labels.as_slice()).unwrap_or_default() {
            let place: Vec<&str> = attribute.split('.').collect();
            match attributes.value(&place) {
                Some(value) if value.kind() == Kind::String => {
                    // The last one is the one for prose, as in `tags,notes,description`.
                    prose = text(value).or(prose);
                }
                Some(value) => collect(value, &mut tags),
                None => {}
            }
        }
        let prose = prose.map(std::borrow::Cow::into_owned);
        let description = attributes.text(&["description"]).map(std::borrow::Cow::into_owned);
        let mut labels = Self::default();
        for (key, value) in &tags {
            labels.take(&plain(key), key, value);
        }
        if labels.summary.is_none() {
            labels.summary = description.or(prose).filter(|text| !looks_secret(text));
        }
        labels
    }

    /// Takes in one tag.
    fn take(&mut self, plain: &str, key: &str, value: &str) {
        let is = |words: &[&str]| words.contains(&plain);
        if looks_secret(value) {
            return;
        }
        let owner = |text: &str| Owner::parse(text).is_ok().then(|| text.to_owned());
        if is(&TECHNICAL) {
            self.owner_or_note(owner(value), key, value);
        } else if is(&TEAM) {
            let named = owner(&format!("team:{value}")).or_else(|| owner(value));
            self.owner_or_note(named, key, value);
        } else if is(&POLICY) {
            self.policy_owner = self.policy_owner.take().or_else(|| owner(value));
        } else if is(&ENVIRONMENT) {
            let word = value.to_ascii_lowercase();
            let environment = Environment::parse(&word).is_ok().then_some(word);
            self.environment = self.environment.take().or(environment);
        } else if is(&TASK) {
            self.task.get_or_insert_with(|| value.to_owned());
        } else if is(&SUMMARY) {
            self.summary.get_or_insert_with(|| value.to_owned());
        }
    }

    fn owner_or_note(&mut self, owner: Option<String>, key: &str, value: &str) {
        match owner {
            Some(owner) => drop(self.technical_owner.get_or_insert(owner)),
            None => self
                .notes
                .push(format!("Tag `{key}` says `{value}`, which is no owner as it stands.")),
        }
    }
}

/// Tags, of a map or a list of pairs, sorted, so that a state in another order says the same.
fn collect(value: Value<'_>, tags: &mut Vec<(String, String)>) {
    match value.kind() {
        Kind::Object => tags.extend(
            value
                .members()
                .take(TAGS_MAX)
                .filter_map(|(key, value)| Some((key.into_owned(), text(value)?.into_owned()))),
        ),
        Kind::Array => tags.extend(value.elements().take(TAGS_MAX).filter_map(|tag| {
            if tag.kind() == Kind::String {
                let tag = text(tag)?;
                let (key, value) = tag.split_once([':', '='])?;
                return Some((key.to_owned(), value.to_owned()));
            }
            let key = tag.get("key").or_else(|| tag.get("Key")).and_then(text)?;
            let value = tag.get("value").or_else(|| tag.get("Value")).and_then(text)?;
            Some((key.into_owned(), value.into_owned()))
        })),
        _ => {}
    }
    tags.sort();
    tags.dedup();
}

/// `Technical-Owner`, `nhi:technical_owner` and `technicalOwner` are one word.
fn plain(key: &str) -> String {
    let key = key.strip_prefix("app.kubernetes.io/").unwrap_or(key);
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}
