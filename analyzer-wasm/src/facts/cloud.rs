//! What the facts of Google Cloud, Azure and Entra share: values that may be known in part, blocks that are looked up
//! by reference, and who can become whom.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use nhi_plan::Severity;
use nhi_plan::json::Value;
use nhi_plan::symbol::{self, Part};

use super::Block;
use super::hash::Map;

/// Alternatives of one value that are told apart; nobody writes more of them by hand.
const OPTIONS_MAX: usize = 16;
/// Instances of one block that a reference may mean; of more than these only the block as a whole is meant.
const INSTANCES_MAX: usize = 64;

/// The value of an attribute: what it may turn out to be, and what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// One text where it is certain, several where it will be one of them, none where nothing is known.
    pub(crate) options: Vec<String>,
    /// Addresses that it rests on: of configuration by reference, of an instance by symbol.
    pub(crate) blocks: Vec<String>,
}

impl Text {
    /// The text at `path`; `None` where nobody set it.
    pub(crate) fn read(block: &Block<'_>, path: &str) -> Option<Self> {
        let value = block.after().and_then(|after| after.at(path));
        if let Some(found) = value.and_then(Value::as_str).filter(|found| !found.is_empty()) {
            let blocks = if symbol::has_symbols(&found) {
                block.references(path)
            } else {
                Vec::new()
            };
            return Some(Self::of(&found, blocks));
        }
        block.is_unknown(path).then(|| Self {
            options: Vec::new(),
            blocks: block.references(path),
        })
    }

    /// A text, with the blocks that its symbols name beside those that are known from elsewhere.
    pub(crate) fn of(text: &str, mut blocks: Vec<String>) -> Self {
        let options: Vec<_> = symbol::alternatives(text)
            .into_iter()
            .take(OPTIONS_MAX)
            .map(str::to_owned)
            .collect();
        for origin in options.iter().flat_map(|option| origins(option)) {
            if !blocks.contains(&origin) {
                blocks.push(origin);
            }
        }
        Self { options, blocks }
    }

    /// The text, where it is known whole and certain.
    pub(crate) fn known(&self) -> Option<&str> {
        match self.options.as_slice() {
            [one] if !symbol::has_symbols(one) => Some(one),
            _ => None,
        }
    }

    /// What a reader is shown.
    pub(crate) fn readable(&self) -> String {
        let shown = self.options.first().map(|option| symbol::readable(option).into_owned());
        shown
            .or_else(|| self.blocks.first().cloned())
            .unwrap_or_else(|| String::from("a value that is known only after apply"))
    }
}

/// The blocks that the symbols of a text name: `module.a["x"].azurerm_key_vault.v` for
/// `module.a["x"].azurerm_key_vault.v.id`.
fn origins(text: &str) -> Vec<String> {
    symbol::parts(text)
        .filter_map(|part| match part {
            Part::Symbol(origin) => address_of(origin),
            Part::Text(_) => None,
        })
        .collect()
}

/// The instance that an expression leads to: `aws_s3_bucket.b[0]` for `lower(aws_s3_bucket.b[0].arn)`.
pub(crate) fn address_of(reference: &str) -> Option<String> {
    // What could not be worked out keeps the name of the function around it.
    let inner = reference.rsplit('(').next().unwrap_or(reference);
    let inner = inner.split([')', ',']).next().unwrap_or(inner);
    let segments = segments(inner);
    let mut rest = segments.iter().copied().peekable();
    let mut count = 0;
    while rest.peek().is_some_and(|segment| *segment == "module") {
        count += rest.by_ref().take(2).count();
    }
    count += if rest.peek().is_some_and(|segment| *segment == "data") {
        3
    } else {
        2
    };
    let address = segments.get(..count)?.join(".");
    let is_block = !address.contains(' ') || address.contains("[\"");
    is_block.then_some(address)
}

