//! Where trust documents stand in the blocks of a plan, and how texts at a path are read.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::document::Document;
use super::powers::{self, Trust};
use crate::facts::Block;
use crate::facts::memo::Memo;

/// The trust document of a role.
pub(crate) fn trust_path(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "aws_iam_role" => Some("assume_role_policy"),
        "awscc_iam_role" => Some("assume_role_policy_document"),
        _ => None,
    }
}

/// Where the judgement of a trust document comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A document that was judged.
    Trust { trust: Trust, sids: Vec<String> },
    /// A document that rests on these configuration addresses and is not known yet.
    Pending { blocks: Vec<String> },
    /// Text that is not a policy document.
    Broken,
}

/// A trust document that somebody has to look at.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) module_address: String,
    pub(crate) path: String,
    pub(crate) source: Source,
}

/// The strings at a path with at most one `[*]`; `None` where an element is null.
pub(crate) fn strings_at(block: &Block<'_>, path: &str) -> Vec<(String, Option<String>)> {
    let text = |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned);
    let Some(after) = block.after() else { return Vec::new() };
    let Some((list, rest)) = path.split_once("[*]") else {
        let found = if path.contains('.') {
            after.at(path)
        } else {
            after.get(path)
        };
        let known = found.filter(|value| !value.is_null());
        return known.map(|value| (path.to_owned(), text(value))).into_iter().collect();
    };
    let elements = after.get(list).into_iter().flat_map(Value::elements).enumerate();
    elements
        .filter_map(|(index, element)| {
            let value = match rest.strip_prefix('.') {
                Some(name) => element.get(name),
                None => Some(element),
            };
            let found = value.and_then(text);
            let path = format!("{list}[{index}]{rest}");
            // A set of nested blocks that were not written holds nothing to read.
            (found.is_some() || rest.is_empty() || block.is_unknown(&path)).then_some((path, found))
        })
        .collect()
}

/// Reads the trust document of a role and keeps it where it has something to say.
pub(crate) fn read_trust(block: &Block<'_>, path: &'static str, known: &mut Memo<Option<Source>>) -> Option<Site> {
    let text = strings_at(block, path).into_iter().find_map(|(_, text)| text);
    let source = match text {
        None if block.is_unknown(path) => Source::Pending {
            blocks: block.references(path),
        },
        None => return None,
        Some(text) if text.trim().is_empty() => return None,
        Some(text) => match better_told(block, path, &text) {
            Some(blocks) => Source::Pending { blocks },
            None => known.of(&text, judged)?,
        },
    };
    Some(Site {
        address: block.change.address.to_string(),
        module_address: block.change.module_address.to_string(),
        path: path.to_owned(),
        source,
    })
}

/// The deferred documents to read instead of a text whose symbols name nothing but arguments of them: what those lead
/// to stands in their own blocks.
pub(crate) fn better_told(block: &Block<'_>, path: &str, text: &str) -> Option<Vec<String>> {
    const ARGUMENTS: &str = "data.aws_iam_policy_document.";
    let is_argument = |part: symbol::Part<'_>| matches!(part, symbol::Part::Symbol(origin) if origin.contains(ARGUMENTS) && origin.contains(".statement["));
    if !text.contains(ARGUMENTS) || !symbol::parts(text).any(is_argument) {
        return None;
    }
    let blocks = block.references(path);
    let told = !blocks.is_empty()
        && blocks
            .iter()
            .all(|block| super::data_document::is_document_block(block));
    told.then_some(blocks)
}

/// A trust document that may be one of several: what all say is certain, what only some say may be.
fn judged_trust(text: &str) -> Option<Source> {
    let alternatives = symbol::alternatives(text);
    let mut found = Trust::default();
    let mut open = 0;
    for alternative in &alternatives {
        let document = match alternatives.len() {
            1 => Document::parse(alternative),
            _ => Document::parse_choice(alternative),
        };
        let trust = match document {
            Some(document) => powers::judge_trust(&document),
            None if symbol::has_symbols(text) => Trust {
                anyone: None,
                unknown: Some(usize::MAX),
            },
            None => return Some(Source::Broken),
        };
        open += usize::from(trust.anyone.is_some());
        found.anyone = found.anyone.or(trust.anyone);
        found.unknown = found.unknown.or(trust.unknown);
    }
    if open < alternatives.len()
        && let Some(claim) = found.anyone.take()
    {
        found.unknown = Some(claim.statement);
    }
    (found != Trust::default()).then(|| Source::Trust {
        trust: found,
        sids: Vec::new(),
    })
}

fn judged(text: &str) -> Option<Source> {
    if symbol::has_symbols(text) {
        return judged_trust(text);
    }
    let Some(document) = Document::parse(text) else {
        return Some(Source::Broken);
    };
    let trust = powers::judge_trust(&document);
    let sids = document.statements.iter().map(|statement| statement.sid.clone());
    (trust != Trust::default()).then(|| Source::Trust {
        trust,
        sids: sids.collect(),
    })
}
