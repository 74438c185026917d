//! Mutants that mean the same: other names, other places, other spellings.

use std::collections::BTreeSet;

use nhi_plan::json::{self, Kind, quote};
use nhi_plan::{Change, Finding, Outcome, Severity};

use super::is_resource;

/// What is said, without where. What asks nobody to do anything is left out.
pub(crate) fn gist(findings: &[Finding]) -> Vec<(&str, Outcome, Option<Severity>)> {
    let said = findings
        .iter()
        .filter(|finding| finding.severity != Some(Severity::Info));
    let mut gist: Vec<_> = said
        .map(|finding| (finding.rule.as_str(), finding.outcome, finding.severity))
        .collect();
    gist.sort_unstable();
    gist
}

/// Every resource under another name, wherever it is spoken of.
pub(crate) fn renamed<'a>(blocks: &[Change<'a>]) -> Vec<Change<'a>> {
    let all = blocks.iter().filter(|block| is_resource(block));
    let names: BTreeSet<&str> = all
        .filter_map(|block| block.config_address.rsplit('.').next())
        .collect();
    let rename = |text: &str| {
        let mut out = String::with_capacity(text.len() + 16);
        let mut word = String::new();
        let mut before = ' ';
        for character in text.chars().chain(['\0']) {
            if character.is_ascii_alphanumeric() || matches!(character, '_' | '-') {
                word.push(character);
                continue;
            }
            out.push_str(&word);
            // A name stands behind a type.
            if before == '.' && names.contains(word.as_str()) {
                out.push_str("_other");
            }
            word.clear();
            if character != '\0' {
                out.push(character);
            }
            before = character;
        }
        out
    };
    each(blocks, &|text| rename(text), &|block| is_resource(block))
}

/// Every resource in a module.
pub(crate) fn wrapped<'a>(blocks: &[Change<'a>]) -> Vec<Change<'a>> {
    let wrap = |text: &str| {
        if text.starts_with("var.") {
            text.to_owned()
        } else {
            format!("module.m.{text}")
        }
    };
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if is_resource(block) {
            block.address = wrap(&block.address).into();
            block.config_address = wrap(&block.config_address).into();
            let inner = block.module_address.as_ref();
            let module = if inner.is_empty() {
                String::from("module.m")
            } else {
                wrap(inner)
            };
            block.module_address = module.into();
        }
        for reference in &mut block.references {
            for address in &mut reference.addresses {
                *address = wrap(address).into();
            }
        }
    }
    blocks
}

/// The blocks with every address and every expression changed.
fn each<'a>(
    blocks: &[Change<'a>],
    change: &dyn Fn(&str) -> String,
    wanted: &dyn Fn(&Change<'_>) -> bool,
) -> Vec<Change<'a>> {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if wanted(block) {
            block.address = change(&block.address).into();
            block.config_address = change(&block.config_address).into();
        }
        block.configuration = block.configuration.as_ref().map(|text| change(text).into());
        for reference in &mut block.references {
            for address in &mut reference.addresses {
                *address = change(address).into();
            }
        }
    }
    blocks
}

/// Every managed resource as the one instance of a block with `count`.
pub(crate) fn counted<'a>(blocks: &[Change<'a>]) -> Vec<Change<'a>> {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if is_resource(block) && block.address == block.config_address {
            block.address = format!("{}[0]", block.address).into();
        }
    }
    blocks
}

/// An object with some of its members changed or, with nothing, left out.
fn members(text: &str, change: &dyn Fn(&str, &str) -> Option<String>) -> String {
    let document = json::parse(text).expect("an object");
    let members: Vec<_> = document
        .root()
        .members()
        .filter_map(|(key, value)| Some(format!("{}:{}", quote(&key), change(&key, value.raw())?)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The first inline policy with several statements, as two policies.
pub(crate) fn split<'a>(blocks: &[Change<'a>]) -> Option<Vec<Change<'a>>> {
    let inline = ["aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"];
    let (index, statements) = blocks.iter().enumerate().find_map(|(index, block)| {
        inline.contains(&block.resource_type.as_ref()).then_some(())?;
        let after = json::parse(block.after.as_deref()?).ok()?;
        let policy = after.root().get("policy")?.as_str()?.into_owned();
        let policy = json::parse(&policy).ok()?;
        let list = policy.root().get("Statement")?;
        let statements: Vec<String> = list.elements().map(|one| one.raw().to_owned()).collect();
        (list.kind() == Kind::Array && statements.len() > 1).then_some((index, statements))
    })?;
    let mut blocks = blocks.to_vec();
    let block = blocks.get(index)?.clone();
    let (first, rest) = statements.split_at(1);
    let of = |list: &[String]| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
        let after = block.after.as_deref().unwrap_or("{}");
        members(after, &|key, raw| {
            Some(if key == "policy" { quote(&text) } else { raw.to_owned() })
        })
    };
    let mut second = block.clone();
    second.address = format!("{}_second", block.address).into();
    second.config_address = format!("{}_second", block.config_address).into();
    second.after = Some(of(rest).into());
    blocks.get_mut(index)?.after = Some(of(first).into());
    blocks.push(second);
    Some(blocks)
}
