//! Whether an attribute has a certain value, where it may not be known yet.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::Block;

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Is {
    No,
    Maybe,
    Yes,
}

/// Whether the attribute is this text.
pub(crate) fn text(block: &Block<'_>, path: &str, wanted: &str) -> Is {
    match block.after().and_then(|after| after.at(path)).and_then(Value::as_str) {
        Some(found) => text_is(&found, wanted),
        None => asked(block, path),
    }
}

/// Whether the attribute is this truth value.
pub(crate) fn flag(block: &Block<'_>, path: &str, wanted: bool) -> Is {
    let value = block.after().and_then(|after| after.at(path));
    match (value.and_then(Value::as_bool), value.and_then(Value::as_str)) {
        (Some(found), _) if found == wanted => Is::Yes,
        (Some(_), _) => Is::No,
        (None, Some(found)) => text_is(&found, if wanted { "true" } else { "false" }),
        (None, None) => asked(block, path),
    }
}

/// Whether a list holds this text.
pub(crate) fn holds(block: &Block<'_>, path: &str, wanted: &str) -> Is {
    let value = block.after().and_then(|after| after.at(path));
    let each = value
        .into_iter()
        .flat_map(Value::elements)
        .map(|element| match element.as_str() {
            Some(found) => text_is(&found, wanted),
            None => Is::Maybe,
        });
    each.max().unwrap_or(Is::No).max(asked(block, path))
}

/// Whether somebody wrote the attribute, with a value that is known only after apply. One that nobody wrote is unknown
/// because the provider computes it.
pub(crate) fn is_open(block: &Block<'_>, path: &str) -> bool {
    block.is_unknown(path) && !block.references(path).is_empty()
}

/// Whether all of a text is one symbol, so that it may be anything.
pub(crate) fn is_symbol(text: &str) -> bool {
    text.starts_with(symbol::OPEN) && symbol::parts(text).count() == 1
}

/// Whether a list may hold something that is known only after apply, and of which not even a part is known.
pub(crate) fn list_is_open(block: &Block<'_>, path: &str) -> bool {
    let vague = |element: Value<'_>| match element.as_str() {
        Some(text) => is_symbol(&text),
        None => element.is_null(),
    };
    let list = block.after().and_then(|after| after.at(path));
    is_open(block, path)
        || list.is_some_and(|list| list.elements().any(vague)) && !block.references(path).is_empty()
        || list.and_then(Value::as_str).is_some_and(|text| is_symbol(&text))
}

fn asked(block: &Block<'_>, path: &str) -> Is {
    if is_open(block, path) { Is::Maybe } else { Is::No }
}

fn text_is(found: &str, wanted: &str) -> Is {
    if !symbol::has_symbols(found) {
        return if found == wanted { Is::Yes } else { Is::No };
    }
    let alternatives = symbol::alternatives(found);
    if alternatives.iter().all(|text| *text == wanted) {
        return Is::Yes;
    }
    let may = |text: &&str| *text == wanted || symbol::has_symbols(text) && fits(text, wanted);
    if alternatives.iter().any(may) {
        Is::Maybe
    } else {
        Is::No
    }
}

/// Whether what is known of a text leaves room for another.
fn fits(text: &str, wanted: &str) -> bool {
    let mut rest = wanted;
    let mut parts = symbol::parts(text).peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        if let symbol::Part::Text(known) = part {
            let last = parts.peek().is_none();
            let found = if first {
                rest.strip_prefix(known)
            } else if last {
                rest.strip_suffix(known).map(|_| "")
            } else {
                rest.find(known).and_then(|at| rest.get(at + known.len()..))
            };
            match found {
                Some(after) => rest = after,
                None => return false,
            }
        }
        first = false;
    }
    true
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::{one_of, symbol};

    use super::{Is, text_is};

    #[test]
    fn texts() {
        for (found, is) in [
            (String::from("a"), Is::Yes),
            (String::from("b"), Is::No),
            (symbol("var.x"), Is::Maybe),
            (one_of(["a", "b"]), Is::Maybe),
            (format!("a{}", symbol("var.x")), Is::Maybe),
            (format!("{}a", symbol("var.x")), Is::Maybe),
            (format!("ab{}", symbol("var.x")), Is::No),
            (format!("{}b", symbol("var.x")), Is::No),
            (format!("{}b{}", symbol("var.x"), symbol("var.y")), Is::No),
            (one_of(["c", "b"]), Is::No),
        ] {
            assert_eq!(text_is(&found, "a"), is, "{found}");
        }
    }
}
