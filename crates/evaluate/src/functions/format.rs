//! `format` and `formatlist`, for the verbs that policies are written with.

use nhi_plan::json;

use super::{Answer, known};
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::number::Number;
use crate::value::{Data, Value};

/// Characters that a width may ask for.
const WIDTH_MAX: usize = 1_000;

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    match (name, arguments) {
        ("format", [pattern, rest @ ..]) => format(evaluator, pattern, rest).map(Some),
        ("formatlist", [pattern, rest @ ..]) => format_list(evaluator, pattern, rest).map(Some),
        _ => Ok(None),
    }
}

/// A verb with its flags.
struct Verb<'p> {
    flags: &'p str,
    verb: char,
}

/// The text before a verb, the verb, and what follows.
fn next_verb(pattern: &str) -> Option<(&str, Verb<'_>, &str)> {
    let (before, after) = pattern.split_once('%')?;
    let at = after.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
    let (flags, rest) = after.split_at_checked(at)?;
    let mut rest = rest.chars();
    let verb = rest.next()?;
    Some((before, Verb { flags, verb }, rest.as_str()))
}

fn format(evaluator: &mut Evaluator<'_>, pattern: &Value, rest: &[Value]) -> Result<Value, Fault> {
    let Some(text) = known(pattern)? else {
        return Ok(evaluator.opaque("format", std::slice::from_ref(pattern)));
    };
    let mut parts = Vec::new();
    let mut arguments = rest.iter();
    let mut text = text.as_str();
    while let Some((before, verb, after)) = next_verb(text) {
        evaluator.charge(1)?;
        parts.push(Value::text(before));
        text = after;
        if verb.verb == '%' {
            parts.push(Value::text("%"));
            continue;
        }
        let Some(argument) = arguments.next() else {
            return error("`format` has more verbs than arguments");
        };
        match formatted(evaluator, &verb, argument)? {
            Some(value) => parts.push(value),
            None => {
                let unknown = evaluator.opaque("format", std::slice::from_ref(argument));
                parts.push(evaluator.written(&unknown)?.marked(argument.any_sensitive()));
            }
        }
    }
    if arguments.next().is_some() {
        return error("`format` has more arguments than verbs");
    }
    parts.push(Value::text(text));
    evaluator.joined(&parts)
}

/// One argument as its verb wants it; `None` for what is not known or not evaluated.
fn formatted(evaluator: &mut Evaluator<'_>, verb: &Verb<'_>, argument: &Value) -> Result<Option<Value>, Fault> {
    if verb.flags.is_empty() && matches!(verb.verb, 's' | 'v') {
        return match &argument.data {
            Data::Null if verb.verb == 'v' => Ok(Some(Value::text("null"))),
            Data::List(_) | Data::Set(_) | Data::Map(_) if verb.verb == 'v' => evaluator.json_of(argument).map(Some),
            _ => evaluator.written(argument).map(Some),
        };
    }
    let Some(text) = known(argument)? else {
        return Ok(None);
    };
    let sensitive = argument.any_sensitive();
    let (flags, zero) = match verb.flags.strip_prefix('0') {
        Some(rest) => (rest, true),
        None => (verb.flags, false),
    };
    let (flags, left) = match flags.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (flags, false),
    };
    let width = if flags.is_empty() {
        Some(0)
    } else {
        flags.parse::<usize>().ok()
    };
    let Some(width) = width.filter(|width| *width <= WIDTH_MAX) else {
        return Ok(None);
    };
    let body = match verb.verb {
        's' | 'v' => text,
        'q' => json::quote(&text),
        'd' => match Number::parse(&text).and_then(Number::as_i64) {
            Some(number) => number.to_string(),
            None => return Ok(None),
        },
        't' if matches!(&*text, "true" | "false") => text,
        _ => return Ok(None),
    };
    let missing = width.saturating_sub(body.chars().count());
    let made = if left {
        body + &" ".repeat(missing)
    } else if zero && verb.verb == 'd' {
        match body.strip_prefix('-') {
            Some(digits) => format!("-{}{digits}", "0".repeat(missing)),
            None => "0".repeat(missing) + &body,
        }
    } else {
        " ".repeat(missing) + &body
    };
    Ok(Some(Value::text(made).marked(sensitive)))
}

fn format_list(evaluator: &mut Evaluator<'_>, pattern: &Value, rest: &[Value]) -> Result<Value, Fault> {
    let mut length = None;
    for argument in rest {
        if argument.is_unknown() {
            // It may be a list or a text.
            return Ok(evaluator.opaque("formatlist", std::slice::from_ref(argument)));
        }
        if let Some(items) = argument.elements() {
            if length.is_some_and(|length| length != items.len()) {
                return error("the lists of `formatlist` are not of one length");
            }
            length = Some(items.len());
        }
    }
    let mut made = Vec::new();
    for at in 0..length.unwrap_or(1) {
        let row: Vec<Value> = rest
            .iter()
            .map(|argument| match argument.elements().map(|items| items.get(at)) {
                Some(Some(item)) => item.clone().marked(argument.sensitive),
                Some(None) => Value::null(),
                None => argument.clone(),
            })
            .collect();
        made.push(format(evaluator, pattern, &row)?);
    }
    Ok(Value::list(made))
}
