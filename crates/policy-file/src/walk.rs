//! Goes through a tree by its description and takes out what is good, each value with its path and its place.

use std::collections::{BTreeMap, BTreeSet};

use nhi_governance::{Environment, Organisation, Pattern, Problem, RiskTier, Ttl};

use crate::code::{COMPUTED, DUPLICATE, MISSING, TYPE, UNKNOWN, VALUE, quote};
use crate::fault::Collector;
use crate::literal;
use crate::shape::{Attribute, Block, Holds, Label, Repeat, nearest};
use crate::source::Source;
use crate::tree::{Entry, Kind, Node, Place};
use crate::version::{Constraint, version};

/// The most blocks of one name, and the most elements of a list.
const ITEMS_MAX: usize = 500;

/// A value that is what its attribute may hold; what is a text was checked by its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A block is there.
    Present,
    Flag(bool),
    Count(u32),
    Whole(i64),
    Duration(Ttl),
    Text(String),
    Texts(Vec<String>),
    Object(serde_json::Value),
}

/// A value at its path: `tier`, `low`, `score_from`.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
}

/// What a walk takes out.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) items: Vec<Item>,
    pub(crate) faults: Collector,
    /// Where the value of a path stands; the path is joined by dots.
    places: BTreeMap<String, Place>,
    /// The paths of attributes.
    values: BTreeSet<String>,
}

impl Walk {
    /// Where something of a path stands; where nothing does, what is around it.
    pub(crate) fn place(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return place.clone();
            }
            let Some((outer, _)) = path.rsplit_once('.') else {
                return 0..0;
            };
            path = outer;
        }
    }

    /// Whether the path is that of an attribute that stands in the file.
    pub(crate) fn is_value(&self, path: &str) -> bool {
        self.values.contains(path)
    }

    fn take(&mut self, path: Vec<String>, at: &Place, value: Value) {
        self.places.insert(path.join("."), at.clone());
        self.items.push(Item { path, value });
    }

    /// Everything inside of a block, or of the file.
    pub(crate) fn inside(&mut self, block: &'static Block, path: &[String], entries: &[Entry], at: &Place) {
        let mut seen: BTreeSet<&'static str> = BTreeSet::new();
        let mut counts = BTreeMap::new();
        for entry in entries {
            if let Kind::Computed(what) = entry.value.kind
                && entry.key.is_empty()
            {
                self.faults.add(&entry.at, computed(what));
                continue;
            }
            let name = entry.key.as_str();
            if let Some(attribute) = block.attributes.iter().find(|attribute| attribute.name == name) {
                self.attribute(attribute, path, entry, &mut seen);
            } else if let Some(inner) = block.blocks.iter().copied().find(|inner| inner.name == name) {
                seen.insert(inner.name);
                for one in instances(inner, entry, &mut self.faults) {
                    self.instance(inner, path, &one, &mut counts);
                }
            } else {
                self.faults.add(&entry.at, unknown(block, name));
            }
        }
        for attribute in block.attributes {
            if attribute.required && !seen.contains(attribute.name) {
                let message = format!("`{}` is missing", attribute.name);
                let help = format!("Write `{} = …` with {}.", attribute.name, attribute.holds.wanted());
                self.faults.add(at, Problem::new(&MISSING, message, help));
            }
        }
    }

    fn attribute(
        &mut self,
        attribute: &'static Attribute,
        path: &[String],
        entry: &Entry,
        seen: &mut BTreeSet<&'static str>,
    ) {
        let name = attribute.name;
        if entry.labels.is_some() {
            let help = format!("Write `{name} = …` with {}.", attribute.holds.wanted());
            let message = format!("`{name}` is written as a block");
            self.faults.add(&entry.at, Problem::new(&TYPE, message, help));
            return;
        }
        if !seen.insert(name) {
            self.faults.add(&entry.at, twice(&format!("`{name}`")));
            return;
        }
        let path_text = joined(path, name).join(".");
        self.places.insert(path_text.clone(), entry.value.at.clone());
        self.values.insert(path_text);
        let may_be_null = matches!(attribute.holds, Holds::Text | Holds::Texts | Holds::Whole);
        if entry.value.kind == Kind::Null && may_be_null {
            return;
        }
        match value(attribute, &entry.value) {
            Ok(value) => self.take(joined(path, name), &entry.value.at, value),
            Err(problems) => {
                for (at, problem) in problems {
                    self.faults.add(&at, problem);
                }
            }
        }
    }

    fn instance(
        &mut self,
        block: &'static Block,
        path: &[String],
        one: &Instance<'_>,
        counts: &mut BTreeMap<Vec<String>, usize>,
    ) {
        let mut path = joined(path, block.name);
        if let Some((label, at)) = &one.label {
            if let Err(problem) = label_of(block, label) {
                self.faults.add(at, problem);
                return;
            }
            path.push(label.clone());
        }
        let count = counts.entry(path.clone()).or_insert(0);
        let index = *count;
        *count += 1;
        let often = matches!(block.repeat, Repeat::Often | Repeat::OftenPer(_));
        if !often && index > 0 {
            let label = one.label.as_ref().map(|(label, _)| format!(" {}", quote(label)));
            let what = format!("block `{}`{}", block.name, label.unwrap_or_default());
            self.faults.add(&one.at, twice(&what));
            return;
        }
        if index >= ITEMS_MAX {
            let message = format!("there are more than {ITEMS_MAX} blocks `{}`", block.name);
            self.faults
                .add(&one.at, Problem::new(&VALUE, message, "Put rules together."));
            return;
        }
        if often {
            path.push(index.to_string());
        }
        self.take(path.clone(), &one.at, Value::Present);
        self.inside(block, &path, one.entries, &one.at);
    }
}

