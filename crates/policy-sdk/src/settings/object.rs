//! Objects: their schema, and their members with names that are known.

use nhi_plan::json::{Kind, Value};

use super::kinds::{listed, quote, wrong};
use super::{Reader, Setting};

/// Writes the schema of an object, or an object, member by member.
#[derive(Debug)]
pub struct Schema<'o> {
    out: &'o mut String,
    required: Vec<&'static str>,
    is_first: bool,
}

/// A field's name as it stands in JSON.
fn name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

impl<'o> Schema<'o> {
    /// Begins a schema.
    pub fn new(out: &'o mut String) -> Self {
        out.push_str(r#""type":"object","additionalProperties":false,"properties":{"#);
        Self {
            out,
            required: Vec::new(),
            is_first: true,
        }
    }

    /// Begins an object.
    pub fn bare(out: &'o mut String) -> Self {
        out.push('{');
        Self {
            out,
            required: Vec::new(),
            is_first: true,
        }
    }

    fn key(&mut self, field: &'static str) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        quote(self.out, name(field));
        self.out.push(':');
    }

    /// Adds the schema of a member.
    pub fn member<T: Setting>(&mut self, field: &'static str, doc: &str, default: Option<fn() -> T>) {
        self.key(field);
        self.out.push('{');
        let doc = doc.trim();
        if !doc.is_empty() {
            self.out.push_str(r#""description":"#);
            quote(self.out, doc);
            self.out.push(',');
        }
        T::schema(self.out);
        match default {
            Some(default) => {
                self.out.push_str(r#","default":"#);
                default().write(self.out);
            }
            None if T::absent().is_none() => self.required.push(name(field)),
            None => {}
        }
        self.out.push('}');
    }

    /// Adds the value of a member.
    pub fn value<T: Setting>(&mut self, field: &'static str, value: &T) {
        self.key(field);
        value.write(self.out);
    }

    /// Ends an object.
    pub fn close(self) {
        self.out.push('}');
    }

    /// Ends a schema.
    pub fn end(self) {
        self.out.push_str(r#"},"required":["#);
        for (number, field) in self.required.iter().enumerate() {
            if number > 0 {
                self.out.push(',');
            }
            quote(self.out, field);
        }
        self.out.push(']');
    }
}

/// An object whose members all have known names.
#[derive(Debug)]
pub struct Members<'v>(Value<'v>);

impl<'v> Members<'v> {
    /// Tells every member that is not known.
    pub fn of(value: Value<'v>, fields: &[&'static str], reader: &mut Reader) -> Option<Self> {
        if value.kind() != Kind::Object {
            return reader.mistake(wrong(value), "write an object, such as `{}`");
        }
        for (key, _) in value.members() {
            if !fields.iter().any(|field| name(field) == key) {
                reader.member(&key, |reader| unknown(&key, fields, reader));
            }
        }
        Some(Self(value))
    }

    /// Reads a member.
    pub fn read<T: Setting>(&self, field: &'static str, default: Option<fn() -> T>, reader: &mut Reader) -> Option<T> {
        let field = name(field);
        reader.member(field, |reader| match (self.0.get(field), default) {
            (Some(value), _) => T::read(value, reader),
            (None, Some(default)) => Some(default()),
            (None, None) => T::absent().or_else(|| reader.mistake("is missing", "it has to be set")),
        })
    }
}

#[cold]
fn unknown(key: &str, fields: &[&'static str], reader: &mut Reader) {
    let near = fields
        .iter()
        .map(|field| name(field))
        .min_by_key(|field| distance(key, field));
    let advice = match near {
        None => String::from("there is nothing to set"),
        Some(near) if distance(key, near) <= near.len().div_ceil(3) => format!("did you mean `{near}`?"),
        Some(_) => {
            let fields: Vec<&str> = fields.iter().map(|field| name(field)).collect();
            format!("there is {}", listed(&fields))
        }
    };
    let _: Option<()> = reader.mistake("is not a setting", &advice);
}

/// How many letters have to be changed, added or taken out: Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let mut costs: Vec<usize> = (0..=other.chars().count()).collect();
    for (row, a) in one.chars().take(64).enumerate() {
        let (mut diagonal, mut left) = (row, row + 1);
        let mut next = vec![left];
        for (b, above) in other.chars().zip(costs.iter().skip(1)) {
            left = (diagonal + usize::from(a != b)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        costs = next;
    }
    costs.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances() {
        for (one, other, wanted) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ab", 1),
            ("required_tag", "required_tags", 1),
            ("kitten", "sitting", 3),
            ("", "four", 4),
        ] {
            assert_eq!(super::distance(one, other), wanted, "`{one}` `{other}`");
        }
    }
}
