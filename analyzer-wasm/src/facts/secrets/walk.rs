//! Goes through the values, the expressions and the provisioners of a block.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use memchr::memmem::Finder;
use nhi_plan::json::{self, Trail, Value};
use nhi_plan::path::Segment;
use nhi_plan::{Mode, Severity, symbol};

use super::names::{self, Class};
use super::needles::{NEEDLES, Needle};
use super::schema::{self, Kind, Row};
use super::shapes::{AWS_KEY_ID, TEMPORARY_ID};
use super::strength::{self, Judged, Trust};
use super::{Hit, decode, fingerprint, named};
use crate::facts::Block;
use crate::facts::block::without_indices;

/// What the expressions of a block that writes something out hold; made once, because it is looked for in every block.
static CONSTANT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("constant_value"));

/// Hits of one block; more of them say nothing new.
const HITS_MAX: usize = 32;
/// Bytes of one block that are decoded and nested texts that are read, all layers together.
const BUDGET: usize = 16 << 20;

pub(super) const AWS_SECRET: &str = "AWS secret access key";

/// Every credential in the values, the expressions and the provisioners of a block.
pub(crate) fn scan(block: &Block<'_>) -> Vec<Hit> {
    let mut scanner = Scanner::new(block);
    let change = block.change;
    let rows = scanner.rows;
    // What is encoded twice shows no beginning that the automaton knows.
    let may_wrap = rows.iter().any(|row| row.kind == Kind::Config);
    let worth =
        |text: &str| schema::may_take(rows, text) || NEEDLES.any(text) || may_wrap && decode::has_long_run(text);
    // The constants of a variable's declaration come first: they are its source.
    if change.mode == Mode::Variable {
        let declared = block.configuration().and_then(|declared| declared.get("default"));
        if let Some(default) = declared.filter(|default| scanner.variable_is_secret() || NEEDLES.any(default.raw())) {
            scanner.origin = Origin::Default;
            scanner.values(default);
        }
    }
    let is_named = scanner.variable_is_secret();
    if change.after.as_deref().is_some_and(|text| is_named || worth(text)) {
        scanner.origin = Origin::Planned;
        block.after().into_iter().for_each(|root| scanner.values(root));
    }
    let has_expressions = matches!(change.mode, Mode::Managed | Mode::Data);
    let has_constants = |text: &str| {
        CONSTANT.find(text.as_bytes()).is_some() && (rows.iter().any(|row| row.kind.takes()) || NEEDLES.any(text))
    };
    if has_expressions && change.configuration.as_deref().is_some_and(has_constants) {
        scanner.origin = Origin::Expressions;
        scanner.by_name = true;
        block.configuration().into_iter().for_each(|root| scanner.values(root));
    }
    let provisioners = change.attributes.iter().find(|(key, _)| key == "provisioners");
    if let Some((_, text)) = provisioners.filter(|(_, text)| NEEDLES.any(text))
        && let Ok(document) = json::parse(text)
    {
        scanner.origin = Origin::Provisioners;
        scanner.by_name = true;
        scanner.values(document.root());
    }
    for (_, text) in change.attributes.iter().filter(|(key, _)| key == "inside") {
        scanner.inside(text);
    }
    scanner.finish()
}

/// Which part of a block is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    #[default]
    Planned,
    Default,
    Expressions,
    Provisioners,
    /// Text that will be encoded.
    Inside,
}

pub(super) struct Scanner<'n> {
    pub(super) now: &'n str,
    origin: Origin,
    rows: &'static [Row],
    /// The name of the variable or output that the block is.
    variable: Option<&'n str>,
    /// Names count: what a data source read from elsewhere is nobody's constant.
    pub(super) by_name: bool,
    hits: Vec<Hit>,
    /// Values that were told: one value in `tags` and `tags_all` is one hit.
    told: BTreeSet<fingerprint::Mark>,
    /// How often something was proven, told or not.
    pub(super) proven: usize,
    /// Bytes that may still be decoded.
    pub(super) budget: usize,
    /// Where an AWS secret key may stand, in case its id shows up.
    candidates: Vec<Hit>,
}

/// Where the text at hand stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) path: &'p dyn Fn() -> String,
    pub(super) depth: u32,
    pub(super) encoded: bool,
}

impl Place<'_> {
    pub(super) fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    pub(super) fn encoded(self) -> Self {
        Self { encoded: true, ..self }
    }
}

impl<'n> Scanner<'n> {
    fn new(block: &'n Block<'_>) -> Self {
        let change = block.change;
        let name = match change.mode {
            Mode::Variable => change.address.rsplit_once("var.").map(|(_, name)| name),
            Mode::Output => change.address.strip_prefix("output."),
            _ => None,
        };
        Self {
            now: block.now,
            origin: Origin::Planned,
            rows: rows(block),
            variable: name,
            by_name: change.mode != Mode::Data,
            hits: Vec::new(),
            told: BTreeSet::new(),
            proven: 0,
            budget: BUDGET,
            candidates: Vec::new(),
        }
    }

    fn variable_is_secret(&self) -> bool {
        self.variable.is_some_and(|name| names::class(name).is_some())
    }