/// One block.
struct Instance<'e> {
    label: Option<(String, Place)>,
    entries: &'e [Entry],
    at: Place,
}

/// The blocks that an entry stands for: itself, or what an object or a list in the JSON form holds.
fn instances<'e>(block: &Block, entry: &'e Entry, faults: &mut Collector) -> Vec<Instance<'e>> {
    let form = form(block);
    let mut found = Vec::new();
    if let (Some(labels), Kind::Table(entries)) = (&entry.labels, &entry.value.kind) {
        let labelled = matches!(block.repeat, Repeat::OncePer(_) | Repeat::OftenPer(_));
        if labels.len() == usize::from(labelled) {
            found.push(Instance {
                label: labels.first().cloned(),
                entries,
                at: entry.at.clone(),
            });
        } else {
            let message = format!("block `{}` has {} labels", block.name, labels.len());
            faults.add(
                &entry.at,
                Problem::new(&TYPE, message, format!("Write `{form} {{ … }}`.")),
            );
        }
        return found;
    }
    let mut refuse = |node: &Node| {
        let wrong = match node.kind {
            Kind::Computed(what) => computed(what),
            _ => Problem::new(
                &TYPE,
                format!("`{}` is {} and not a block", block.name, node.kind.word()),
                format!("Write `{form} {{ … }}`."),
            ),
        };
        faults.add(&node.at, wrong);
    };
    let mut tables = |label: Option<(String, Place)>, node: &'e Node, often: bool| match &node.kind {
        Kind::Table(entries) if !often => found.push(Instance {
            label,
            entries,
            at: node.at.clone(),
        }),
        Kind::List(nodes) if often => {
            for node in nodes {
                match &node.kind {
                    Kind::Table(entries) => found.push(Instance {
                        label: label.clone(),
                        entries,
                        at: node.at.clone(),
                    }),
                    _ => refuse(node),
                }
            }
        }
        _ => refuse(node),
    };
    match (block.repeat, &entry.value.kind) {
        (Repeat::Once, _) => tables(None, &entry.value, false),
        (Repeat::Often, _) => tables(None, &entry.value, true),
        (Repeat::OncePer(_) | Repeat::OftenPer(_), Kind::Table(labelled)) => {
            for entry in labelled {
                let label = Some((entry.key.clone(), entry.at.clone()));
                tables(label, &entry.value, matches!(block.repeat, Repeat::OftenPer(_)));
            }
        }
        (Repeat::OncePer(_) | Repeat::OftenPer(_), _) => refuse(&entry.value),
    }
    found
}

