//! JSON text without a single raw control, bidirectional or invisible character, and without CI log commands.
//!
//! JSON is often printed into a log or a terminal before a machine reads it; escapes keep the value the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::sanitise::is_hidden;

/// Renders a value, indented, with a line break at the end.
pub(crate) fn render(value: &impl Serialize) -> Result<String, serde_json::Error> {
    guarded(value, PrettyFormatter::new())
}

/// Renders a value as one line.
pub(crate) fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    guarded(value, CompactFormatter)
}

fn guarded(value: &impl Serialize, formatter: impl Formatter) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Guarded(formatter));
    value.serialize(&mut serializer)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

#[derive(Debug)]
struct Guarded<F>(F);

impl<F: Formatter> Formatter for Guarded<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut clean_from = 0;
        let mut before = '\0';
        let mut hashes = 0;
        for (at, c) in fragment.char_indices() {
            let ends_marker = c == '[' && hashes >= 2;
            hashes = match c {
                '#' if before == '#' => hashes + 1,
                '#' => 1,
                c if c.is_ascii_alphanumeric() => hashes,
                _ => 0,
            };
            before = c;
            if ends_marker || is_hidden(c) {
                writer.write_all(fragment.get(clean_from..at).unwrap_or_default().as_bytes())?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                clean_from = at + c.len_utf8();
            }
        }
        writer.write_all(fragment.get(clean_from..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sanitise::disarm_marker;
    use proptest::prelude::*;

    fn check(text: &str) {
        let rendered = render(&[text]).unwrap();
        assert!(!rendered.replace('\n', "").contains(is_hidden), "{rendered:?}");
        assert_eq!(disarm_marker(&rendered), rendered, "a log command survives");
        let back: Vec<String> = serde_json::from_str(&rendered).unwrap();
        assert_eq!(back, [text], "the value must stay the same");
        let line = line(&[text]).unwrap();
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        assert_eq!(line, format!("{}\n", rendered.replace("\n  ", "").replace('\n', "")));
    }

    #[test]
    fn values_survive_and_nothing_raw_does() {
        let cases = [
            "",
            "a\"b\\c",
            "\u{1b}[0m\u{7f}\u{9b}",
            "x\u{202e}y\u{e0041}z",
            "##[error]",
            "##vso[a] ###[b] # #[c]",
        ];
        for text in cases {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>()) {
            check(&text);
        }

        #[test]
        fn any_marker(text in "[#\\[a\" ]{0,16}") {
            check(&text);
        }
    }
}
