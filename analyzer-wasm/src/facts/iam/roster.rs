//! Who is in a plan and which policies are given to whom, block by block; [`join`] puts them together.

mod contents;
mod former;
mod join;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use nhi_plan::symbol;

use self::former::Former;
use self::rows::Row;
use super::access::{PrincipalKind, without_keys};
use super::library::{Library, Text};
use super::managed::{self, Managed};
use super::nearest::Spot;
use super::sites::strings_at;
use crate::facts::Block;

pub(super) use join::join;

/// Where a fact stands.
#[derive(Debug, Clone)]
struct Stand {
    address: Arc<str>,
    config_address: Arc<str>,
    module: Arc<str>,
}

impl Stand {
    fn of(block: &Block<'_>) -> Self {
        Self {
            address: block.change.address.as_ref().into(),
            config_address: block.change.config_address.as_ref().into(),
            module: block.change.module_address.as_ref().into(),
        }
    }

    fn spot(&self) -> Spot<'_> {
        Spot {
            address: &self.address,
            module: &self.module,
        }
    }
}

/// A policy or principal that a block names: by a name or an ARN, or by what an unknown value rests on.
#[derive(Debug, Clone, Default)]
struct Naming {
    text: Option<String>,
    /// The block, with its instance key, where a symbol says it.
    address: Option<String>,
    blocks: Vec<String>,
}

/// A user, role, group or permission set.
#[derive(Debug)]
struct Owner {
    stand: Stand,
    kind: PrincipalKind,
    name: Option<String>,
    arn: Option<String>,
    /// The path of its ARN, with slashes at both ends.
    path: Option<String>,
    /// What a name begins with that AWS or the provider completes.
    name_prefix: Option<String>,
    boundary: Option<Naming>,
}

/// A managed policy of the plan.
#[derive(Debug)]
struct ManagedPolicy {
    stand: Stand,
    name: Option<String>,
    arn: Option<String>,
    path: &'static str,
    content: Content,
    /// It says itself that something holds it.
    is_held: bool,
}

/// What a grant consists of.
#[derive(Debug, Clone)]
enum Content {
    /// A text that is known, or known in part.
    Text(Text),
    /// A text that is not known yet and rests on these blocks.
    Pending(Vec<String>),
    /// A managed policy.
    Policy(Naming),
}

impl Naming {
    /// A text that is known, or a symbol that names the block it comes from.
    fn of(text: String, blocks: Vec<String>) -> Self {
        let Some(origin) = whole_symbol(&text) else {
            return Self {
                text: Some(text),
                address: None,
                blocks,
            };
        };
        let origin = origin.rsplit_once('.').map(|(block, _)| block.to_owned());
        let mut blocks = blocks;
        if let Some(origin) = origin.as_deref().filter(|_| blocks.is_empty()) {
            blocks.push(without_keys(origin));
        }
        Self {
            text: None,
            address: origin,
            blocks,
        }
    }
}

/// The origin of a text that is one symbol.
fn whole_symbol(text: &str) -> Option<&str> {
    let mut parts = symbol::parts(text);
    match (parts.next(), parts.next()) {
        (Some(symbol::Part::Symbol(origin)), None) => Some(origin),
        _ => None,
    }
}

/// Content that is given to a principal.
#[derive(Debug)]
struct Given {
    stand: Stand,
    path: String,
    content: Content,
    /// Name of an inline policy.
    name: Option<String>,
    kind: PrincipalKind,
    /// `None`: the block itself is the principal.
    to: Option<Naming>,
}

/// A user in a group.
#[derive(Debug)]
struct Membership {
    stand: Stand,
    user: Option<Naming>,
    group: Naming,
}

/// Everything read so far.
#[derive(Debug, Default)]
pub(super) struct Roster {
    library: Library,
    managed: Managed,
    owners: Vec<Owner>,
    policies: Vec<ManagedPolicy>,
    given: Vec<Given>,
    memberships: Vec<Membership>,
    /// Boundaries that a block of its own puts on a permission set.
    boundaries: Vec<(Stand, Naming, Naming)>,
    former: Former,
}