/// The parts of an address or reference; a dot in a key parts nothing.
fn segments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (index, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => {
                found.extend(text.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    found.extend(text.get(start..));
    found
}

/// An address without instance keys.
pub(crate) fn without_keys(address: &str) -> Cow<'_, str> {
    if !address.contains('[') {
        return Cow::Borrowed(address);
    }
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some((before, bracket)) = rest.split_once('[') {
        out.push_str(before);
        let close = if bracket.starts_with('"') { "\"]" } else { "]" };
        match bracket.split_once(close) {
            Some((_, after)) => rest = after,
            None => return Cow::Owned(out),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The type of the block at an address: `data.google_project` for `module.m.data.google_project.p`.
pub(crate) fn type_of(address: &str) -> &str {
    let mut rest = segments(address).into_iter().peekable();
    let mut before = 0;
    while rest.peek().is_some_and(|segment| *segment == "module") {
        before += rest.by_ref().take(2).map(|segment| segment.len() + 1).sum::<usize>();
    }
    let parts = if rest.peek().is_some_and(|segment| *segment == "data") {
        2
    } else {
        1
    };
    let length = rest.take(parts).map(|segment| segment.len() + 1).sum::<usize>();
    address
        .get(before..before + length.saturating_sub(1))
        .unwrap_or(address)
}

/// The instance key at the end of an address: `["a"]`, `[0]`, or nothing.
pub(crate) fn instance_key(address: &str) -> &str {
    if !address.ends_with(']') {
        return "";
    }
    let start = if address.ends_with("\"]") {
        address.rfind("[\"")
    } else {
        address.rfind('[')
    };
    start.and_then(|start| address.get(start..)).unwrap_or_default()
}

/// Blocks by configuration address, and which of their instances a reference means.
#[derive(Debug)]
pub(crate) struct Instances<T>(Map<String, Same<T>>);

/// The instances of one block.
#[derive(Debug)]
struct Same<T> {
    all: Vec<Instance<T>>,
    /// Made when somebody asks for a block with more than one instance; most have one.
    places: OnceCell<Places>,
}

/// Where the instances of one block stand.
#[derive(Debug, Default)]
struct Places {
    addresses: BTreeMap<String, usize>,
    /// By module instance and own key.
    places: BTreeMap<(String, String), usize>,
}

#[derive(Debug)]
pub(crate) struct Instance<T> {
    pub(crate) address: String,
    module: String,
    pub(crate) value: T,
}

impl<T> Default for Instances<T> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<T> Same<T> {
    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let mut places = Places::default();
            for (index, instance) in self.all.iter().enumerate() {
                let place = (instance.module.clone(), instance_key(&instance.address).to_owned());
                places.places.insert(place, index);
                places.addresses.insert(instance.address.clone(), index);
            }
            places
        })
    }
}

impl<T> Instances<T> {
    pub(crate) fn add(&mut self, block: &Block<'_>, value: T) {
        let same = self.0.entry(block.change.config_address.to_string()).or_insert(Same {
            all: Vec::new(),
            places: OnceCell::new(),
        });
        same.places.take();
        same.all.push(Instance {
            address: block.change.address.to_string(),
            module: block.change.module_address.to_string(),
            value,
        });
    }

    /// The instances that a block at `site` means by a reference to `address`: the one of that address, the one with the
    /// same key in the same module instance, those of the same module instance, or all. Nothing where there are too many.
    pub(crate) fn meant(&self, address: &str, site: &Site) -> Vec<&Instance<T>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let Some(same) = self.0.get(&*without_keys(address)) else {
            return Vec::new();
        };
        // Whatever is asked for, the only instance is the nearest.
        if let [only] = same.all.as_slice() {
            return vec![only];
        }
        let Places { addresses, places } = same.places();
        if let Some(index) = addresses.get(address).filter(|_| address.contains('[')) {
            return same.all.get(*index).into_iter().collect();
        }
        let key = instance_key(&site.address).to_owned();
        if let Some(index) = places.get(&(site.module.clone(), key)) {
            return same.all.get(*index).into_iter().collect();
        }
        let beside: Vec<_> = places
            .range((site.module.clone(), String::new())..)
            .take_while(|((module, _), _)| *module == site.module)
            .filter_map(|(_, index)| same.all.get(*index))
            .take(INSTANCES_MAX + 1)
            .collect();
        let found = if beside.is_empty() {
            same.all.iter().take(INSTANCES_MAX + 1).collect()
        } else {
            beside
        };
        if found.len() > INSTANCES_MAX { Vec::new() } else { found }
    }
}

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) config_address: String,
    pub(crate) module: String,
    pub(crate) path: String,
}

impl Site {
    pub(crate) fn new(block: &Block<'_>, path: impl Into<String>) -> Self {
        Self {
            address: block.change.address.to_string(),
            config_address: block.change.config_address.to_string(),
            module: block.change.module_address.to_string(),
            path: path.into(),
        }
    }
}

/// Characters of foreign text that a message repeats.
const LABEL_CHARS_MAX: usize = 120;

/// Foreign text, cut to a length that a line can hold.
pub(crate) fn cut(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(LABEL_CHARS_MAX)
        .collect()
}

/// One step less severe; what is info stays info.
pub(crate) fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

/// One step more severe.
pub(crate) fn raise(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// Rows of a table of facts, without its comments.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_references() {
        let cases = [
            ("google_service_account.a.email", "google_service_account.a"),
            (r#"t.a["x.y"].email"#, r#"t.a["x.y"]"#),
            ("data.google_project.p.number", "data.google_project.p"),
            (
                r#"module.m["a"].module.n.data.t.x.id"#,
                r#"module.m["a"].module.n.data.t.x"#,
            ),
            ("module.m.t.x", "module.m.t.x"),
            ("replace(lower(t.x.id), 1)", "t.x"),
        ];
        for (reference, address) in cases {
            assert_eq!(address_of(reference).as_deref(), Some(address));
        }
        assert_eq!(address_of("each"), None);
        assert_eq!(type_of("module.m.data.google_project.p"), "data.google_project");
        assert_eq!(type_of("azurerm_key_vault.v"), "azurerm_key_vault");
        assert_eq!(
            type_of(r#"module.m["a.b"].azurerm_key_vault.v["c.d"]"#),
            "azurerm_key_vault"
        );
        assert_eq!(instance_key(r#"a.b["x[0]"]"#), r#"["x[0]"]"#);
        assert_eq!(instance_key("a.b[3]"), "[3]");
        assert_eq!(instance_key("a.b"), "");
    }

    #[test]
    fn texts_with_symbols_lead_to_blocks() {
        let text = format!(
            "serviceAccount:{}",
            symbol::symbol("module.m.google_service_account.a[0].email")
        );
        let text = Text::of(&text, Vec::new());
        assert_eq!(text.blocks, ["module.m.google_service_account.a[0]"]);
        assert_eq!(text.known(), None);
        let either = Text::of(&symbol::one_of(["roles/owner", "roles/viewer"]), Vec::new());
        assert_eq!(either.options, ["roles/owner", "roles/viewer"]);
        assert_eq!(either.known(), None);
    }
}