    /// Takes from the budget; `false` where it is used up.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.budget;
        self.budget = self.budget.saturating_sub(bytes);
        fits
    }

    fn values(&mut self, root: Value<'_>) {
        let origin = self.origin;
        let siblings = siblings(root, origin);
        root.walk(|trail, text| {
            // What is referred to stands elsewhere.
            if matches!(origin, Origin::Expressions | Origin::Provisioners) && is_reference(trail) {
                return;
            }
            let path = || attribute_path(trail, origin);
            let place = Place {
                path: &path,
                depth: 0,
                encoded: false,
            };
            let row = if self.rows.is_empty() {
                None
            } else {
                schema::find(self.rows, &without_indices(&path())).copied()
            };
            let name = name(trail, origin, &siblings);
            let is_made = row.is_some_and(|row| matches!(row.kind, Kind::Made | Kind::Store))
                || row.is_none() && origin == Origin::Planned && self.variable.is_none() && schema::is_made(&name);
            if !is_made {
                self.leaf(&name, &text, row, place);
            }
        });
    }

    /// A path, and below it the text that is known to be encoded there.
    fn inside(&mut self, text: &str) {
        let Some((path, text)) = text.split_once('\n').filter(|(_, text)| NEEDLES.any(text)) else {
            return;
        };
        self.origin = Origin::Inside;
        self.by_name = true;
        let path = || path.to_owned();
        let place = Place {
            path: &path,
            depth: 0,
            encoded: true,
        };
        self.leaf("", text, None, place);
    }

    /// JSON inside a text.
    pub(super) fn nested(&mut self, root: Value<'_>, place: Place<'_>) {
        let siblings = siblings(root, Origin::Planned);
        root.walk(|trail, text| {
            let name = name(trail, Origin::Planned, &siblings);
            self.leaf(&name, &text, None, place);
        });
    }

    fn leaf(&mut self, name: &str, text: &str, row: Option<Row>, place: Place<'_>) {
        // What will be one of several texts is spelled out in each.
        let texts = symbol::alternatives(text);
        if texts.len() > 1 {
            for text in texts {
                self.leaf(name, text, row, place);
            }
            return;
        }
        let before = self.proven;
        if named::is_aws_secret(text) {
            let hit = self.hit(AWS_SECRET, Severity::High, text.as_bytes(), text.len(), place);
            if named::names_aws_secret(name) {
                self.push(hit);
            } else {
                self.candidates.push(hit);
            }
        }
        self.text(text, place);
        if self.proven > before {
            return;
        }
        match row.map(|row| row.kind) {
            Some(Kind::Carries | Kind::WriteOnly | Kind::Map) => self.by_schema(name, text, row, place),
            Some(Kind::Made | Kind::Store | Kind::Public) => {}
            _ if self.origin == Origin::Expressions && name.ends_with("_wo") => self.by_schema(name, text, row, place),
            Some(Kind::Config) | None if self.by_name => {
                let class = names::class(name).or_else(|| self.variable_class(name));
                let judged = class.and_then(|class| strength::judge(class, text, Trust::Name));
                self.judged(judged, text, place);
            }
            Some(Kind::Config) | None => {}
        }
    }

    /// What lies in a variable with the name of a secret is one, whatever its key.
    fn variable_class(&self, name: &str) -> Option<Class> {
        let class = names::class(self.variable?)?;
        (!names::identifies(name)).then_some(class)
    }

    fn by_schema(&mut self, name: &str, text: &str, row: Option<Row>, place: Place<'_>) {
        if text.trim_start().starts_with('{')
            && let Ok(document) = json::parse(text)
        {
            document.root().walk(|trail, text| {
                let key = trail.last_key().unwrap_or_default();
                self.judged(strength::in_map(&key, &text), &text, place);
            });
            return;
        }
        let judged = if row.is_some_and(|row| row.kind == Kind::Map) {
            strength::in_map(name, text)
        } else {
            strength::by_schema(name, text)
        };
        self.judged(judged, text, place);
    }

    fn judged(&mut self, judged: Option<Judged>, text: &str, place: Place<'_>) {
        if let Some(judged) = judged {
            let place = if judged.encoded { place.encoded() } else { place };
            let text = text.trim();
            self.tell(judged.kind, judged.severity, text.as_bytes(), text.len(), place);
        }
    }

    fn hit(&self, kind: &'static str, severity: Severity, value: &[u8], length: usize, place: Place<'_>) -> Hit {
        Hit {
            path: shown_path((place.path)()),
            kind,
            length,
            severity,
            encoded: place.encoded,
            in_configuration: self.origin != Origin::Planned,
            mark: fingerprint::mark(value),
        }
    }

    fn push(&mut self, hit: Hit) {
        self.proven += 1;
        if self.hits.len() < HITS_MAX && self.told.insert(hit.mark) {
            self.hits.push(hit);
        }
    }

    pub(super) fn tell(
        &mut self,
        kind: &'static str,
        severity: Severity,
        value: &[u8],
        length: usize,
        place: Place<'_>,
    ) {
        let hit = self.hit(kind, severity, value, length, place);
        self.push(hit);
    }

    /// A key id with its secret is one credential; a temporary id without one is none.
    fn finish(mut self) -> Vec<Hit> {
        let is_id = |hit: &Hit| hit.kind == AWS_KEY_ID || hit.kind == TEMPORARY_ID;
        if self.hits.iter().any(is_id) && !self.hits.iter().any(|hit| hit.kind == AWS_SECRET) {
            let fresh = self.candidates.drain(..).find(|hit| self.told.insert(hit.mark));
            self.hits.extend(fresh);
        }
        let has_secret = self.hits.iter().any(|hit| hit.kind == AWS_SECRET);
        self.hits
            .retain(|hit| hit.kind != TEMPORARY_ID && !(has_secret && hit.kind == AWS_KEY_ID));
        self.hits.sort();
        self.hits
    }
}

