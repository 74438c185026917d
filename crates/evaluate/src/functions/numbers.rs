//! Functions on numbers.

use super::{Answer, elements, known};
use crate::evaluator::Evaluator;
use crate::fault::error;
use crate::number::Number;
use crate::value::Value;

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    if name == "parseint" {
        let [text, base] = arguments else {
            return error("`parseint` takes a text and a base");
        };
        let (Some(text), Some(base)) = (known(text)?, known(base)?) else {
            return Ok(Some(evaluator.opaque(name, arguments)));
        };
        let base = base.parse::<u32>().ok().filter(|base| (2..=36).contains(base));
        return match base.and_then(|base| i64::from_str_radix(&text, base).ok()) {
            Some(number) => Ok(Some(Value::number(Number::whole(number)))),
            None => error("a text is no whole number in this base"),
        };
    }
    if !matches!(name, "min" | "max" | "abs" | "ceil" | "floor" | "sum" | "signum") {
        return Ok(None);
    }
    let values = match arguments {
        [list] if name == "sum" => match elements(list)? {
            Some(items) => items,
            None => return Ok(Some(evaluator.opaque(name, arguments))),
        },
        arguments => arguments,
    };
    let mut numbers = Vec::with_capacity(values.len());
    for value in values {
        match known(value)?.map(|text| Number::parse(&text)) {
            None => return Ok(Some(evaluator.opaque(name, arguments))),
            Some(Some(number)) => numbers.push(number),
            Some(None) => return error("a number is needed"),
        }
    }
    let result = match (name, numbers.as_slice()) {
        ("min", _) => numbers.iter().min().copied(),
        ("max", _) => numbers.iter().max().copied(),
        ("sum", [first, rest @ ..]) => rest.iter().try_fold(*first, |sum, number| sum.add(*number)),
        ("abs", [number]) => Some(if number.is_negative() { number.negate() } else { *number }),
        ("ceil", [number]) => number.rounded(true),
        ("floor", [number]) => number.rounded(false),
        ("signum", [number]) => Some(Number::whole(match number.cmp(&Number::whole(0)) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        })),
        _ => return error(format!("`{name}` is called with the wrong number of arguments")),
    };
    match (result, numbers.is_empty()) {
        (Some(number), _) => Ok(Some(Value::number(number))),
        (None, true) => error(format!("`{name}` needs numbers")),
        (None, false) => Ok(Some(Value::unknown("a number"))),
    }
}
