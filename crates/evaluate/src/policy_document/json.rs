//! JSON as Go's encoder writes it: compact, or indented by two spaces.

use crate::fault::Fault;
use crate::json_text::quote_into;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Text(String),
    /// A number, a bool or null, as it is written.
    Raw(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn write(&self, indent: Option<usize>, bytes_max: usize) -> Result<String, Fault> {
        let mut out = String::new();
        self.write_into(&mut out, indent, bytes_max)?;
        Ok(out)
    }

    fn write_into(&self, out: &mut String, indent: Option<usize>, bytes_max: usize) -> Result<(), Fault> {
        if out.len() > bytes_max {
            return Err(Fault::Limit("a text is too long"));
        }
        let line = |out: &mut String, level: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", level));
        };
        let inner = indent.map(|level| level + 1);
        match self {
            Self::Text(text) => quote_into(out, text),
            Self::Raw(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    if let Some(level) = inner {
                        line(out, level);
                    }
                    item.write_into(out, inner, bytes_max)?;
                }
                if let Some(level) = indent.filter(|_| !items.is_empty()) {
                    line(out, level);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (key, item)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    if let Some(level) = inner {
                        line(out, level);
                    }
                    quote_into(out, key);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    item.write_into(out, inner, bytes_max)?;
                }
                if let Some(level) = indent.filter(|_| !members.is_empty()) {
                    line(out, level);
                }
                out.push('}');
            }
        }
        Ok(())
    }
}
