//! Bindings: a role, its members and its condition, in every place where a plan writes them.

use nhi_plan::json::{self, Value};
use nhi_plan::{path, symbol};

use super::condition::{self, Condition};
use crate::facts::Block;
use crate::facts::cloud::Text;

/// Members of one binding that are read; the interface of the service takes 1,500.
const MEMBERS_MAX: usize = 5_000;

/// What a block hands out.
#[derive(Debug)]
pub(crate) enum Document {
    Binding(Binding),
    /// A whole policy as JSON text, or the data source that makes one.
    Policy(Text),
}

/// A role with its members.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) role: Text,
    /// Each with the attribute that names it.
    pub(crate) members: Vec<(String, Text)>,
    pub(crate) condition: Condition,
    /// Whether it is limited, and how, is known only after apply.
    pub(crate) is_riddle: bool,
}

impl Binding {
    /// The binding in the block `prefix` of a block; `None` where no role is written.
    pub(crate) fn read(block: &Block<'_>, prefix: &str, attributes: &[&str]) -> Option<Self> {
        let at = |name: &str| {
            if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}.{name}")
            }
        };
        let role = Text::read(block, &at("role"))?;
        let members = attributes.iter().flat_map(|name| members(block, &at(name))).collect();
        let expression = format!("{}[0].expression", at("condition"));
        let limit = Text::read(block, &expression);
        let is_riddle = limit.as_ref().is_some_and(|text| text.options.is_empty());
        let condition = match limit {
            Some(text) => text
                .options
                .iter()
                .map(|option| condition::judge(option))
                .min()
                .unwrap_or(Condition::Other),
            None => Condition::None,
        };
        Some(Self {
            role,
            members,
            condition,
            is_riddle,
        })
    }

    /// A binding of which nothing is known but what it rests on.
    pub(crate) fn unknown(blocks: Vec<String>) -> Self {
        let text = Text {
            options: Vec::new(),
            blocks,
        };
        Self {
            role: text.clone(),
            members: vec![(String::from("policy_data"), text)],
            condition: Condition::None,
            is_riddle: false,
        }
    }
}

/// The members at an attribute: one text, or a set of them of which some may be unknown.
fn members(block: &Block<'_>, attribute: &str) -> Vec<(String, Text)> {
    let list = block.after().and_then(|after| after.at(attribute));
    let Some(list) = list.filter(|list| list.kind() == json::Kind::Array) else {
        let text = Text::read(block, attribute);
        return text.map(|text| (attribute.to_owned(), text)).into_iter().collect();
    };
    let blocks = block.references(attribute);
    let unknown = || Text {
        options: Vec::new(),
        blocks: blocks.clone(),
    };
    let mut found = Vec::new();
    let mut open = false;
    for (index, member) in list.elements().take(MEMBERS_MAX).enumerate() {
        let mut at = attribute.to_owned();
        path::push_index(&mut at, index);
        match member.as_str() {
            Some(text) if symbol::has_symbols(&text) => found.push((at, Text::of(&text, Vec::new()))),
            Some(text) => found.push((at, Text::of(&text, Vec::new()))),
            None => open = true,
        }
    }
    let inside = format!("{attribute}[");
    open |= block.is_unknown(attribute)
        || block
            .change
            .unknown_paths
            .iter()
            .any(|unknown| unknown.starts_with(&inside));
    if open {
        found.push((attribute.to_owned(), unknown()));
    }
    found
}

/// The bindings of a `google_iam_policy` that is read during apply.
pub(crate) fn data_policy(block: &Block<'_>) -> Vec<Binding> {
    let bindings = block.after().and_then(|after| after.get("binding"));
    let count = bindings.map_or(0, Value::len);
    let read = (0..count).filter_map(|index| Binding::read(block, &format!("binding[{index}]"), &["members"]));
    let mut found: Vec<_> = read.collect();
    if block.is_unknown("binding") {
        found.push(Binding::unknown(block.references("binding")));
    }
    found
}

/// The bindings of a policy as JSON text; `None` where it is none.
pub(crate) fn parse_policy(text: &str, blocks: &[String]) -> Option<Vec<Binding>> {
    let document = json::parse(text).ok()?;
    let bindings = document.root().get("bindings")?;
    let read = |text: Value<'_>| {
        let text = text.as_str()?;
        let known = if symbol::has_symbols(&text) {
            blocks.to_vec()
        } else {
            Vec::new()
        };
        Some(Text::of(
            &text,
            if Text::of(&text, Vec::new()).blocks.is_empty() {
                known
            } else {
                Vec::new()
            },
        ))
    };
    let found = bindings.elements().filter_map(|binding| {
        let members = binding.get("members").into_iter().flat_map(Value::elements);
        let expression = binding
            .get("condition")
            .and_then(|condition| condition.get("expression")?.as_str());
        Some(Binding {
            role: read(binding.get("role")?)?,
            members: members
                .take(MEMBERS_MAX)
                .filter_map(|member| Some((String::from("policy_data"), read(member)?)))
                .collect(),
            condition: expression.map_or(Condition::None, |text| condition::judge(&text)),
            is_riddle: false,
        })
    });
    Some(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_as_text() {
        let text = r#"{"bindings":[{"role":"roles/owner","members":["user:a@example.com","allUsers"]},{"members":["allUsers"]},{"role":"roles/viewer","members":[],"condition":{"expression":"request.time < timestamp(\"2027-01-01T00:00:00Z\")"}}]}"#;
        let found = parse_policy(text, &[]).expect("a policy");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].role.known(), Some("roles/owner"));
        assert_eq!(found[0].members.len(), 2);
        assert_eq!(found[1].condition, Condition::Time);
        assert!(parse_policy("{}", &[]).is_none());
        assert!(parse_policy("roles/owner", &[]).is_none());
    }
}
