//! Reads the resources of a state or a plan that matter here: one pass, within a budget, and nothing but spans is kept.
//!
//! Three forms are understood: a state file as it lies on disk (version 4), and what `show -json` writes of a state
//! and of a plan. A state file holds secrets in the clear, so a resource keeps the text of its attributes only by
//! reference, and [`crate::attributes`] hands out what is asked for by name.

use std::borrow::Cow;

use nhi_plan::error::code;
use nhi_plan::json::{Cursor, Token, quote};
use nhi_plan::{Limits, ReadError};

use crate::hcl;

/// How deeply modules may be nested; real ones rarely reach five.
const MODULES_DEPTH_MAX: usize = 200;

const HELP: &str = "pass a state file of version 4, or what `tofu show -json` or `terraform show -json` writes";

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A state file as it lies on disk.
    StateFile,
    /// The JSON of a state.
    State,
    /// The JSON of a plan: what there will be once it is applied.
    Plan,
}

impl Form {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StateFile => "state file",
            Self::State => "state",
            Self::Plan => "plan",
        }
    }
}

/// Attributes that are marked as sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sensitive {
    /// What marks them cannot be read, so that every attribute counts.
    All,
    /// Those of these names, with everything in them.
    Names(Vec<String>),
}

/// A managed resource instance.
#[derive(Debug, Clone)]
pub(crate) struct Resource<'t> {
    pub(crate) address: String,
    /// How an expression of the root module refers to it; `None` in a child module.
    pub(crate) reference: Option<String>,
    pub(crate) type_name: Cow<'t, str>,
    /// The name in the configuration.
    pub(crate) label: String,
    /// The JSON of its attributes.
    pub(crate) values: &'t str,
    pub(crate) sensitive: Sensitive,
}

/// The resources of a source that somebody wants.
#[derive(Debug)]
pub(crate) struct Source<'t> {
    pub(crate) form: Form,
    pub(crate) resources: Vec<Resource<'t>>,
    /// How many managed resource instances there are, wanted or not.
    pub(crate) seen: u64,
}

/// Reads the resources of the types that `wanted` wants.
pub(crate) fn read<'t>(text: &'t str, limits: &Limits, wanted: &dyn Fn(&str) -> bool) -> Result<Source<'t>, ReadError> {
    if text.trim_ascii().is_empty() {
        return Err(ReadError {
            code: code::EMPTY,
            offset: 0,
            message: "the input is empty".into(),
            help: "look at the output of the command that should have made it".into(),
        });
    }
    let mut reader = Reader {
        cursor: Cursor::new(text, limits)?,
        limits,
        wanted,
        resources: Vec::new(),
        seen: 0,
    };
    let form = reader.document()?;
    reader.cursor.finish()?;
    Ok(Source {
        form,
        resources: reader.resources,
        seen: reader.seen,
    })
}

struct Reader<'t, 'l> {
    cursor: Cursor<'t>,
    limits: &'l Limits,
    wanted: &'l dyn Fn(&str) -> bool,
    resources: Vec<Resource<'t>>,
    seen: u64,
}

/// What says of itself which instance it is.
#[derive(Debug, Default)]
struct Head<'t> {
    module: Option<Cow<'t, str>>,
    address: Option<Cow<'t, str>>,
    mode: Option<Cow<'t, str>>,
    type_name: Option<Cow<'t, str>>,
    label: Option<Cow<'t, str>>,
}