impl Roster {
    /// Takes in a managed resource that is no more.
    pub(super) fn collect_gone(&mut self, block: &Block<'_>) {
        self.former.collect(block);
    }

    /// Takes in a managed resource.
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        let Some(row) = rows::row(block.change.resource_type.as_ref()) else {
            return;
        };
        self.former.collect(block);
        let stand = &Stand::of(block);
        if let Some(kind) = row.owner {
            self.owner(block, stand, row, kind);
        }
        if let Some(attribute) = row.managed {
            self.managed_policy(block, stand, row, attribute);
        }
        for path in row.documents {
            self.documents(block, stand, row, path);
        }
        for path in row.policies {
            for (path, naming) in namings(block, path) {
                self.give(block, stand, row, &path, &Content::Policy(naming), None);
            }
        }
        if let Some((users, groups)) = row.members {
            self.members(block, stand, users, groups);
        }
        if let (Some(path), None) = (row.boundary, row.owner)
            && let Some((_, target)) = row.targets.first()
        {
            for (_, boundary) in namings(block, path) {
                for (_, holder) in namings(block, target) {
                    self.boundaries.push((stand.clone(), holder, boundary.clone()));
                }
            }
        }
    }

    fn owner(&mut self, block: &Block<'_>, stand: &Stand, row: &Row, kind: PrincipalKind) {
        let name = block.string("name").or_else(|| block.string(row.name));
        let boundary = row.boundary.and_then(|path| namings(block, path).into_iter().next());
        self.owners.push(Owner {
            stand: stand.clone(),
            kind,
            name: name.filter(|name| !name.is_empty()),
            arn: block.string("arn").filter(|arn| !arn.is_empty()),
            path: match block.string("path") {
                None if block.is_unknown("path") => None,
                path => Some(path.unwrap_or_else(|| String::from("/"))),
            },
            name_prefix: name_prefix(block, row.name),
            boundary: boundary.map(|(_, naming)| naming),
        });
    }

    fn managed_policy(&mut self, block: &Block<'_>, stand: &Stand, row: &Row, attribute: &'static str) {
        let content = match block.string(attribute) {
            Some(text) => match self.library.read(&text) {
                Text::Broken if symbol::has_symbols(&text) => Content::Pending(block.references(attribute)),
                text => Content::Text(text),
            },
            None if block.is_unknown(attribute) => Content::Pending(block.references(attribute)),
            None => return,
        };
        let count = block.after().and_then(|after| after.get("attachment_count"));
        let is_held = count
            .and_then(nhi_plan::json::Value::number_text)
            .is_some_and(|count| count != "0");
        let name = block.string("name").or_else(|| block.string("managed_policy_name"));
        self.policies.push(ManagedPolicy {
            stand: stand.clone(),
            name,
            arn: block.string("arn").or_else(|| block.string("policy_arn")),
            path: attribute,
            content,
            is_held,
        });
        // Some policies name those who hold them.
        let own = Naming {
            address: Some(block.change.address.to_string()),
            ..Naming::default()
        };
        self.give(block, stand, row, attribute, &Content::Policy(own), None);
    }

    fn documents(&mut self, block: &Block<'_>, stand: &Stand, row: &Row, path: &'static str) {
        let found = strings_at(block, path);
        let base = path.split_once("[*]").map_or(path, |(list, _)| list);
        // A wholly unknown block that nobody wrote is one that the provider computes.
        if found.is_empty() && block.is_unknown(base) && (base == path || !block.references(base).is_empty()) {
            let content = Content::Pending(block.references(base));
            self.give(block, stand, row, base, &content, None);
        }
        for (at, text) in found {
            let owner = at.rsplit_once('.').and_then(|(owner, _)| block.after()?.at(owner));
            let inner = owner.and_then(|owner| {
                ["name", "policy_name"]
                    .iter()
                    .find_map(|name| owner.get(name)?.as_str())
            });
            let name = inner
                .map(std::borrow::Cow::into_owned)
                .or_else(|| block.string("name"))
                .or_else(|| block.string("policy_name"));
            let content = match text {
                None => Content::Pending(block.references(&at)),
                Some(text) => match self.library.read(&text) {
                    Text::Empty => continue,
                    // A text that is known in no part that could be read.
                    Text::Broken if symbol::has_symbols(&text) => Content::Pending(block.references(&at)),
                    text => Content::Text(text),
                },
            };
            self.give(block, stand, row, &at, &content, name.as_deref());
        }
    }

    fn give(&mut self, block: &Block<'_>, stand: &Stand, row: &Row, path: &str, content: &Content, name: Option<&str>) {
        let mut give = |kind: PrincipalKind, to: Option<Naming>| {
            self.given.push(Given {
                stand: stand.clone(),
                path: path.to_owned(),
                content: content.clone(),
                name: name.map(str::to_owned),
                kind,
                to,
            });
        };
        if let Some(kind) = row.owner {
            give(kind, None);
            return;
        }
        let mut found = false;
        for (kind, target) in row.targets {
            for (_, naming) in namings(block, target) {
                found = true;
                give(*kind, Some(naming));
            }
        }
        if !found && row.managed.is_none() {
            let kind = match row.targets {
                [(kind, _)] => *kind,
                _ => PrincipalKind::Somebody,
            };
            give(kind, Some(Naming::default()));
        }
    }

    fn members(&mut self, block: &Block<'_>, stand: &Stand, users: &'static str, groups: &'static str) {
        let groups = namings(block, groups);
        let users: Vec<Option<Naming>> = match users {
            "" => vec![None],
            path => namings(block, path)
                .into_iter()
                .map(|(_, naming)| Some(naming))
                .collect(),
        };
        for (_, group) in groups {
            for user in &users {
                self.memberships.push(Membership {
                    stand: stand.clone(),
                    user: user.clone(),
                    group: group.clone(),
                });
            }
        }
    }
}

