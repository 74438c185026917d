//! Vault's policy language: stanzas of a path with capabilities, as HCL or as JSON.
//!
//! The text is foreign. Nothing recurses but nested values, to a depth; what is not understood is an error and never
//! a policy without rules. Facts: the documentation of Vault policies, the old `policy = "write"` included.

use std::iter::Peekable;
use std::str::Chars;

use nhi_plan::json::{self, Value};
use nhi_plan::symbol;

/// Bytes of one policy.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Values in values.
const DEPTH_MAX: usize = 32;
/// Stanzas of one policy.
const STANZAS_MAX: usize = 2_000;

/// The text is no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// What a stanza allows; `DENY` takes everything.
pub(crate) mod caps {
    pub(crate) const CREATE: u16 = 1;
    pub(crate) const READ: u16 = 2;
    pub(crate) const UPDATE: u16 = 4;
    pub(crate) const PATCH: u16 = 8;
    pub(crate) const DELETE: u16 = 16;
    pub(crate) const LIST: u16 = 32;
    pub(crate) const SUDO: u16 = 64;
    pub(crate) const DENY: u16 = 128;
    pub(crate) const WRITE: u16 = CREATE | UPDATE | PATCH;
}

/// A stanza.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stanza {
    pub(crate) path: String,
    pub(crate) caps: u16,
    /// A capability is known only after apply.
    pub(crate) unknown: bool,
    /// Only certain parameters may be sent.
    pub(crate) narrowed: bool,
}

/// A policy as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) stanzas: Vec<Stanza>,
    /// There may be further stanzas.
    pub(crate) unknown: bool,
}

/// Reads a policy in either spelling.
pub(crate) fn read(text: &str) -> Result<Policy, Broken> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Broken);
    }
    if text.trim_start().starts_with('{') {
        return read_json(text);
    }
    let mut reader = Reader {
        chars: text.chars().peekable(),
    };
    let mut policy = Policy::default();
    while let Some(token) = reader.token()? {
        match token {
            // A template wrote whole stanzas here.
            Token::Symbol => policy.unknown = true,
            Token::Name(name) if name == "path" => {
                let Token::Text(path) = reader.need()? else {
                    return Err(Broken);
                };
                if policy.stanzas.len() >= STANZAS_MAX {
                    return Err(Broken);
                }
                policy.stanzas.push(reader.stanza(path)?);
            }
            // `name = "…"` and other attributes of the whole policy.
            Token::Name(_) | Token::Text(_) => {
                if reader.need()? != Token::Mark('=') {
                    return Err(Broken);
                }
                let first = reader.need()?;
                reader.value(first, 0)?;
            }
            Token::Mark(_) => return Err(Broken),
        }
    }
    Ok(policy)
}

fn capability(stanza: &mut Stanza, name: &str) {
    stanza.caps |= match name {
        "create" => caps::CREATE,
        "read" => caps::READ,
        "update" => caps::UPDATE,
        "patch" => caps::PATCH,
        "delete" => caps::DELETE,
        "list" => caps::LIST,
        "sudo" => caps::SUDO,
        "deny" => caps::DENY,
        other => {
            stanza.unknown |= symbol::has_symbols(other);
            0
        }
    };
}

fn old_policy(stanza: &mut Stanza, name: &str) {
    let write = caps::CREATE | caps::READ | caps::UPDATE | caps::DELETE | caps::LIST;
    stanza.caps |= match name {
        "deny" => caps::DENY,
        "read" => caps::READ | caps::LIST,
        "write" => write,
        "sudo" => write | caps::SUDO,
        other => {
            stanza.unknown |= symbol::has_symbols(other);
            0
        }
    };
}

/// A stanza out of its parts, for those who have them already.
pub(crate) fn stanza<'t>(path: &str, capabilities: impl Iterator<Item = Option<std::borrow::Cow<'t, str>>>) -> Stanza {
    let mut stanza = Stanza {
        path: path.to_owned(),
        ..Stanza::default()
    };
    for name in capabilities {
        match name {
            Some(name) => capability(&mut stanza, &name),
            None => stanza.unknown = true,
        }
    }
    stanza
}

fn read_json(text: &str) -> Result<Policy, Broken> {
    let document = json::parse(text).map_err(|_| Broken)?;
    let mut policy = Policy::default();
    let paths = document.root().get("path").ok_or(Broken)?;
    for group in one_or_many(paths) {
        for (path, body) in group.members() {
            for body in one_or_many(body) {
                let names = body
                    .get("capabilities")
                    .into_iter()
                    .flat_map(Value::elements)
                    .map(Value::as_str);
                let mut stanza = stanza(&path, names);
                if let Some(name) = body.get("policy").and_then(Value::as_str) {
                    old_policy(&mut stanza, &name);
                }
                let allowed = body.get("allowed_parameters").into_iter().flat_map(one_or_many);
                for parameters in allowed {
                    stanza.narrowed |= !parameters.is_empty() && parameters.get("*").is_none();
                }
                if policy.stanzas.len() >= STANZAS_MAX {
                    return Err(Broken);
                }
                policy.stanzas.push(stanza);
            }
        }
    }
    Ok(policy)
}

