//! What is changed in a policy's text before the interpreter is given it: no line moves, so that places stay true.

use regorus::Value;

/// The function that lets `some x in null` be undefined, as it is everywhere else; this interpreter fails there.
pub(crate) const ITEMS: &str = "nhi.items";

/// Changes of one file.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// Place, bytes that go, and what comes in their stead.
    changes: Vec<(usize, usize, String)>,
    /// Lines at the end.
    lines: String,
}

/// What can be iterated over, or nothing of what cannot.
#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the interpreter's signature"
)]
pub(crate) fn items(arguments: Vec<Value>) -> anyhow::Result<Value> {
    Ok(match arguments.first() {
        Some(value @ (Value::Array(_) | Value::Set(_) | Value::Object(_))) => value.clone(),
        _ => Value::new_array(),
    })
}

/// Each collection through [`ITEMS`].
pub(crate) fn collections(places: &[(usize, usize)]) -> Edits {
    let mut edits = Edits::default();
    for (start, end) in places {
        edits.changes.push((*start, 0, format!("{ITEMS}(")));
        edits.changes.push((*end, 0, ")".to_owned()));
    }
    edits
}

impl Edits {
    /// Gives the head at `start` a name of its own; the old name stands for all of them in a line at the end.
    pub(crate) fn rename(&mut self, start: usize, name: &str, own: &str, is_old: bool) {
        self.changes.push((start, name.len(), own.to_owned()));
        let line = if is_old {
            format!("\n{name}[nhi__x] {{ {own}[nhi__x] }}")
        } else {
            format!("\n{name} contains nhi__x if {{ some nhi__x in {own} }}")
        };
        self.lines.push_str(&line);
    }

    /// The text with the changes made.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut changes: Vec<_> = self.changes.iter().collect();
        changes.sort_by_key(|(start, ..)| *start);
        let mut out = text.to_owned();
        // From the end, so that the places before stay where they are.
        for (start, length, with) in changes.into_iter().rev() {
            let end = start.saturating_add(*length);
            if out.is_char_boundary(*start) && out.is_char_boundary(end) && end <= out.len() {
                out.replace_range(*start..end, with);
            }
        }
        out.push_str(&self.lines);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_leave_lines_where_they_are() {
        let text = "deny contains x if {\n some x in {y | some y in z}\n}";
        let mut edits = collections(&[(32, 49), (47, 48)]);
        edits.rename(0, "deny", "deny_1", false);
        assert_eq!(
            edits.apply(text),
            "deny_1 contains x if {\n some x in nhi.items({y | some y in nhi.items(z)})\n}\n\
             deny contains nhi__x if { some nhi__x in deny_1 }"
        );
    }
}