/// The start of a name that is completed during apply: the prefix that is written, or the provider's own.
fn name_prefix(block: &Block<'_>, attribute: &str) -> Option<String> {
    let written = block.string("name_prefix").filter(|prefix| !prefix.is_empty());
    let nothing_written = || block.is_unknown(attribute) && block.references(attribute).is_empty();
    let is_generated = block.change.resource_type.starts_with("aws_iam_") && !block.is_unknown("name_prefix");
    written.or_else(|| (is_generated && nothing_written()).then(|| String::from("terraform-")))
}

/// What stands at a path with at most one `[*]`: known texts, and for what is not known each block that it rests on.
fn namings(block: &Block<'_>, path: &str) -> Vec<(String, Naming)> {
    let base = path.split_once("[*]").map_or(path, |(list, _)| list);
    let is_list = base != path;
    let mut found = Vec::new();
    let mut missing = block.is_unknown(base);
    for (at, text) in strings_at(block, path) {
        match text.filter(|text| !text.is_empty()) {
            Some(text) => {
                let blocks = if is_list { Vec::new() } else { block.references(path) };
                found.push((at, Naming::of(text, blocks)));
            }
            None => missing |= block.is_unknown(&at),
        }
    }
    let blocks = if missing { block.references(base) } else { Vec::new() };
    let leads = |address: &String| is_owner_block(address) || managed::is_policy_block(address);
    if !missing || blocks.is_empty() {
        return found;
    }
    let (direct, other): (Vec<_>, Vec<_>) = blocks.into_iter().partition(leads);
    if is_list && !direct.is_empty() {
        // Elements of a list: each block is one of them.
        found.extend(direct.into_iter().map(|address| {
            let naming = Naming {
                blocks: vec![address],
                ..Naming::default()
            };
            (base.to_owned(), naming)
        }));
    } else {
        let blocks = if direct.is_empty() { other } else { direct };
        found.push((
            base.to_owned(),
            Naming {
                blocks,
                ..Naming::default()
            },
        ));
    }
    found
}

/// Whether a configuration address is a principal of this plan.
fn is_owner_block(address: &str) -> bool {
    let mut parts = address.rsplit('.').skip(1);
    let is_owner = parts.next().and_then(rows::row).is_some_and(|row| row.owner.is_some());
    is_owner && parts.next() != Some("data")
}