/// A block as it is written: `tier "<tier>"`.
fn form(block: &Block) -> String {
    match block.repeat {
        Repeat::Once | Repeat::Often => block.name.to_owned(),
        Repeat::OncePer(label) | Repeat::OftenPer(label) => format!("{} \"<{}>\"", block.name, label.word()),
    }
}

fn label_of(block: &Block, text: &str) -> Result<(), Problem> {
    match block.repeat {
        Repeat::Once | Repeat::Often => Ok(()),
        Repeat::OncePer(label) | Repeat::OftenPer(label) => match label {
            Label::Tier => RiskTier::parse(text).map(drop),
            // A backend is a name of the same form.
            Label::Environment => Environment::parse(text).map(drop),
            Label::Backend => nhi_governance::Name::parse(text).map(drop).map_err(|_| {
                let help = "Write the name of a service in lower case, for example `aws` or `postgresql`.";
                Problem::new(&VALUE, format!("{} is not a backend", quote(text)), help)
            }),
            Label::Title if text.trim().is_empty() || text.len() > 200 => Err(Problem::new(
                &VALUE,
                "the title is empty or too long",
                "Say in a few words what the case shows.",
            )),
            Label::Title => Ok(()),
            Label::Name => name(text).map(drop),
            Label::Sources => Pattern::parse(text).map(drop),
        },
    }
}

fn joined(path: &[String], name: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(name.to_owned());
    path
}

fn unknown(block: &Block, name: &str) -> Problem {
    let attributes = block.attributes.iter().map(|attribute| attribute.name);
    let names: Vec<&str> = attributes.chain(block.blocks.iter().map(|inner| inner.name)).collect();
    let place = if block.name.is_empty() {
        "the file".to_owned()
    } else {
        format!("block `{}`", block.name)
    };
    let known: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("Write `{near}`."),
        None => format!("Write one of {}, or remove it.", known.join(", ")),
    };
    Problem::new(&UNKNOWN, format!("{place} has no {}", quote(name)), help)
}

pub(crate) fn twice(what: &str) -> Problem {
    Problem::new(&DUPLICATE, format!("{what} is there twice"), "Keep one of the two.")
}

pub(crate) fn computed(what: &str) -> Problem {
    let help = "Write the value itself: variables, functions and templates are not evaluated.";
    Problem::new(
        &COMPUTED,
        format!("{what} stands where a value has to be written out"),
        help,
    )
}

/// What a node holds, as its attribute wants it, or all that is wrong with it.
fn value(attribute: &Attribute, node: &Node) -> Result<Value, Vec<(Place, Problem)>> {
    let at = |problem| vec![(node.at.clone(), problem)];
    let wrong = || {
        let message = format!("`{}` is {}", attribute.name, node.kind.word());
        at(Problem::new(
            &TYPE,
            message,
            format!("Write {}.", attribute.holds.wanted()),
        ))
    };
    if let Kind::Computed(what) = node.kind {
        return Err(at(computed(what)));
    }
    match (attribute.holds, &node.kind) {
        (Holds::Flag, Kind::Flag(flag)) => Ok(Value::Flag(*flag)),
        (Holds::Count(min, max), Kind::Number(text)) => count(attribute, text, min, max).map_err(at),
        (Holds::Whole, Kind::Number(text)) => whole(attribute, text).map_err(at),
        (Holds::Duration, Kind::Text(text)) => Ttl::parse(text).map(Value::Duration).map_err(at),
        (Holds::Word(words), Kind::Text(text)) => word(words, text).map(Value::Text).map_err(at),
        (Holds::Organisation, Kind::Text(text)) => Organisation::parse(text)
            .map(|name| Value::Text(name.to_string()))
            .map_err(at),
        (Holds::Text, Kind::Text(text)) => Ok(Value::Text(text.clone())),
        (Holds::Words(words), Kind::List(nodes)) => list(attribute, nodes, |text| word(words, text)),
        (Holds::Environments, Kind::List(nodes)) => {
            list(attribute, nodes, |text| Environment::parse(text).map(String::from))
        }
        (Holds::Patterns, Kind::List(nodes)) => list(attribute, nodes, |text| Pattern::parse(text).map(String::from)),
        (Holds::Texts, Kind::List(nodes)) => list(attribute, nodes, |text| Ok(text.to_owned())),
        (Holds::Names, Kind::List(nodes)) => list(attribute, nodes, name),
        (Holds::Object, Kind::Table(_)) => literal::json(node).map(Value::Object).map_err(|wrong| vec![wrong]),
        (Holds::Source, Kind::Text(text)) => read(Source::parse(text)).map_err(at),
        (Holds::Version, Kind::Text(text)) => read(version(text)).map_err(at),
        (Holds::Versions, Kind::Text(text)) => read(Constraint::parse(text)).map_err(at),
        (Holds::Digest, Kind::Text(text)) => digest(text).map_err(at),
        _ => Err(wrong()),
    }
}

