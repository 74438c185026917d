//! What changes, line by line, with nothing around it: a neighbouring line may hold what nobody should see.

use super::splice::Edit;

/// Lines that change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// First old line, from 1; for a pure insertion the line before it.
    pub(crate) old_start: usize,
    pub(crate) new_start: usize,
    pub(crate) old: Vec<String>,
    pub(crate) new: Vec<String>,
}

/// What stands for lines that may hold a credential.
const HIDDEN: &str = "(not shown: it may hold a credential)";

/// The lines that the edits change; edits are in order and apart.
pub(super) fn hunks(text: &str, edits: &[Edit]) -> Vec<Hunk> {
    let mut hunks = Vec::new();
    let mut shift = 0_isize;
    let mut edits = edits.iter().peekable();
    while let Some(edit) = edits.next() {
        let start = line_start(text, edit.range.start);
        let mut end = line_end(text, edit.range.end, edit.range.start);
        let mut group = vec![edit];
        while let Some(next) = edits.next_if(|next| next.range.start < end) {
            end = line_end(text, next.range.end, next.range.start).max(end);
            group.push(next);
        }
        let old_text = text.get(start..end).unwrap_or_default();
        let new_text = replaced(old_text, start, &group);
        let is_hidden = group.iter().any(|edit| edit.hidden);
        let old = lines(old_text, is_hidden);
        let new = lines(&new_text, is_hidden);
        let first = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let old_start = if old.is_empty() { first - 1 } else { first };
        let new_first = first.checked_add_signed(shift).unwrap_or(first);
        let new_start = if new.is_empty() { new_first - 1 } else { new_first };
        shift += isize::try_from(new.len()).unwrap_or(0) - isize::try_from(old.len()).unwrap_or(0);
        hunks.push(Hunk {
            old_start,
            new_start,
            old,
            new,
        });
    }
    hunks
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1)
}

/// The end of the line that holds the last byte of a range; an insertion at the start of a line changes none.
fn line_end(text: &str, end: usize, start: usize) -> usize {
    let is_at_start = end == line_start(text, end);
    if is_at_start && (end == start || end > 0) {
        return end;
    }
    let after = text.get(end..).unwrap_or_default();
    end + after.find('\n').map_or(after.len(), |at| at + 1)
}

fn replaced(old: &str, start: usize, edits: &[&Edit]) -> String {
    let mut out = String::new();
    let mut copied = 0;
    for edit in edits {
        let (from, to) = (edit.range.start - start, edit.range.end - start);
        out.push_str(old.get(copied..from).unwrap_or_default());
        out.push_str(&edit.new);
        copied = to;
    }
    out.push_str(old.get(copied..).unwrap_or_default());
    out
}

fn lines(text: &str, is_hidden: bool) -> Vec<String> {
    text.lines()
        .map(|line| if is_hidden { HIDDEN.to_owned() } else { line.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: std::ops::Range<usize>, new: &str) -> Edit {
        Edit {
            range,
            new: new.to_owned(),
            hidden: false,
            fingerprint: String::new(),
            findings: 1,
        }
    }

    #[test]
    fn hunks_hold_what_changes_and_nothing_else() {
        let text = "a\nb = 1\nc\nd\n";
        let found = hunks(text, &[edit(6..7, "2"), edit(8..10, ""), edit(10..10, "x\n")]);
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found[0],
            Hunk {
                old_start: 2,
                new_start: 2,
                old: owned(&["b = 1"]),
                new: owned(&["b = 2"])
            }
        );
        assert_eq!(
            (found[1].old_start, &found[1].old, found[1].new.len()),
            (3, &owned(&["c"]), 0)
        );
        assert_eq!(
            (found[2].new_start, &found[2].new, found[2].old.len()),
            (3, &owned(&["x"]), 0)
        );
    }
}
