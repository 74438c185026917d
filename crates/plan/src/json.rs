//! JSON that is read without recursion, without loss and without mercy.
//!
//! Plans are foreign input: numbers keep their text (`1e400` is legal), depth costs no stack, an object that holds
//! a key twice is refused also when the spellings differ, and nothing is repaired. Guests use it for the values of
//! a change; the plan reader pulls from the same [`Cursor`].
//!
//! ```
//! let document = nhi_plan::json::parse(r#"{"statement":[{"actions":["*"]}],"n":1e400}"#)?;
//! let root = document.root();
//! assert_eq!(root.at("statement[0].actions[0]").and_then(|value| value.as_str()).as_deref(), Some("*"));
//! assert_eq!(root.get("n").and_then(|value| value.number_text()), Some("1e400"));
//! # Ok::<(), nhi_plan::ReadError>(())
//! ```

mod cursor;
mod document;
mod keys;
mod scan;
mod text;
mod value;
mod walk;

pub use cursor::{Cursor, Token};
pub use document::{Document, Strings, parse, parse_with};
pub use text::quote;
pub use value::{Elements, Kind, Members, Value};
pub use walk::Trail;

pub(crate) use text::{quote_into, string_prefix};