impl Head<'_> {
    fn is_managed(&self) -> bool {
        self.mode.as_deref() == Some("managed")
    }
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Form, ReadError> {
        if !self.cursor.object("the document")? {
            return Err(self.refused("the document is `null`"));
        }
        let (mut version, mut format, mut is_plan) = (None, None, false);
        let mut has_resources = false;
        while let Some(key) = self.cursor.key()? {
            match &*key {
                "version" => version = Some(self.cursor.skip()?),
                "format_version" => format = self.cursor.string("format_version")?,
                "resources" if format.is_none() => {
                    has_resources = true;
                    self.state_file()?;
                }
                "values" => self.values()?,
                "planned_values" => {
                    is_plan = true;
                    self.values()?;
                }
                "errored" => {
                    if self.cursor.boolean("errored")? {
                        return Err(self.error(code::ERRORED, "planning failed, and the plan says so", HELP));
                    }
                }
                "resource_changes" => {
                    is_plan = true;
                    self.cursor.skip()?;
                }
                _ => drop(self.cursor.skip()?),
            }
        }
        match (format, version) {
            (Some(_), _) if is_plan => Ok(Form::Plan),
            (Some(_), _) => Ok(Form::State),
            (None, Some("4")) if has_resources => Ok(Form::StateFile),
            (None, Some("4")) => Err(self.refused("the state file has no `resources`")),
            (None, Some(_)) => Err(self.refused("the state file is of another version than 4")),
            (None, None) => Err(self.refused("this is neither a state nor a plan")),
        }
    }

    /// The `resources` of a state file.
    fn state_file(&mut self) -> Result<(), ReadError> {
        if !self.cursor.array("resources")? {
            return Ok(());
        }
        while self.cursor.element()? {
            let mut head = Head::default();
            let mut instances = None;
            if !self.cursor.object("a resource")? {
                continue;
            }
            while let Some(key) = self.cursor.key()? {
                match &*key {
                    "module" => head.module = self.cursor.string("module")?,
                    "mode" => head.mode = self.cursor.string("mode")?,
                    "type" => head.type_name = self.cursor.string("type")?,
                    "name" => head.label = self.cursor.string("name")?,
                    "instances" => instances = Some(self.cursor.skip()?),
                    _ => drop(self.cursor.skip()?),
                }
            }
            if head.is_managed() {
                self.instances(&head, instances.unwrap_or("null"))?;
            }
        }
        Ok(())
    }

    fn instances(&mut self, head: &Head<'t>, text: &'t str) -> Result<(), ReadError> {
        let type_name = head.type_name.clone().unwrap_or_default();
        let is_wanted = (self.wanted)(&type_name);
        // The text was checked on the way here: it is read again only where something is to be kept.
        let mut cursor = Cursor::new(text, self.limits)?;
        if !cursor.array("instances")? {
            return Ok(());
        }
        while cursor.element()? {
            self.count(is_wanted)?;
            if !is_wanted {
                cursor.skip()?;
                continue;
            }
            let (mut index, mut values, mut sensitive, mut is_deposed) = (None, None, None, false);
            if !cursor.object("an instance")? {
                continue;
            }
            while let Some(key) = cursor.key()? {
                match &*key {
                    "index_key" => index = read_index(&mut cursor)?,
                    "attributes" => values = Some(cursor.skip()?),
                    "sensitive_attributes" => sensitive = Some(cursor.skip()?),
                    "deposed" => is_deposed = cursor.skip()? != "null",
                    _ => drop(cursor.skip()?),
                }
            }
            if is_deposed {
                continue;
            }
            let label = head.label.as_deref().unwrap_or_default();
            let module = head.module.as_deref().filter(|module| !module.is_empty());
            let own = format!("{type_name}.{label}{}", shown(index.as_ref()));
            self.resources.push(Resource {
                address: module.map_or_else(|| own.clone(), |module| format!("{module}.{own}")),
                reference: module
                    .is_none()
                    .then(|| hcl::reference(&type_name, label, index.as_ref()))
                    .flatten(),
                type_name: type_name.clone(),
                label: label.to_owned(),
                values: values.unwrap_or("null"),
                sensitive: sensitive.map_or(Sensitive::Names(Vec::new()), marked_by_paths),
            });
        }
        Ok(())
    }

    /// `values` or `planned_values`.
    fn values(&mut self) -> Result<(), ReadError> {
        if !self.cursor.object("values")? {
            return Ok(());
        }
        while let Some(key) = self.cursor.key()? {
            if key == "root_module" {
                self.module(0)?;
            } else {
                self.cursor.skip()?;
            }
        }
        Ok(())
    }

    fn module(&mut self, depth: usize) -> Result<(), ReadError> {
        if depth > MODULES_DEPTH_MAX {
            let message = "modules are nested too deeply";
            return Err(self.error(code::DEPTH, message, "look for the module that is nested so deeply"));
        }
        if !self.cursor.object("a module")? {
            return Ok(());
        }
        while let Some(key) = self.cursor.key()? {
            match &*key {
                "resources" => {
                    if self.cursor.array("resources")? {
                        while self.cursor.element()? {
                            self.resource(depth == 0)?;
                        }
                    }
                }
                "child_modules" => {
                    if self.cursor.array("child_modules")? {
                        while self.cursor.element()? {
                            self.module(depth + 1)?;
                        }
                    }
                }
                _ => drop(self.cursor.skip()?),
            }
        }
        Ok(())
    }

    fn resource(&mut self, is_root: bool) -> Result<(), ReadError> {
        let mut head = Head::default();
        let (mut index, mut values, mut sensitive, mut is_deposed) = (None, None, None, false);
        if !self.cursor.object("a resource")? {
            return Ok(());
        }
        while let Some(key) = self.cursor.key()? {
            match &*key {
                "address" => head.address = self.cursor.string("address")?,
                "mode" => head.mode = self.cursor.string("mode")?,
                "type" => head.type_name = self.cursor.string("type")?,
                "name" => head.label = self.cursor.string("name")?,
                "index" => index = read_index(&mut self.cursor)?,
                "values" => values = Some(self.cursor.skip()?),
                "sensitive_values" => sensitive = Some(self.cursor.skip()?),
                "deposed_key" => is_deposed = self.cursor.skip()? != "null",
                _ => drop(self.cursor.skip()?),
            }
        }
        if !head.is_managed() || is_deposed {
            return Ok(());
        }
        let type_name = head.type_name.unwrap_or_default();
        let is_wanted = (self.wanted)(&type_name);
        self.count(is_wanted)?;
        if !is_wanted {
            return Ok(());
        }
        let label = head.label.as_deref().unwrap_or_default();
        let own = || format!("{type_name}.{label}{}", shown(index.as_ref()));
        self.resources.push(Resource {
            address: head.address.as_deref().map_or_else(own, ToOwned::to_owned),
            reference: is_root
                .then(|| hcl::reference(&type_name, label, index.as_ref()))
                .flatten(),
            label: label.to_owned(),
            type_name,
            values: values.unwrap_or("null"),
            sensitive: sensitive.map_or(Sensitive::Names(Vec::new()), marked_by_shape),
        });
        Ok(())
    }

    fn count(&mut self, is_kept: bool) -> Result<(), ReadError> {
        self.seen += 1;
        let kept = u64::try_from(self.resources.len()).unwrap_or(u64::MAX);
        if is_kept && kept >= self.limits.records {
            let message = format!("there are more than {} resources to look at", self.limits.records);
            return Err(self.error(
                code::BUDGET,
                message,
                "raise `--max-records` if it is yours and really that large",
            ));
        }
        Ok(())
    }

    #[cold]
    fn refused(&self, message: &'static str) -> ReadError {
        self.error(code::FORMAT, message, HELP)
    }

    #[cold]
    fn error(&self, code: &'static str, message: impl Into<Cow<'static, str>>, help: &'static str) -> ReadError {
        ReadError {
            code,
            offset: u64::try_from(self.cursor.offset()).unwrap_or(u64::MAX),
            message: message.into(),
            help: help.into(),
        }
    }
}

