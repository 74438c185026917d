//! Names of one thing: ARNs, symbols and addresses, and what they have in common.

use nhi_plan::symbol::{self, Part};

use crate::facts::iam::access::fields;

/// What two names of one resource have in common: an ARN without partition, region and account, or a whole symbol;
/// `None` for patterns, and for names that are not known in full.
pub(crate) fn key(name: &str) -> Option<String> {
    if block_of(name).is_some() {
        return Some(name.to_owned());
    }
    let fields = fields(name)?;
    let (service, resource) = (*fields.get(2)?, *fields.get(5)?);
    let is_plain = |text: &str| !text.contains(['*', '?', '$', '&']) && !symbol::has_symbols(text);
    (is_plain(service) && is_plain(resource) && !resource.is_empty()).then(|| format!("{service}:{resource}"))
}

/// The block that a text names, when it is one symbol and nothing else: `aws_iam_role.r` of `aws_iam_role.r.arn`.
pub(crate) fn block_of(text: &str) -> Option<&str> {
    let mut parts = symbol::parts(text);
    let (Some(Part::Symbol(origin)), None) = (parts.next(), parts.next()) else {
        return None;
    };
    let (block, _) = origin.rsplit_once('.')?;
    (block.contains('.') && !block.contains('(')).then_some(block)
}

/// The account that an ARN names.
pub(super) fn account_in(name: &str) -> Option<String> {
    let account = *fields(name)?.get(4)?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| account.to_owned())
}

/// Where something stands that means something else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) address: &'p str,
    pub(super) module: &'p str,
}

/// The module instance that a block stands in; empty for the root.
pub(super) fn module_of(address: &str) -> &str {
    // A key may hold dots: only what stands outside of brackets counts.
    let (mut depth, mut dots) = (0_u32, Vec::new());
    for (at, character) in address.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => dots.push(at),
            _ => {}
        }
    }
    let is_data = |at: usize| {
        address
            .get(..at)
            .is_some_and(|before| before.rsplit('.').next() == Some("data"))
    };
    let last = dots.len().checked_sub(2).and_then(|index| dots.get(index)).copied();
    let end = match last {
        Some(at) if is_data(at) => dots.len().checked_sub(3).and_then(|index| dots.get(index)).copied(),
        other => other,
    };
    end.and_then(|end| address.get(..end)).unwrap_or_default()
}

/// The instance key of a block; empty where it has none.
pub(super) fn instance_key(address: &str) -> &str {
    let Some(inner) = address.strip_suffix(']') else {
        return "";
    };
    inner.rfind('[').and_then(|at| address.get(at..)).unwrap_or_default()
}

pub(super) fn without_keys(address: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            other if depth == 0 => out.push(other),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (address, module) in [
            ("aws_iam_role.r", ""),
            ("module.a[\"x.y\"].aws_iam_role.r[0]", "module.a[\"x.y\"]"),
            ("module.a.module.b.aws_iam_role.r", "module.a.module.b"),
            ("module.a.data.aws_iam_policy_document.d", "module.a"),
            ("data.aws_iam_policy_document.d", ""),
        ] {
            assert_eq!(module_of(address), module, "{address}");
        }
        assert_eq!(instance_key("aws_iam_role.r[\"a\"]"), "[\"a\"]");
        assert_eq!(
            without_keys("module.a[0].aws_iam_role.r[\"a.b\"]"),
            "module.a.aws_iam_role.r"
        );
    }

    #[test]
    fn keys() {
        let symbol = symbol::symbol("aws_iam_role.r.arn");
        assert_eq!(key(&symbol).as_deref(), Some(symbol.as_str()));
        assert_eq!(
            key("arn:aws:iam::111122223333:role/a/r").as_deref(),
            Some("iam:role/a/r")
        );
        assert_eq!(key("arn:aws:iam::*:role/r").as_deref(), Some("iam:role/r"));
        assert_eq!(key("arn:aws:iam::111122223333:role/app-*"), None);
        assert_eq!(key("*"), None);
        assert_eq!(block_of(&symbol), Some("aws_iam_role.r"));
    }
}
