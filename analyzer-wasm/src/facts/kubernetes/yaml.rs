//! YAML as JSON: the documents of a text, one JSON text each, so that manifests in any spelling have one reader.
//!
//! The text is foreign: size, depth and what aliases may grow to are limited, and whatever is beyond a limit or beyond
//! JSON (merge keys, keys that are no scalars) is an error that the caller reports.

use std::collections::BTreeMap;

use nhi_plan::json;
use nhi_plan::symbol::{self, Part};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Bytes of one text.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Bytes of JSON that one text may become; aliases multiply.
const JSON_BYTES_MAX: usize = 4 << 20;
/// Containers in containers.
const DEPTH_MAX: usize = 128;
/// Documents of one text.
const DOCUMENTS_MAX: usize = 1_000;

/// The text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// The documents of a text as JSON; empty ones are left out.
pub(crate) fn documents(text: &str) -> Result<Vec<String>, Unreadable> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Unreadable);
    }
    let (plain, origins) = number_symbols(text);
    let mut writer = Writer {
        origins,
        ..Writer::default()
    };
    for event in Parser::new_from_str(&plain) {
        let (event, _) = event.map_err(|_| Unreadable)?;
        writer.event(event).ok_or(Unreadable)?;
        if writer.json.len() > JSON_BYTES_MAX || writer.open.len() > DEPTH_MAX || writer.done.len() > DOCUMENTS_MAX {
            return Err(Unreadable);
        }
    }
    Ok(writer.done)
}

/// An origin may hold brackets and colons, which mean something in YAML: a number stands for it meanwhile.
fn number_symbols(text: &str) -> (String, Vec<String>) {
    let mut origins = Vec::new();
    if !symbol::has_symbols(text) {
        return (text.to_owned(), origins);
    }
    let mut plain = String::with_capacity(text.len());
    for part in symbol::parts(text) {
        match part {
            Part::Text(known) => plain.push_str(known),
            Part::Symbol(origin) => {
                plain.push_str(&symbol::symbol(&origins.len().to_string()));
                origins.push(origin.to_owned());
            }
        }
    }
    (plain, origins)
}

#[derive(Debug)]
enum Frame {
    /// An array, and whether it has an element.
    Array(bool),
    /// An object, whether it has a member, and whether a value comes next.
    Object(bool, bool),
}

