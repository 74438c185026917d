//! Three-valued matching: patterns and texts may hold symbols, groups of alternatives and policy variables.
//!
//! A symbol stands for text without wildcards, so that a resource that is known only after apply is one resource and
//! not all of them. Two facts bound what it can be: the same symbol is the same text, and the ARN of a block of a
//! known type is an ARN of its service.

use std::borrow::Cow;

use nhi_plan::symbol::{self, Part};

use super::answer::Verdict;
use crate::facts::iam::pattern::{Case, matches};

/// Stands in the name of a resource for the partition and the account that everything else is in.
pub(crate) const OWN: &str = "\u{FDD0}own\u{FDD1}";
/// An account that nobody has.
const ACCOUNT: &str = "918273645546";

/// Whether a pattern that stands in a policy matches a text.
pub(crate) fn covers(pattern: &str, text: &str, case: Case) -> Verdict {
    if pattern == "*" {
        return Verdict::Yes;
    }
    if !is_special(pattern) && !is_special(text) {
        return Verdict::from_bool(matches(pattern, text, case));
    }
    let alternatives = symbol::alternatives(pattern);
    if alternatives.len() > 1 {
        let all = alternatives.iter().map(|one| covers(one, text, case));
        return all.reduce(agree).unwrap_or(Verdict::Unknown);
    }
    let text = in_account_of(pattern, text);
    let pattern = in_account_of(&text, pattern);
    if text.contains(OWN) && pattern == "*" || opaque_match(&pattern, &text, case) {
        return Verdict::Yes;
    }
    if are_other_blocks(&pattern, &text) {
        return Verdict::No;
    }
    Verdict::from_bool(intersects(&widen(&pattern), &widen(&text), case)).and(Verdict::Unknown)
}

/// The value that two alternatives leave.
fn agree(left: Verdict, right: Verdict) -> Verdict {
    if left == right { left } else { Verdict::Unknown }
}

/// Whether a text holds anything but itself: symbols, alternatives, or policy variables.
fn is_special(text: &str) -> bool {
    text.bytes().any(|byte| byte == 0xEF || byte == b'{') && (symbol::has_symbols(text) || has_variable(text))
}

fn has_variable(text: &str) -> bool {
    // `aws_iam_policy_document` writes `&{` for `${`.
    text.contains("${") || text.contains("&{")
}

/// Splits an ARN into its six fields; colons in symbols and variables do not count.
pub(crate) fn fields(text: &str) -> Option<Vec<&str>> {
    leading_fields(text).filter(|fields| fields.len() == 6)
}

/// Splits an ARN, or a pattern that ends early, into the fields that it has.
pub(super) fn leading_fields(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start) = (0_u32, 0);
    let mut found = Vec::with_capacity(6);
    let mut previous = ' ';
    for (at, character) in text.char_indices() {
        match character {
            symbol::OPEN => depth += 1,
            '{' if matches!(previous, '$' | '&') => depth += 1,
            symbol::CLOSE | '}' if depth > 0 => depth -= 1,
            ':' if depth == 0 && found.len() < 5 => {
                found.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        previous = character;
    }
    found.push(text.get(start..)?);
    Some(found)
}

/// Variables that name the account the principal is in.
const ACCOUNT_VARIABLES: [&str; 4] = [
    "${aws:principalaccount}",
    "&{aws:principalaccount}",
    "${aws:resourceaccount}",
    "&{aws:resourceaccount}",
];

/// Whether a field of an ARN says "our own": what the account, the partition or the region of the configuration is.
fn is_own(field: &str) -> bool {
    if ACCOUNT_VARIABLES.iter().any(|name| field.eq_ignore_ascii_case(name)) {
        return true;
    }
    let mut parts = symbol::parts(field);
    let (Some(Part::Symbol(origin)), None) = (parts.next(), parts.next()) else {
        return false;
    };
    matches!(origin, "own" | "account" | "partition" | "region")
        || origin.contains("data.aws_caller_identity.") && origin.ends_with(".account_id")
        || origin.contains("data.aws_partition.") && origin.ends_with(".partition")
        || origin.contains("data.aws_region.")
}

/// Puts the partition, region and account of `other` where `text` says its own.
fn in_account_of<'t>(other: &str, text: &'t str) -> Cow<'t, str> {
    if !is_special(text) {
        return Cow::Borrowed(text);
    }
    let Some(own) = fields(text).filter(|fields| fields.iter().any(|field| is_own(field))) else {
        return Cow::Borrowed(text);
    };
    let other = fields(other);
    let filled = own.iter().enumerate().map(|(index, field)| {
        if !is_own(field) {
            return *field;
        }
        let theirs = other.as_ref().and_then(|fields| fields.get(index).copied());
        let default = match index {
            1 => "aws",
            3 => "qq-zone-9",
            _ => ACCOUNT,
        };
        theirs
            .filter(|field| !field.contains(['*', '?']) && !is_own(field))
            .unwrap_or(default)
    });
    Cow::Owned(filled.collect::<Vec<_>>().join(":"))
}

