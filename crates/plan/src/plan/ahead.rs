//! The changes of a large plan, read by a second thread while the first is still passing the planned values.
//!
//! Where the changes begin is a guess: the first place at which their key stands. Only when the first thread comes to
//! the changes and they begin there is the guess worth anything; otherwise, and after anything that went wrong, it
//! reads them itself. The result, errors included, is therefore the same with and without the second thread.

use std::thread::{Builder, Scope, ScopedJoinHandle};

use memchr::memmem;

use super::ResourceChange;
use super::read::resource_changes;
use crate::error::ReadError;
use crate::json::Cursor;
use crate::limits::Limits;

/// Below this a second thread is not worth its start; tests are content with less.
const LARGE_BYTES: usize = if cfg!(test) { 64 << 10 } else { 8 << 20 };

/// In a string the quotes of this would stand behind backslashes, so that in JSON it is always a whole string.
const KEY: &[u8] = b"\"resource_changes\"";

/// How deep in the plan the changes stand.
const DEPTH: u32 = 1;

type Found<'t> = (Vec<ResourceChange<'t>>, Cursor<'t>);

/// A guess that is being read.
#[derive(Debug)]
pub(super) struct Ahead<'s, 't> {
    start: usize,
    thread: ScopedJoinHandle<'s, Result<Found<'t>, ReadError>>,
}

impl<'s, 't> Ahead<'s, 't> {
    /// Begins to read, where the text is large and there is a thread to be had.
    pub(super) fn start(scope: &'s Scope<'s, '_>, text: &'t str, limits: &Limits) -> Option<Self>
    where
        't: 's,
    {
        if text.len() < LARGE_BYTES {
            return None;
        }
        let start = guess(text.as_bytes())?;
        let limits = *limits;
        let thread = Builder::new()
            .name(String::from("ahead"))
            .spawn_scoped(scope, move || {
                let mut cursor = Cursor::inside(text, start, DEPTH, &limits)?;
                let changes = resource_changes(&mut cursor)?;
                Ok((changes, cursor))
            })
            .ok()?;
        Some(Self { start, thread })
    }

    /// What was read, where `cursor` stands before it; the cursor then stands behind it.
    pub(super) fn take(self, cursor: &mut Cursor<'t>) -> Option<Vec<ResourceChange<'t>>> {
        cursor.kind().ok()?;
        if cursor.offset() != self.start {
            return None;
        }
        let (changes, behind) = self.thread.join().ok()?.ok()?;
        cursor.follow(&behind).then_some(changes)
    }
}

/// Where the value of the first member of this name begins.
fn guess(text: &[u8]) -> Option<usize> {
    let colon = after_space(text, memmem::find(text, KEY)? + KEY.len());
    (text.get(colon) == Some(&b':')).then(|| after_space(text, colon + 1))
}

fn after_space(text: &[u8], start: usize) -> usize {
    let space = text.iter().skip(start).take_while(|byte| byte.is_ascii_whitespace());
    start + space.count()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::plan::read;

    const CHANGE: &str = r#"{"address":"a.b","mode":"managed","type":"a","name":"b","provider_name":"p","change":{"actions":["create"],"after":{"n":1}}}"#;

    /// A plan whose planned values are large, with this in front of its changes and this instead of them.
    fn plan(front: &str, changes: &str) -> String {
        let padding = "x".repeat(LARGE_BYTES);
        format!(
            r#"{{"format_version":"1.2","planned_values":{{"outputs":{{"o":{{"value":"{padding}"}}{front}}}}},"resource_changes" : {changes},"configuration":{{}}}}"#
        )
    }

    /// Whether the guess was right, and whether the cursor stands where it stands without one.
    fn helps(text: &str, limits: &Limits) -> bool {
        let at = text.find(r#""resource_changes" : "#).expect("changes") + r#""resource_changes" : "#.len();
        thread::scope(|scope| {
            let mut cursor = Cursor::inside(text, at, DEPTH, limits).expect("cursor");
            let mut alone = Cursor::inside(text, at, DEPTH, limits).expect("cursor");
            let ahead = Ahead::start(scope, text, limits).expect("large");
            let Some(changes) = ahead.take(&mut cursor) else {
                assert_eq!(cursor.offset(), at, "a wrong guess moves nothing");
                return false;
            };
            let read = resource_changes(&mut alone).expect("changes");
            assert_eq!((changes.len(), cursor.offset()), (read.len(), alone.offset()));
            true
        })
    }

    #[test]
    fn a_guess_helps_only_where_it_is_right() {
        let two = format!("[{CHANGE} , {CHANGE}]");
        let limits = Limits::default();
        assert!(helps(&plan("", &two), &limits));
        assert!(
            helps(&plan(r#","q":{"value":"\"resource_changes\":[]"}"#, &two), &limits),
            "in a string"
        );
        assert!(
            !helps(&plan(r#","q":{"resource_changes":[]}"#, &two), &limits),
            "elsewhere"
        );
        assert!(!helps(&plan("", &format!("[{CHANGE},{{}}]")), &limits), "broken");
        let few = Limits { records: 1, ..limits };
        assert!(!helps(&plan("", &two), &few), "more than may be kept");
    }

    #[test]
    fn a_plan_reads_the_same_with_and_without_it() {
        let deep = format!(
            "[{}]",
            CHANGE.replace("1}}", &format!("{}{}}}}}", "[".repeat(60), "]".repeat(60)))
        );
        let two = format!("[{CHANGE},{CHANGE}]");
        let limits = Limits::default();
        let cases = [
            ("two", two.clone(), limits),
            ("null", "null".to_owned(), limits),
            ("no list", "7".to_owned(), limits),
            ("broken", format!("[{CHANGE},{{}}]"), limits),
            ("cut off", format!("[{CHANGE}"), limits),
            ("too many entries", two.clone(), Limits { records: 1, ..limits }),
            ("as many values as may be", two.clone(), Limits { nodes: 67, ..limits }),
            ("too many values", two.clone(), Limits { nodes: 40, ..limits }),
            ("too deep", deep.clone(), Limits { depth: 64, ..limits }),
            ("as deep as may be", deep, Limits { depth: 65, ..limits }),
        ];
        for (name, changes, limits) in cases {
            let large = plan("", &changes);
            let small = large.replace(&"x".repeat(LARGE_BYTES), "");
            let gone = (large.len() - small.len()) as u64;
            let outcome = |read: Result<crate::Plan<'_>, ReadError>, gone: u64| match read {
                Ok(plan) => format!("{:?}", plan.resource_changes),
                Err(error) => format!("{} {} {}", error.code, error.offset - gone, error.message),
            };
            assert_eq!(
                outcome(read(&large, &limits), gone),
                outcome(read(&small, &limits), 0),
                "{name}"
            );
        }
    }
}