#[derive(Debug, Default)]
struct Writer {
    json: String,
    open: Vec<Frame>,
    /// Anchors of the containers that are open, with the place where each begins.
    starts: Vec<(usize, usize)>,
    anchors: BTreeMap<usize, (usize, usize)>,
    origins: Vec<String>,
    done: Vec<String>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) => {
                self.json.clear();
                self.anchors.clear();
            }
            Event::DocumentEnd => {
                let json = std::mem::take(&mut self.json);
                if !json.is_empty() && json != "null" {
                    self.done.push(json);
                }
            }
            Event::Alias(anchor) => {
                self.before_value()?;
                let (start, end) = *self.anchors.get(&anchor)?;
                let copy = self.json.get(start..end)?.to_owned();
                self.json.push_str(&copy);
            }
            Event::Scalar(text, style, anchor, _) => self.scalar(&text, style, anchor)?,
            Event::SequenceStart(anchor, _) => self.open(anchor, '[', Frame::Array(false))?,
            Event::MappingStart(anchor, _) => self.open(anchor, '{', Frame::Object(false, false))?,
            Event::SequenceEnd => self.close(']')?,
            Event::MappingEnd => self.close('}')?,
        }
        Some(())
    }

    fn open(&mut self, anchor: usize, bracket: char, frame: Frame) -> Option<()> {
        self.before_value()?;
        self.starts.push((anchor, self.json.len()));
        self.json.push(bracket);
        self.open.push(frame);
        Some(())
    }

    fn close(&mut self, bracket: char) -> Option<()> {
        self.json.push(bracket);
        self.open.pop()?;
        let (anchor, start) = self.starts.pop()?;
        if anchor > 0 {
            self.anchors.insert(anchor, (start, self.json.len()));
        }
        Some(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize) -> Option<()> {
        let text = self.restore(text);
        if let Some(Frame::Object(filled, value @ false)) = self.open.last_mut() {
            // A merge would have to be carried out, and then its keys ranked.
            if text == "<<" {
                return None;
            }
            if *filled {
                self.json.push(',');
            }
            (*filled, *value) = (true, true);
            self.json.push_str(&json::quote(&text));
            self.json.push(':');
            return Some(());
        }
        self.before_value()?;
        let start = self.json.len();
        let plain = matches!(style, ScalarStyle::Plain);
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" if plain => self.json.push_str("null"),
            "true" | "True" | "TRUE" if plain => self.json.push_str("true"),
            "false" | "False" | "FALSE" if plain => self.json.push_str("false"),
            _ if plain && is_integer(&text) => self.json.push_str(&text),
            _ => self.json.push_str(&json::quote(&text)),
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (start, self.json.len()));
        }
        Some(())
    }

    /// What stands between the last thing written and a value.
    fn before_value(&mut self) -> Option<()> {
        match self.open.last_mut() {
            None => {}
            Some(Frame::Array(filled)) => {
                if *filled {
                    self.json.push(',');
                }
                *filled = true;
            }
            Some(Frame::Object(_, value)) => {
                // A key that is a container or an alias.
                if !*value {
                    return None;
                }
                *value = false;
            }
        }
        Some(())
    }

    fn restore(&self, text: &str) -> String {
        if self.origins.is_empty() || !symbol::has_symbols(text) {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        for part in symbol::parts(text) {
            match part {
                Part::Text(known) => out.push_str(known),
                Part::Symbol(number) => {
                    let origin = number.parse().ok().and_then(|index: usize| self.origins.get(index));
                    out.push_str(&symbol::symbol(origin.map_or("", String::as_str)));
                }
            }
        }
        out
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits == "0"
        || digits.len() <= 18
            && !digits.starts_with('0')
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use nhi_plan::json::Value;
    use nhi_plan::symbol::symbol;
    use proptest::prelude::*;

    use super::{Unreadable, documents};

    #[test]
    fn documents_become_json() {
        let text = "apiVersion: v1\nkind: \"A\"\nrules:\n- verbs: [get, '*']\n  n: 3\n  x: ~\n- &a {b: true}\n- *a\n---\n# empty\n---\n[1, 02, \"3\"]\n";
        let wanted = [
            r#"{"apiVersion":"v1","kind":"A","rules":[{"verbs":["get","*"],"n":3,"x":null},{"b":true},{"b":true}]}"#,
            r#"[1,"02","3"]"#,
        ];
        assert_eq!(documents(text).expect("yaml"), wanted);
        assert_eq!(
            documents("{\"a\": [1, {\"b\": \"c\"}]}").expect("json"),
            [r#"{"a":[1,{"b":"c"}]}"#]
        );
        assert!(documents("").expect("nothing").is_empty());
    }

    #[test]
    fn symbols_survive() {
        let origin = r#"kubernetes_namespace.n[0].metadata["a: b"].name"#;
        let text = format!("a: {}\nb: [x-{}, \"{}\"]\n", symbol(origin), symbol("v"), symbol("w"));
        let read = documents(&text).expect("yaml");
        let parsed = nhi_plan::json::parse(&read[0]).expect("json");
        assert_eq!(
            parsed.root().get("a").and_then(Value::as_str).as_deref(),
            Some(&*symbol(origin))
        );
        assert_eq!(
            parsed.root().at("b[0]").and_then(Value::as_str),
            Some(format!("x-{}", symbol("v")).into())
        );
    }

    #[test]
    fn what_is_no_manifest_is_an_error() {
        let bomb: String = (1..40).fold(String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n"), |text, n| {
            format!("{text}a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1)
        });
        let deep = "[".repeat(5_000);
        let long = " ".repeat(2 << 20);
        for text in [
            "a: [",
            "a: b: c",
            "? [x]\n: y",
            "x: &x {<<: *x}",
            "a: &a [*a]",
            "\tx: {{ .Values.a }}: - ",
            &bomb,
            &deep,
            &long,
        ] {
            assert_eq!(documents(text), Err(Unreadable), "{}", text.get(..20).unwrap_or(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_json_or_an_error(text in "[-a: \\n{}\\[\\]&*?|>'\"#,0-9~!%\u{FDD0}\u{FDD1}]{0,120}") {
            for json in documents(&text).unwrap_or_default() {
                prop_assert!(nhi_plan::json::parse(&json).is_ok(), "{json}");
            }
        }
    }
}