/// Matches with symbols as opaque text: only `*` and the same symbol match one.
fn opaque_match(pattern: &str, text: &str, case: Case) -> bool {
    matches(&opaque(pattern), &opaque(text), case) && !has_question_mark_on_symbol(pattern, text)
}

/// `?` is one character, and nobody knows how many a symbol has.
fn has_question_mark_on_symbol(pattern: &str, text: &str) -> bool {
    pattern.contains('?') && symbol::has_symbols(text)
}

/// Wildcards in the origin of a symbol, or in a variable, are none.
fn opaque(text: &str) -> Cow<'_, str> {
    if !is_special(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for part in symbol::parts(text) {
        match part {
            Part::Text(known) => {
                let mut rest = known;
                while let Some((before, name, after)) = variable(rest) {
                    out.push_str(before);
                    out.push('\u{FDD4}');
                    out.push_str(&name.to_ascii_lowercase().replace(['*', '?'], "\u{FDD3}"));
                    rest = after;
                }
                out.push_str(rest);
            }
            Part::Symbol(origin) => {
                out.push(symbol::OPEN);
                out.push_str(&origin.replace(['*', '?'], "\u{FDD3}"));
                out.push(symbol::CLOSE);
            }
        }
    }
    Cow::Owned(out)
}

/// The text before the first policy variable, the variable, and the text after it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["${", "&{"].iter().filter_map(|open| text.find(open)).min()?;
    let (before, rest) = text.split_at(start);
    let end = rest.find('}')? + 1;
    let (name, after) = rest.split_at(end);
    Some((before, name, after))
}

/// The pattern of all texts that a text with symbols and variables can turn out to be.
pub(crate) fn widen(text: &str) -> Cow<'_, str> {
    if !is_special(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for part in symbol::parts(text) {
        match part {
            Part::Text(known) => {
                let mut rest = known;
                while let Some((before, name, after)) = variable(rest) {
                    out.push_str(before);
                    out.push_str(variable_text(name));
                    rest = after;
                }
                out.push_str(rest);
            }
            Part::Symbol(origin) => out.push_str(origin_text(origin)),
        }
    }
    Cow::Owned(out)
}

/// What a policy variable can be: the caller's own name is nobody else's.
fn variable_text(name: &str) -> &'static str {
    let inner = name.get(2..name.len().saturating_sub(1)).unwrap_or_default();
    match inner.to_ascii_lowercase().as_str() {
        "aws:username" => "\u{FDD4}username",
        _ => "*",
    }
}

/// What a symbol can be, by the type of the block that it names and the attribute.
fn origin_text(origin: &str) -> &'static str {
    let Some((block, attribute)) = origin.rsplit_once('.') else {
        return "*";
    };
    if attribute != "arn" || block.contains(['(', ' ', '?']) {
        return "*";
    }
    let names = block.split('.').find(|part| part.starts_with("aws_"));
    let Some(kind) = names else { return "*" };
    ARNS.iter()
        .find(|(prefix, _)| kind.starts_with(prefix))
        .map_or("*", |(_, pattern)| *pattern)
}

/// Shapes of the ARNs that blocks have, by the start of their type; longer starts stand first.
const ARNS: [(&str, &str); 24] = [
    ("aws_iam_role", "arn:*:iam::*:role/*"),
    ("aws_iam_user", "arn:*:iam::*:user/*"),
    ("aws_iam_group", "arn:*:iam::*:group/*"),
    ("aws_iam_policy", "arn:*:iam::*:policy/*"),
    ("aws_iam_instance_profile", "arn:*:iam::*:instance-profile/*"),
    ("aws_s3_bucket", "arn:*:s3:::*"),
    ("aws_s3_object", "arn:*:s3:::*/*"),
    ("aws_kms_", "arn:*:kms:*"),
    ("aws_secretsmanager_", "arn:*:secretsmanager:*:secret:*"),
    ("aws_ssm_parameter", "arn:*:ssm:*:parameter/*"),
    ("aws_sqs_", "arn:*:sqs:*"),
    ("aws_sns_", "arn:*:sns:*"),
    ("aws_dynamodb_", "arn:*:dynamodb:*"),
    ("aws_lambda_", "arn:*:lambda:*"),
    ("aws_cloudwatch_log_", "arn:*:logs:*"),
    ("aws_cloudwatch_event_", "arn:*:events:*"),
    ("aws_kinesis_firehose_", "arn:*:firehose:*"),
    ("aws_kinesis_stream", "arn:*:kinesis:*"),
    ("aws_ecr_", "arn:*:ecr*"),
    ("aws_ecs_", "arn:*:ecs:*"),
    ("aws_db_", "arn:*:rds:*"),
    ("aws_rds_", "arn:*:rds:*"),
    ("aws_sfn_", "arn:*:states:*"),
    ("aws_codebuild_", "arn:*:codebuild:*"),
];