/// The key of an instance among several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Index {
    Number(u64),
    Key(String),
}

fn read_index(cursor: &mut Cursor<'_>) -> Result<Option<Index>, ReadError> {
    if cursor.kind()? == Token::String {
        let key = cursor.string("an index")?;
        return Ok(key.map(|key| Index::Key(key.into_owned())));
    }
    Ok(cursor.skip()?.parse().ok().map(Index::Number))
}

fn shown(index: Option<&Index>) -> String {
    match index {
        None => String::new(),
        Some(Index::Number(number)) => format!("[{number}]"),
        Some(Index::Key(key)) => format!("[{}]", quote(key)),
    }
}

/// `sensitive_attributes` of a state file: paths, of which the first step counts.
fn marked_by_paths(text: &str) -> Sensitive {
    let Ok(document) = nhi_plan::json::parse(text) else {
        return Sensitive::All;
    };
    let first = |path: nhi_plan::json::Value<'_>| {
        let step = path.index(0)?;
        let is_name = step.get("type")?.as_str()? == "get_attr";
        is_name.then_some(())?;
        step.get("value")?.as_str().map(Cow::into_owned)
    };
    let names: Option<Vec<String>> = document.root().elements().map(first).collect();
    names.map_or(Sensitive::All, Sensitive::Names)
}

/// `sensitive_values` of the JSON form: the shape of the values, with `true` for what is sensitive.
fn marked_by_shape(text: &str) -> Sensitive {
    use nhi_plan::json::Kind;
    let Ok(document) = nhi_plan::json::parse(text) else {
        return Sensitive::All;
    };
    let root = document.root();
    match root.kind() {
        Kind::Object => {
            let marked = root.members().filter(|(_, value)| holds_true(value.raw()));
            Sensitive::Names(marked.map(|(name, _)| name.into_owned()).collect())
        }
        Kind::Null => Sensitive::Names(Vec::new()),
        Kind::Bool if root.as_bool() == Some(false) => Sensitive::Names(Vec::new()),
        _ => Sensitive::All,
    }
}

/// Whether a mask marks anything. Anything that is no part of a mask marks everything.
fn holds_true(mask: &str) -> bool {
    !mask
        .replace("false", "")
        .bytes()
        .all(|byte| matches!(byte, b'[' | b']' | b'{' | b'}' | b',' | b' ' | b'\n' | b'\r' | b'\t'))
}