fn read<T: ToString>(read: Result<T, Problem>) -> Result<Value, Problem> {
    read.map(|read| Value::Text(read.to_string()))
}

fn digest(text: &str) -> Result<Value, Problem> {
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    let is_hex = |digits: &str| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits.is_some_and(is_hex) {
        return Ok(Value::Text(text.to_owned()));
    }
    let help = "Write `sha256:` and 64 hexadecimal digits in lower case.";
    Err(Problem::new(&VALUE, format!("{} is not a digest", quote(text)), help))
}

fn name(text: &str) -> Result<String, Problem> {
    nhi_governance::Name::parse(text).map(String::from).map_err(|_| {
        let help = "Write a name in lower case, for example `naming-rules`.";
        Problem::new(&VALUE, format!("{} is not a name", quote(text)), help)
    })
}

fn count(attribute: &Attribute, text: &str, min: u32, max: u32) -> Result<Value, Problem> {
    let number = text.parse::<u32>().ok().filter(|number| (min..=max).contains(number));
    number.map(Value::Count).ok_or_else(|| {
        let help = format!("Write {}.", attribute.holds.wanted());
        Problem::new(&VALUE, format!("`{}` cannot be {}", attribute.name, quote(text)), help)
    })
}

fn whole(attribute: &Attribute, text: &str) -> Result<Value, Problem> {
    text.parse::<i64>().map(Value::Whole).map_err(|_| {
        let message = format!("`{}` cannot be {}", attribute.name, quote(text));
        Problem::new(&VALUE, message, "Write a whole number.")
    })
}

fn word(words: &'static [&'static str], text: &str) -> Result<String, Problem> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    let help = match nearest(text, words.iter().copied()) {
        Some(near) => format!("Write `\"{near}\"`."),
        None => format!("Write {}.", Holds::Word(words).wanted()),
    };
    Err(Problem::new(
        &VALUE,
        format!("{} is none of the words for this", quote(text)),
        help,
    ))
}

fn list(
    attribute: &Attribute,
    nodes: &[Node],
    parse: impl Fn(&str) -> Result<String, Problem>,
) -> Result<Value, Vec<(Place, Problem)>> {
    let (mut texts, mut wrong) = (Vec::new(), Vec::new());
    if let Some(node) = nodes.get(ITEMS_MAX) {
        let message = format!("`{}` has more than {ITEMS_MAX} elements", attribute.name);
        return Err(vec![(
            node.at.clone(),
            Problem::new(&VALUE, message, "Split the rule."),
        )]);
    }
    for node in nodes {
        let parsed = match &node.kind {
            Kind::Text(text) if texts.contains(text) => Err(twice(&quote(text))),
            Kind::Text(text) => parse(text),
            Kind::Computed(what) => Err(computed(what)),
            other => {
                let message = format!("an element of `{}` is {}", attribute.name, other.word());
                Err(Problem::new(
                    &TYPE,
                    message,
                    format!("Write {}.", attribute.holds.wanted()),
                ))
            }
        };
        match parsed {
            Ok(text) => texts.push(text),
            Err(problem) => wrong.push((node.at.clone(), problem)),
        }
    }
    if wrong.is_empty() {
        Ok(Value::Texts(texts))
    } else {
        Err(wrong)
    }
}