/// Whether both are the whole ARN of a block, and of different blocks.
fn are_other_blocks(left: &str, right: &str) -> bool {
    let (Some(left), Some(right)) = (arn_of(left), arn_of(right)) else {
        return false;
    };
    // A block without its instance key may mean any of its instances.
    let is_whole = left.matches('[').count() == right.matches('[').count();
    left != right && (is_whole || without_keys(left) != without_keys(right))
}

/// The block whose whole ARN a text is.
fn arn_of(text: &str) -> Option<&str> {
    let mut parts = symbol::parts(text);
    let (Some(Part::Symbol(origin)), None) = (parts.next(), parts.next()) else {
        return None;
    };
    let block = origin.strip_suffix(".arn")?;
    (block.contains('.') && !block.contains(['(', ' ', '*'])).then_some(block)
}

/// An address without instance keys; a bracket inside a quoted key does not count.
pub(crate) fn without_keys(address: &str) -> String {
    let (mut depth, mut quoted) = (0_u32, false);
    let mut out = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            other if depth == 0 => out.push(other),
            _ => {}
        }
    }
    out
}

/// Whether two patterns have a text in common.
pub(crate) fn intersects(left: &str, right: &str, case: Case) -> bool {
    if left == "*" || right == "*" {
        return true;
    }
    let has_wildcard = |text: &str| text.contains(['*', '?']);
    if !has_wildcard(right) {
        return matches(left, right, case);
    }
    if !has_wildcard(left) {
        return matches(right, left, case);
    }
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let same = |a: u8, b: u8| {
        a == b'?'
            || b == b'?'
            || if case == Case::Ignored {
                a.eq_ignore_ascii_case(&b)
            } else {
                a == b
            }
    };
    // `reach[j]`: the part of `left` so far and the first `j` bytes of `right` have a text in common.
    let mut reach = vec![false; right.len() + 1];
    if let Some(first) = reach.first_mut() {
        *first = true;
    }
    close_stars(&mut reach, right);
    for &a in left {
        let mut next = vec![false; right.len() + 1];
        if a == b'*' {
            // The star takes nothing, or any further bytes.
            let mut open = false;
            for (slot, &was) in next.iter_mut().zip(&reach) {
                open |= was;
                *slot = open;
            }
        } else {
            for (index, &b) in right.iter().enumerate() {
                let before = reach.get(index).copied().unwrap_or(false);
                let after = reach.get(index + 1).copied().unwrap_or(false);
                let step = if b == b'*' {
                    before || after
                } else {
                    before && same(a, b)
                };
                if let Some(slot) = next.get_mut(index + 1) {
                    *slot |= step;
                }
            }
        }
        close_stars(&mut next, right);
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

/// A star of the right side may take nothing.
fn close_stars(reach: &mut [bool], right: &[u8]) {
    for (index, &byte) in right.iter().enumerate() {
        let open = byte == b'*' && reach.get(index).copied().unwrap_or(false);
        if let Some(slot) = reach.get_mut(index + 1) {
            *slot |= open;
        }
    }
}

/// A text that a pattern matches and that nobody would name.
pub(crate) fn instance(pattern: &str) -> String {
    pattern.replace('*', "qxzj").replace('?', "q")
}

/// Whether everything that `narrow` matches, `wide` matches too; `false` where it cannot be told.
pub(crate) fn includes(wide: &str, narrow: &str, case: Case) -> bool {
    // The star of `narrow` is only matched by one of `wide`; a question mark by either.
    if wide == "*" {
        return true;
    }
    if is_special(wide) || is_special(narrow) {
        return wide == narrow;
    }
    if !narrow.contains(['*', '?']) {
        return matches(wide, narrow, case);
    }
    let marked = narrow.replace('*', "\u{1}");
    let asked = !wide.contains('?') && matches(wide, &marked, case);
    asked || wide == narrow
}