fn one_or_many(value: Value<'_>) -> Vec<Value<'_>> {
    if value.kind() == json::Kind::Array {
        value.elements().collect()
    } else {
        vec![value]
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Mark(char),
    /// Something that is known only after apply.
    Symbol,
}

struct Reader<'t> {
    chars: Peekable<Chars<'t>>,
}

impl Reader<'_> {
    fn need(&mut self) -> Result<Token, Broken> {
        self.token()?.ok_or(Broken)
    }

    fn token(&mut self) -> Result<Option<Token>, Broken> {
        self.blank()?;
        let Some(first) = self.chars.next() else {
            return Ok(None);
        };
        Ok(Some(match first {
            '"' => Token::Text(self.text()?),
            '{' | '}' | '[' | ']' | '=' | ',' | ':' => Token::Mark(first),
            '<' => Token::Text(self.heredoc()?),
            symbol::OPEN => {
                while self.chars.next().ok_or(Broken)? != symbol::CLOSE {}
                Token::Symbol
            }
            _ if is_name(first) => {
                let mut name = String::from(first);
                while let Some(next) = self.chars.next_if(|next| is_name(*next)) {
                    name.push(next);
                }
                Token::Name(name)
            }
            _ => return Err(Broken),
        }))
    }

    /// Passes white space and comments.
    fn blank(&mut self) -> Result<(), Broken> {
        while let Some(next) = self.chars.peek().copied() {
            match next {
                '#' => while self.chars.next_if(|c| *c != '\n').is_some() {},
                '/' => {
                    self.chars.next();
                    match self.chars.next() {
                        Some('/') => while self.chars.next_if(|c| *c != '\n').is_some() {},
                        Some('*') => self.comment()?,
                        _ => return Err(Broken),
                    }
                }
                _ if next.is_whitespace() || next == '\u{FEFF}' => {
                    self.chars.next();
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), Broken> {
        loop {
            if self.chars.next().ok_or(Broken)? == '*' && self.chars.next_if_eq(&'/').is_some() {
                return Ok(());
            }
        }
    }

    fn text(&mut self) -> Result<String, Broken> {
        let mut text = String::new();
        loop {
            match self.chars.next().ok_or(Broken)? {
                '"' => return Ok(text),
                '\n' => return Err(Broken),
                '\\' => match self.chars.next().ok_or(Broken)? {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    other @ ('"' | '\\' | '/') => text.push(other),
                    _ => return Err(Broken),
                },
                // An origin may hold quotes.
                symbol::OPEN => {
                    text.push(symbol::OPEN);
                    loop {
                        let next = self.chars.next().ok_or(Broken)?;
                        text.push(next);
                        if next == symbol::CLOSE {
                            break;
                        }
                    }
                }
                other => text.push(other),
            }
        }
    }

    fn heredoc(&mut self) -> Result<String, Broken> {
        self.chars.next_if_eq(&'<').ok_or(Broken)?;
        self.chars.next_if_eq(&'-');
        let mut line = || -> Result<String, Broken> {
            let mut line = String::new();
            loop {
                match self.chars.next().ok_or(Broken)? {
                    '\n' => return Ok(line),
                    other => line.push(other),
                }
            }
        };
        let end = line()?.trim().to_owned();
        let mut text = String::new();
        loop {
            let next = line()?;
            if next.trim() == end {
                return Ok(text);
            }
            text.push_str(&next);
            text.push('\n');
        }
    }

    fn stanza(&mut self, path: String) -> Result<Stanza, Broken> {
        let mut stanza = Stanza {
            path,
            ..Stanza::default()
        };
        let mut token = self.need()?;
        if token == Token::Mark('=') {
            token = self.need()?;
        }
        if token != Token::Mark('{') {
            return Err(Broken);
        }
        loop {
            let key = match self.need()? {
                Token::Mark('}') => return Ok(stanza),
                Token::Mark(',') => continue,
                Token::Symbol => {
                    stanza.unknown = true;
                    continue;
                }
                Token::Name(key) | Token::Text(key) => key,
                Token::Mark(_) => return Err(Broken),
            };
            let mut first = self.need()?;
            if matches!(first, Token::Mark('=' | ':')) {
                first = self.need()?;
            }
            let unknown = first == Token::Symbol;
            let values = self.value(first, 0)?;
            match key.as_str() {
                "capabilities" => {
                    stanza.unknown |= unknown;
                    for name in values {
                        capability(&mut stanza, &name);
                    }
                }
                "policy" => {
                    stanza.unknown |= unknown;
                    for name in values {
                        old_policy(&mut stanza, &name);
                    }
                }
                "allowed_parameters" => stanza.narrowed = !values.is_empty() && !values.iter().any(|key| key == "*"),
                _ => {}
            }
        }
    }

    /// Reads a value of any kind: the texts of a list, the keys of an object. `first` is its first token.
    fn value(&mut self, first: Token, depth: usize) -> Result<Vec<String>, Broken> {
        if depth > DEPTH_MAX {
            return Err(Broken);
        }
        match first {
            Token::Text(text) | Token::Name(text) => Ok(vec![text]),
            // Stands among the names, which says that one is missing.
            Token::Symbol => Ok(vec![symbol::symbol("")]),
            Token::Mark('[') => {
                let mut values = Vec::new();
                loop {
                    match self.need()? {
                        Token::Mark(']') => return Ok(values),
                        Token::Mark(',') => {}
                        token => values.extend(self.value(token, depth + 1)?),
                    }
                }
            }
            Token::Mark('{') => {
                let mut keys = Vec::new();
                loop {
                    match self.need()? {
                        Token::Mark('}') => return Ok(keys),
                        Token::Mark(',') => {}
                        Token::Name(key) | Token::Text(key) => {
                            keys.push(key);
                            let mut token = self.need()?;
                            if matches!(token, Token::Mark('=' | ':')) {
                                token = self.need()?;
                            }
                            self.value(token, depth + 1)?;
                        }
                        Token::Symbol => keys.push(symbol::symbol("")),
                        Token::Mark(_) => return Err(Broken),
                    }
                }
            }
            Token::Mark(_) => Err(Broken),
        }
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;
    use proptest::prelude::*;

    use super::{Broken, Stanza, caps, read};

    fn one(text: &str) -> Stanza {
        let policy = read(text).expect("a policy");
        assert_eq!(policy.stanzas.len(), 1, "{policy:?}");
        policy.stanzas[0].clone()
    }

    #[test]
    fn spellings() {
        let wanted = |path: &str, caps: u16| Stanza {
            path: path.to_owned(),
            caps,
            ..Stanza::default()
        };
        let read_list = caps::READ | caps::LIST;
        for text in [
            "path \"a/*\" { capabilities = [\"read\", \"list\"] }",
            "# why\npath \"a/*\" {\n  // two\n  capabilities = [\"read\",\"list\",] /* and */\n}\n",
            "path \"a/*\" { policy = \"read\" }",
            r#"{"path":{"a/*":{"capabilities":["read","list"]}}}"#,
            r#"{"path":[{"a/*":[{"capabilities":["read","list"]}]}]}"#,
            "name = \"x\"\npath \"a/*\" { capabilities = [\"list\"] policy = \"read\" max_wrapping_ttl = \"1h\" control_group = { factor \"a\" { identity { approvals = 1 } } } }",
        ] {
            let found = read(text);
            if text.contains("control_group") {
                // A block in a block has two labels; it narrows nothing that is judged here.
                assert!(found.is_ok() || found == Err(Broken));
                continue;
            }
            assert_eq!(found.expect("a policy").stanzas, [wanted("a/*", read_list)], "{text}");
        }
        assert_eq!(one("path \"a\" { policy = \"sudo\" }").caps & caps::SUDO, caps::SUDO);
        assert_eq!(
            one("path \"a\" { capabilities = [\"deny\", \"read\"] }").caps & caps::DENY,
            caps::DENY
        );
        assert!(
            one("path \"a\" { capabilities = [\"update\"] allowed_parameters = { \"policies\" = [[\"a\"]] } }")
                .narrowed
        );
        assert!(!one("path \"a\" { capabilities = [\"update\"] allowed_parameters = { \"*\" = [] } }").narrowed);
    }

    #[test]
    fn symbols() {
        let text = format!(
            "path \"{}/x\" {{ capabilities = [{}] }}\n{}",
            symbol("vault_mount.m[\"k\"].path"),
            symbol("var.c"),
            symbol("x")
        );
        let policy = read(&text).expect("a policy");
        assert!(policy.unknown && policy.stanzas[0].unknown);
        assert_eq!(
            policy.stanzas[0].path,
            format!("{}/x", symbol("vault_mount.m[\"k\"].path"))
        );
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        let deep = format!("x = {}", "[".repeat(100));
        for text in [
            "path",
            "path \"a\"",
            "path \"a\" {",
            "path \"a",
            "path a {}",
            "{",
            "{}",
            "<<X\n",
            "/* ",
            "x = ]",
            "}",
            "path \"a\" { capabilities = \u{FDD0}",
            &deep,
        ] {
            assert_eq!(read(text), Err(Broken), "{text}");
        }
        assert_eq!(read("").map(|policy| policy.stanzas.len()), Ok(0));
    }

    proptest! {
        #[test]
        fn any_text_is_a_policy_or_an_error(text in "(path |\"|\\{|\\}|\\[|\\]|=|,|a/\\*|\\+|capabilities|deny|\\\\|<<|#|/\\*|\n|\u{FDD0}|\u{FDD1}){0,60}") {
            let _ = read(&text);
        }
    }
}
