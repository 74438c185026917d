//! Which AWS accounts are the plan's own.
//!
//! A principal is foreign only against something: the caller's identity, the accounts that a provider may work in,
//! the ARNs of what already exists, the accounts of the organisation.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use crate::facts::Block;
use crate::facts::iam::document::Document;
use crate::facts::iam::who::Sort;

/// Accounts that are remembered; a plan that works in more is an organisation's, and the first suffice to say so.
const ACCOUNTS_MAX: usize = 4_096;

/// What the values of a block hold that may say whose it is; made once, because it is looked for in every block.
static ARN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("arn:aws"));

/// Accounts seen so far.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    own: BTreeSet<String>,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Own,
    /// Nothing in the plan tells.
    Unknown,
    Foreign,
}

/// Whether text is the number of an account.
pub(crate) fn is_number(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    let field = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    is_number(field).then_some(field)
}

/// The address of the block that an origin such as `module.m.aws_iam_role.r[0].arn` starts with, without keys.
pub(crate) fn block_of(origin: &str) -> String {
    let mut plain = String::with_capacity(origin.len());
    let mut depth = 0_u32;
    for c in origin.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let mut parts = plain.split('.').peekable();
    let mut address: Vec<&str> = Vec::new();
    while parts.peek() == Some(&"module") {
        address.extend(parts.by_ref().take(2));
    }
    let data = parts.peek() == Some(&"data");
    address.extend(parts.take(if data { 3 } else { 2 }));
    address.join(".")
}

/// Whether an origin leads to something that the plan manages, or to the caller itself.
pub(crate) fn is_own_origin(origin: &str) -> bool {
    let mut origins = origin.split_whitespace().peekable();
    origins.peek().is_some()
        && origins.all(|origin| {
            let block = block_of(origin);
            let name = block.rsplit("module.").next().unwrap_or_default();
            let own_data = [
                "aws_caller_identity",
                "aws_organizations_organization",
                "aws_partition",
                "aws_iam_session_context",
                "aws_iam_role",
                "aws_iam_user",
            ];
            let is_data = block.starts_with("data.") || block.contains(".data.");
            let is_plain = |word: &str| name.starts_with(word) || name.contains(&format!(".{word}"));
            if is_data {
                own_data.iter().any(|data| block.contains(&format!("data.{data}.")))
            } else {
                !["var.", "local.", "each.", "path."].iter().any(|word| is_plain(word))
                    && block.contains('.')
                    && !is_module_output(&block)
            }
        })
}

/// `module.m.output`: a value of a module, whose origin was not followed.
fn is_module_output(block: &str) -> bool {
    let parts: Vec<&str> = block.split('.').collect();
    parts.first() == Some(&"module") && parts.len() < 4
}

impl Accounts {
    fn add(&mut self, account: &str) {
        if is_number(account) && self.own.len() < ACCOUNTS_MAX && !self.own.contains(account) {
            self.own.insert(account.to_owned());
        }
    }

    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        match block.change.mode {
            Mode::Provider if resource_type.starts_with("aws") => self.provider(block),
            Mode::Data if resource_type == "aws_caller_identity" => {
                block
                    .string("account_id")
                    .into_iter()
                    .for_each(|account| self.add(&account));
            }
            Mode::Data if resource_type == "aws_organizations_organization" => {
                let accounts = block.after().and_then(|after| after.get("accounts"));
                let ids = accounts.into_iter().flat_map(Value::elements);
                ids.filter_map(|account| account.get("id")?.as_str())
                    .for_each(|account| self.add(&account));
            }
            Mode::Managed if resource_type == "aws_organizations_account" => {
                block.string("id").into_iter().for_each(|account| self.add(&account));
            }
            Mode::Managed if resource_type.starts_with("aws_") => {
                let text = block.change.after.as_deref().unwrap_or_default();
                if ARN.find(text.as_bytes()).is_some() {
                    self.resource(block);
                }
            }
            _ => {}
        }
    }

    fn resource(&mut self, block: &Block<'_>) {
        // What exists says whose it is; a boundary and a managed policy are of the role's own account.
        for attribute in ["arn", "permissions_boundary", "execution_arn"] {
            if let Some(account) = block.string(attribute).as_deref().and_then(account_of) {
                self.add(account);
            }
        }
        if block.change.resource_type.ends_with("_policy_attachment")
            && let Some(account) = block.string("policy_arn").as_deref().and_then(account_of)
        {
            self.add(account);
        }
    }

    fn provider(&mut self, block: &Block<'_>) {
        let Some(after) = block.after() else { return };
        let allowed = after.get("allowed_account_ids").into_iter().flat_map(Value::elements);
        for account in allowed.filter_map(Value::as_str) {
            self.add(&account);
        }
        let roles = after.get("assume_role").into_iter();
        for role in roles.flat_map(|value| value.elements().chain(value.get("role_arn").map(|_| value))) {
            if let Some(arn) = role.get("role_arn").and_then(Value::as_str)
                && let Some(account) = account_of(&arn)
            {
                self.add(account);
            }
        }
    }

    /// An identity provider is of the role's own account.
    pub(crate) fn read(&mut self, document: &Document) {
        for statement in &document.statements {
            for named in statement.named.iter().filter(|named| named.sort == Sort::Federated) {
                if let Some(account) = named.name.as_deref().and_then(account_of) {
                    self.add(account);
                }
            }
        }
    }

    /// Whose an account is; it may be a symbol.
    pub(crate) fn owner(&self, account: &str) -> Owner {
        if symbol::has_symbols(account) {
            let own = symbol::parts(account).all(|part| match part {
                symbol::Part::Symbol(origin) => is_own_origin(origin),
                symbol::Part::Text(_) => true,
            });
            return if own { Owner::Own } else { Owner::Unknown };
        }
        if self.own.contains(account) {
            Owner::Own
        } else if self.own.is_empty() {
            Owner::Unknown
        } else {
            Owner::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        assert_eq!(block_of("aws_iam_role.r[0].arn"), "aws_iam_role.r");
        assert_eq!(
            block_of(r#"module.m["a.b"].aws_iam_role.r.arn"#),
            "module.m.aws_iam_role.r"
        );
        assert_eq!(
            block_of("data.aws_caller_identity.current.account_id"),
            "data.aws_caller_identity.current"
        );
        for own in [
            "aws_iam_role.r.arn",
            "module.m.aws_iam_role.r",
            "data.aws_caller_identity.current.account_id",
            "module.m.data.aws_caller_identity.c.account_id",
            "aws_organizations_account.a.id",
        ] {
            assert!(is_own_origin(own), "{own}");
        }
        for other in [
            "var.account",
            "data.http.x.body",
            "module.m.role_arn",
            "local.accounts",
            "",
        ] {
            assert!(!is_own_origin(other), "{other}");
        }
    }
}
