//! What keeps strangers out although a policy lets them in: public access blocks, private networks, passwords.

use std::collections::BTreeMap;

use nhi_plan::json::Value;

use super::specs::Kind;
use crate::facts::Block;
use crate::facts::iam::data_document::instance_key;

/// What a public access block closes.
#[derive(Debug, Clone, Copy, Default)]
struct Closed {
    policies: bool,
    acls: bool,
}

/// Buckets behind a public access block.
#[derive(Debug, Default)]
pub(super) struct Shut {
    buckets: BTreeMap<String, Closed>,
    /// What any of them closes, by the block of the bucket.
    blocks: BTreeMap<String, Closed>,
    /// The block of the account.
    account: Closed,
}

/// By which a bucket is found again: its name, and its block with the instance key of whoever names it.
pub(super) fn keys(block: &Block<'_>) -> Vec<String> {
    let resource_type = block.change.resource_type.as_ref();
    if !resource_type.contains("_s3") {
        return Vec::new();
    }
    let key = instance_key(&block.change.address);
    let mut keys: Vec<String> = block
        .string("bucket")
        .map(|name| format!("name {name}"))
        .into_iter()
        .collect();
    let place = |address: &str| format!("{}\n{address}{key}", block.change.module_address);
    if resource_type == "aws_s3_bucket" {
        keys.push(place(&block.change.config_address));
    }
    let bucket = |address: &&String| address.contains("aws_s3_bucket.");
    keys.extend(
        block
            .references("bucket")
            .iter()
            .filter(bucket)
            .map(|address| place(address)),
    );
    keys
}

/// The block in a key, whatever its instance: references come without instance keys.
fn block_in(key: &str) -> Option<&str> {
    let (_, address) = key.split_once('\n')?;
    Some(address.split_once('[').map_or(address, |(plain, _)| plain))
}

/// Whether strangers are kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Out,
    /// An access block names one instance of several, and which cannot be told.
    Maybe,
    In,
}

impl Shut {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        let account = resource_type == "aws_s3_account_public_access_block";
        if !account && resource_type != "aws_s3_bucket_public_access_block" {
            return;
        }
        let is = |name: &str| {
            let value = block.after().and_then(|after| after.get(name)).and_then(Value::as_bool);
            value == Some(true)
        };
        let closed = Closed {
            policies: is("restrict_public_buckets") || is("block_public_policy"),
            acls: is("ignore_public_acls") || is("block_public_acls"),
        };
        if account {
            self.account = closed;
        }
        for key in keys(block) {
            if let Some(address) = block_in(&key) {
                let all = self.blocks.entry(address.to_owned()).or_default();
                all.policies |= closed.policies;
                all.acls |= closed.acls;
            }
            self.buckets.insert(key, closed);
        }
    }

    fn any(&self, keys: &[String], what: impl Fn(&Closed) -> bool) -> Kept {
        let exact = || keys.iter().filter_map(|key| self.buckets.get(key));
        let near = || keys.iter().filter_map(|key| self.blocks.get(block_in(key)?));
        if what(&self.account) || exact().any(&what) {
            Kept::Out
        } else if exact().next().is_none() && near().any(&what) {
            Kept::Maybe
        } else {
            Kept::In
        }
    }

    /// Whether public policies of a bucket count for nothing.
    pub(super) fn policies(&self, keys: &[String]) -> Kept {
        self.any(keys, |closed| closed.policies)
    }

    /// Whether public access lists of a bucket count for nothing.
    pub(super) fn acls(&self, keys: &[String]) -> Kept {
        self.any(keys, |closed| closed.acls)
    }
}

/// What else in the block of the policy keeps strangers out.
pub(super) fn around(block: &Block<'_>, kind: Kind) -> Option<&'static str> {
    if kind != Kind::Search {
        return None;
    }
    let after = block.after()?;
    let first = |name: &str| after.get(name).and_then(|list| list.index(0));
    if first("advanced_security_options").and_then(|options| options.get("enabled")?.as_bool()) == Some(true) {
        return Some("users of the domain must log in by fine-grained access control");
    }
    let network = first("vpc_options").is_some_and(|options| !options.is_null());
    network.then_some("the domain can be reached from its VPC only")
}
