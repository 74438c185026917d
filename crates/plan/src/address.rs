//! Addresses: instance keys off, modules apart, and what a reference in an expression points at.

use std::borrow::Cow;

/// The address without instance keys: `module.a["x"].aws_s3_bucket.b[0]` is `module.a.aws_s3_bucket.b`.
pub(crate) fn without_keys(address: &str) -> Cow<'_, str> {
    if !address.contains('[') {
        return Cow::Borrowed(address);
    }
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some((before, key)) = rest.split_once('[') {
        out.push_str(before);
        rest = after_key(key);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What follows the bracket that closes an instance key; a bracket inside quotes closes nothing.
fn after_key(key: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (position, byte) in key.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return key.get(position + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

/// What a name in an expression points at, seen from the module that holds the expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target<'a> {
    /// Address of a resource or data source in the module.
    Resource(Cow<'a, str>),
    Variable(Cow<'a, str>),
    Local(Cow<'a, str>),
    /// An output of a module call, or all of them.
    Output(Cow<'a, str>, Option<Cow<'a, str>>),
    /// `each.key` and `each.value`.
    Each,
}

/// Reads an entry of a `references` list; `None` for names that lead nowhere (`count`, `path`, `terraform`, `self`).
pub(crate) fn target(reference: &str) -> Option<Target<'_>> {
    let plain = without_keys(reference);
    let name = |index: usize| segment(&plain, index);
    let owned = |text: &str| Cow::Owned(text.to_owned());
    match name(0)? {
        "var" => Some(Target::Variable(owned(name(1)?))),
        "local" => Some(Target::Local(owned(name(1)?))),
        "module" => Some(Target::Output(owned(name(1)?), name(2).map(owned))),
        "each" => Some(Target::Each),
        "data" | "ephemeral" => Some(Target::Resource(first_segments(reference, plain, 0, 3)?)),
        "resource" => Some(Target::Resource(first_segments(reference, plain, 1, 3)?)),
        "count" | "path" | "terraform" | "tofu" | "self" => None,
        _ => Some(Target::Resource(first_segments(reference, plain, 0, 2)?)),
    }
}

fn segment(text: &str, index: usize) -> Option<&str> {
    text.split('.').nth(index).filter(|segment| !segment.is_empty())
}

/// Segments `from..to` of `plain`, borrowed from `reference` when they stand in it like that.
fn first_segments<'a>(reference: &'a str, plain: Cow<'a, str>, from: usize, to: usize) -> Option<Cow<'a, str>> {
    let bounds = |text: &str| {
        let start = if from == 0 {
            0
        } else {
            text.match_indices('.').nth(from - 1)?.0 + 1
        };
        let dots = text.match_indices('.').count() + 1;
        (dots >= to).then_some(())?;
        let end = text.match_indices('.').nth(to - 1).map_or(text.len(), |(dot, _)| dot);
        Some((start, end))
    };
    let (start, end) = bounds(&plain)?;
    match plain {
        Cow::Borrowed(_) => reference.get(start..end).map(Cow::Borrowed),
        Cow::Owned(text) => text.get(start..end).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// Joins a module's address and an address in the module.
pub(crate) fn join(module: &str, address: &str) -> String {
    if module.is_empty() {
        address.to_owned()
    } else {
        format!("{module}.{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, target, without_keys};

    #[test]
    fn keys_go() {
        for (address, expected) in [
            ("aws_s3_bucket.b", "aws_s3_bucket.b"),
            (
                "module.a[0].module.b[\"x.y\"].aws_s3_bucket.b[\"]\"]",
                "module.a.module.b.aws_s3_bucket.b",
            ),
            (r#"aws_s3_bucket.b["\"]"].arn"#, "aws_s3_bucket.b.arn"),
            ("aws_s3_bucket.b[\"open", "aws_s3_bucket.b"),
        ] {
            assert_eq!(without_keys(address), expected);
        }
    }

    #[test]
    fn references_have_targets() {
        let resource = |text: &'static str| Some(Target::Resource(text.into()));
        for (reference, expected) in [
            ("aws_s3_bucket.b.arn", resource("aws_s3_bucket.b")),
            ("aws_s3_bucket.b[0].arn", resource("aws_s3_bucket.b")),
            (
                "data.aws_iam_policy_document.d.json",
                resource("data.aws_iam_policy_document.d"),
            ),
            ("resource.aws_s3_bucket.b.arn", resource("aws_s3_bucket.b")),
            (
                "ephemeral.random_password.p.result",
                resource("ephemeral.random_password.p"),
            ),
            ("var.x", Some(Target::Variable("x".into()))),
            ("var.x.y[0].z", Some(Target::Variable("x".into()))),
            ("local.x", Some(Target::Local("x".into()))),
            ("module.m", Some(Target::Output("m".into(), None))),
            (
                "module.m[\"k\"].out.id",
                Some(Target::Output("m".into(), Some("out".into()))),
            ),
            ("each.value", Some(Target::Each)),
            ("count.index", None),
            ("path.module", None),
            ("aws_s3_bucket", None),
            ("data.aws_s3_bucket", None),
            ("", None),
        ] {
            assert_eq!(target(reference), expected, "{reference}");
        }
    }
}
