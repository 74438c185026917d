//! Functions on texts. A text with symbols is worked on as far as its known parts decide.

use nhi_plan::symbol::{self, Part};

use super::collections::index_of;
use super::{Answer, elements, known};
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::value::{Data, Value};

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    let made = match (name, arguments) {
        ("lower", [text]) => pieces(evaluator, name, text, str::to_lowercase)?,
        ("upper", [text]) => pieces(evaluator, name, text, str::to_uppercase)?,
        ("title", [text]) => whole(evaluator, name, text, |text| Ok(title(text)))?,
        ("trimspace", [text]) => edges(evaluator, name, text, |text| text.trim().to_owned())?,
        ("chomp", [text]) => edges(evaluator, name, text, |text| {
            text.trim_end_matches(['\n', '\r']).to_owned()
        })?,
        ("trim", [text, cut]) => cutting(evaluator, name, text, cut, |text, cut| {
            text.trim_matches(|c| cut.contains(c)).to_owned()
        })?,
        ("trimprefix", [text, cut]) => prefix(evaluator, text, cut)?,
        ("trimsuffix", [text, cut]) => suffix(evaluator, text, cut)?,
        ("startswith" | "endswith" | "strcontains", [text, part]) => holds(evaluator, name, text, part)?,
        ("split", [separator, text]) => split(evaluator, separator, text)?,
        ("join", [separator, lists @ ..]) => join(evaluator, separator, lists)?,
        ("replace", [text, from, to]) => replace(evaluator, text, from, to)?,
        ("substr", [text, offset, length]) => substr(evaluator, text, offset, length)?,
        ("strrev", [text]) => whole(evaluator, name, text, |text| Ok(text.chars().rev().collect()))?,
        ("indent", [spaces, text]) => indent(evaluator, spaces, text)?,
        ("basename", [text]) => whole(evaluator, name, text, |text| {
            Ok(text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned())
        })?,
        ("dirname", [text]) => whole(evaluator, name, text, |text| {
            Ok(text
                .rsplit_once('/')
                .map_or_else(|| ".".to_owned(), |(directory, _)| directory.to_owned()))
        })?,
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// A text made of a text that is known to its end.
fn whole(
    evaluator: &Evaluator<'_>,
    name: &str,
    text: &Value,
    make: impl FnOnce(&str) -> Result<String, Fault>,
) -> Result<Value, Fault> {
    match known(text)? {
        Some(text) => Ok(Value::text(make(&text)?)),
        None => Ok(evaluator.opaque(name, std::slice::from_ref(text))),
    }
}

/// Known pieces are worked on, symbols say what is done to them.
fn pieces(evaluator: &Evaluator<'_>, name: &str, text: &Value, make: impl Fn(&str) -> String) -> Result<Value, Fault> {
    let Data::Text(inner) = &text.data else {
        return whole(evaluator, name, text, |text| Ok(make(text)));
    };
    let mut out = String::with_capacity(inner.len());
    for part in symbol::parts(inner) {
        match part {
            Part::Text(piece) => out.push_str(&make(piece)),
            Part::Symbol(origin) => out.push_str(&symbol::symbol(&crate::value::origin(&format!("{name}({origin})")))),
        }
    }
    Ok(Value::text(out))
}

/// Whether a text with symbols begins and ends with something known.
fn edges_known(text: &str) -> bool {
    let known = |c: Option<char>| c.is_some_and(|c| !matches!(c, '\u{FDD0}'..='\u{FDD4}'));
    known(text.chars().next()) && known(text.chars().next_back())
}

fn edges(
    evaluator: &Evaluator<'_>,
    name: &str,
    text: &Value,
    make: impl FnOnce(&str) -> String,
) -> Result<Value, Fault> {
    match &text.data {
        Data::Text(inner) if edges_known(inner.trim()) || !symbol::has_symbols(inner) => Ok(Value::text(make(inner))),
        _ => whole(evaluator, name, text, |text| Ok(make(text))),
    }
}

fn cutting(
    evaluator: &Evaluator<'_>,
    name: &str,
    text: &Value,
    cut: &Value,
    make: impl FnOnce(&str, &str) -> String,
) -> Result<Value, Fault> {
    match (known(text)?, known(cut)?) {
        (Some(text), Some(cut)) => Ok(Value::text(make(&text, &cut))),
        _ => Ok(evaluator.opaque(name, &[text.clone(), cut.clone()])),
    }
}

fn title(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .flat_map(|c| {
            let start = if before.is_ascii() {
                !(before.is_ascii_alphanumeric() || before == '_')
            } else {
                before.is_whitespace()
            };
            before = c;
            if start {
                c.to_uppercase().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// What is known at the start of a text, and at its end.
fn known_ends(text: &str) -> (&str, &str) {
    let is_mark = |c: char| matches!(c, '\u{FDD0}'..='\u{FDD4}');
    let first = text.find(is_mark).unwrap_or(text.len());
    let last = text.rfind(is_mark).map_or(0, |at| at + symbol::CLOSE.len_utf8());
    (
        text.get(..first).unwrap_or_default(),
        text.get(last..).unwrap_or_default(),
    )
}

fn prefix(evaluator: &Evaluator<'_>, text: &Value, cut: &Value) -> Result<Value, Fault> {
    let both = [text.clone(), cut.clone()];
    let (Data::Text(text), Some(cut)) = (&text.data, known(cut)?) else {
        return cutting(evaluator, "trimprefix", text, cut, |text, cut| {
            text.strip_prefix(cut).unwrap_or(text).to_owned()
        });
    };
    let start = known_ends(text).0;
    if start.len() >= cut.len() || start.len() == text.len() || !cut.starts_with(start) {
        return Ok(Value::text(text.strip_prefix(&*cut).unwrap_or(text)));
    }
    Ok(evaluator.opaque("trimprefix", &both))
}

fn suffix(evaluator: &Evaluator<'_>, text: &Value, cut: &Value) -> Result<Value, Fault> {
    let both = [text.clone(), cut.clone()];
    let (Data::Text(text), Some(cut)) = (&text.data, known(cut)?) else {
        return cutting(evaluator, "trimsuffix", text, cut, |text, cut| {
            text.strip_suffix(cut).unwrap_or(text).to_owned()
        });
    };
    let end = known_ends(text).1;
    if end.len() >= cut.len() || end.len() == text.len() || !cut.ends_with(end) {
        return Ok(Value::text(text.strip_suffix(&*cut).unwrap_or(text)));
    }
    Ok(evaluator.opaque("trimsuffix", &both))
}

fn holds(evaluator: &Evaluator<'_>, name: &str, text: &Value, part: &Value) -> Result<Value, Fault> {
    let both = [text.clone(), part.clone()];
    let Some(part) = known(part)? else {
        return Ok(evaluator.opaque(name, &both));
    };
    let ask = |text: &str| match name {
        "startswith" => text.starts_with(&part),
        "endswith" => text.ends_with(&part),
        _ => text.contains(&part),
    };
    if let Some(text) = known(text)? {
        return Ok(Value::bool(ask(&text)));
    }
    let Data::Text(text) = &text.data else {
        return Ok(evaluator.opaque(name, &both));
    };
    let (start, end) = known_ends(text);
    let answer = match name {
        "startswith" if start.starts_with(&part) => Some(true),
        "startswith" if !part.starts_with(start) => Some(false),
        "endswith" if end.ends_with(&part) => Some(true),
        "endswith" if !part.ends_with(end) => Some(false),
        "strcontains" => {
            let mut known = symbol::parts(text).filter_map(|piece| match piece {
                Part::Text(piece) => Some(piece.contains(&part)),
                Part::Symbol(_) => None,
            });
            known.any(|found| found).then_some(true)
        }
        _ => None,
    };
    Ok(answer.map_or_else(|| evaluator.opaque(name, &both), Value::bool))
}

fn split(evaluator: &mut Evaluator<'_>, separator: &Value, text: &Value) -> Result<Value, Fault> {
    let (Some(separator), Some(text)) = (known(separator)?, known(text)?) else {
        return Ok(evaluator.opaque("split", &[text.clone(), separator.clone()]));
    };
    if text.is_empty() && !separator.is_empty() {
        return Ok(Value::list(vec![Value::text("")]));
    }
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| Value::text(c.to_string())).collect()
    } else {
        text.split(&*separator).map(Value::text).collect()
    };
    evaluator.charge_items(parts.len())?;
    Ok(Value::list(parts))
}

fn join(evaluator: &mut Evaluator<'_>, separator: &Value, lists: &[Value]) -> Result<Value, Fault> {
    let separator = evaluator.written(separator)?;
    let mut parts = Vec::new();
    for list in lists {
        let Some(items) = elements(list)? else {
            return Ok(evaluator.opaque("join", lists));
        };
        for item in items {
            if !parts.is_empty() {
                parts.push(separator.clone());
            }
            parts.push(evaluator.written(item)?);
        }
    }
    evaluator.charge_items(parts.len())?;
    evaluator.joined(&parts)
}

fn replace(evaluator: &mut Evaluator<'_>, text: &Value, from: &Value, to: &Value) -> Result<Value, Fault> {
    let all = [text.clone(), from.clone(), to.clone()];
    let (Some(from), Some(to)) = (known(from)?, known(to)?) else {
        return Ok(evaluator.opaque("replace", &all));
    };
    if from.len() > 1 && from.starts_with('/') && from.ends_with('/') {
        return evaluator.enclosed("replace with a regular expression", text);
    }
    let most = evaluator.limits.output_bytes;
    let exchange = |text: &str| -> Result<String, Fault> {
        let count = if from.is_empty() {
            text.chars().count() + 1
        } else {
            text.matches(&*from).count()
        };
        if text.len().saturating_add(count.saturating_mul(to.len())) > most {
            return Err(Fault::Limit("a text is too long"));
        }
        Ok(text.replace(&*from, &to))
    };
    if let Some(text) = known(text)? {
        return Ok(Value::text(exchange(&text)?));
    }
    // One character cannot lie half in what is known and half in what is not.
    let single = from.chars().count() == 1;
    let Data::Text(text) = &text.data else {
        return Ok(evaluator.opaque("replace", &all));
    };
    let mut out = String::new();
    for part in symbol::parts(text) {
        match part {
            Part::Text(piece) => out.push_str(&exchange(piece)?),
            Part::Symbol(origin) if !single => out.push_str(&symbol::symbol(origin)),
            Part::Symbol(origin) => out.push_str(&symbol::symbol(&crate::value::origin(&format!("replace({origin})")))),
        }
    }
    let text = Value::text(out).marked(all.iter().any(Value::any_sensitive));
    if single {
        Ok(text)
    } else {
        evaluator.enclosed("replace", &text)
    }
}

fn substr(evaluator: &Evaluator<'_>, text: &Value, offset: &Value, length: &Value) -> Result<Value, Fault> {
    let all = [text.clone(), offset.clone(), length.clone()];
    let (Some(text), Some(offset), Some(length)) = (known(text)?, known(offset)?, known(length)?) else {
        return Ok(evaluator.opaque("substr", &all));
    };
    let (Ok(offset), Ok(length)) = (offset.parse::<i64>(), length.parse::<i64>()) else {
        return error("whole numbers are needed");
    };
    let characters = text.chars().count();
    let start = match usize::try_from(offset) {
        Ok(start) => start,
        Err(_) => characters.saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let taken = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(Value::text(text.chars().skip(start).take(taken).collect::<String>()))
}

fn indent(evaluator: &Evaluator<'_>, spaces: &Value, text: &Value) -> Result<Value, Fault> {
    let (Some(spaces), Data::Text(inner)) = (index_of(spaces)?, &text.data) else {
        return Ok(evaluator.opaque("indent", &[text.clone(), spaces.clone()]));
    };
    let lines = inner.matches('\n').count();
    if lines.saturating_mul(spaces).saturating_add(inner.len()) > evaluator.limits.output_bytes {
        return Err(Fault::Limit("a text is too long"));
    }
    // Lines inside of what is unknown would be indented as well: they are part of the symbol.
    Ok(Value::text(inner.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}