/// A path in which no key is a secret itself: what looks like one is left out.
fn shown_path(path: String) -> String {
    // Identifiers of attributes stand without quotes.
    if path.len() < 8 {
        return path;
    }
    let is_secret = |key: &str| {
        strength::judge(Class::Token, key, Trust::Name).is_some()
            || strength::judge(Class::Password, key, Trust::Name).is_some() && key.len() >= 12
            || NEEDLES
                .find(key)
                .any(|(start, _, needle)| matches!(needle, Needle::Shape(shape) if shape.prove(key, start).is_some()))
    };
    let segments = nhi_plan::path::parse(&path).unwrap_or_default();
    let hides = |segment: &Segment<'_>| matches!(segment, Segment::Key(key) if is_secret(key));
    if !segments.iter().any(hides) {
        return path;
    }
    segments.iter().fold(String::new(), |mut shown, segment| {
        if hides(segment) {
            shown.push_str("[*]");
        } else {
            nhi_plan::path::push(&mut shown, segment);
        }
        shown
    })
}

/// Whether the way leads into a list of references.
fn is_reference(trail: &Trail<'_>) -> bool {
    let mut keys = trail.segments().rev();
    let (last, before) = (keys.next(), keys.next());
    matches!((last, before), (Some(Segment::Index(_)), Some(Segment::Key(key))) if key == "references")
}

/// The rows of a block's type. A parameter that is no `SecureString` takes no secret by its schema.
fn rows(block: &Block<'_>) -> &'static [Row] {
    let change = block.change;
    let is_parameter = change.resource_type == "aws_ssm_parameter";
    if is_parameter && block.string("type").is_some_and(|kind| kind != "SecureString") {
        return &[];
    }
    schema::rows(change.mode, &change.resource_type)
}

/// Calls `visit` for every string of a planned value with its path and the name that it stands under.
pub(super) fn under_names(root: Value<'_>, mut visit: impl FnMut(String, &str, &str)) {
    let siblings = siblings(root, Origin::Planned);
    root.walk(|trail, text| {
        visit(trail.path(), &name(trail, Origin::Planned, &siblings), &text);
    });
}

/// Names that stand beside values, by the object that holds both: `{name, value}`.
fn siblings(root: Value<'_>, origin: Origin) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    // Most objects have no value to be named.
    if ![
        "\"value\"",
        "\"Value\"",
        "\"text_value\"",
        "\"value_wo\"",
        "\"secret_value\"",
    ]
    .iter()
    .any(|key| root.raw().contains(key))
    {
        return names;
    }
    root.walk(|trail, text| {
        let path = attribute_path(trail, origin);
        if let Some((owner, "name" | "key" | "Name" | "Key" | "variable_name")) = path.rsplit_once('.') {
            names.entry(owner.to_owned()).or_insert_with(|| text.into_owned());
        } else if matches!(path.as_str(), "name" | "key" | "variable_name") {
            names.entry(String::new()).or_insert_with(|| text.into_owned());
        }
    });
    names
}

/// The name that a value stands under: that beside it, its key, or its attribute.
fn name(trail: &Trail<'_>, origin: Origin, siblings: &BTreeMap<String, String>) -> String {
    let key = match origin {
        Origin::Planned | Origin::Default | Origin::Inside => trail.last_key().unwrap_or_default().into_owned(),
        Origin::Expressions | Origin::Provisioners => strength::last_name(&attribute_path(trail, origin)).to_owned(),
    };
    if siblings.is_empty() || !key.to_ascii_lowercase().contains("value") {
        return key;
    }
    let path = attribute_path(trail, origin);
    let owner = path.rsplit_once('.').map_or("", |(owner, _)| owner);
    siblings.get(owner).cloned().unwrap_or(key)
}

/// In the configuration a value stands under `constant_value`.
fn attribute_path(trail: &Trail<'_>, origin: Origin) -> String {
    let path = trail.path();
    match origin {
        Origin::Planned | Origin::Default | Origin::Inside => path,
        Origin::Expressions => path.replacen(".constant_value", "", 1),
        Origin::Provisioners => {
            let own = path.replacen(".expressions", "", 1).replacen(".constant_value", "", 1);
            format!("provisioner{own}")
        }
    }
}
