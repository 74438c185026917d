//! The lock file, `nhi.lock.hcl`: what exactly runs, so that every machine runs the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hcl_edit::Decorate as _;
use hcl_edit::expr::{Array, Expression};
use hcl_edit::structure::{Attribute, Block as HclBlock, Body};
use hcl_edit::{Ident, structure::BlockLabel};

use crate::fault::Faults;
use crate::shape::Attribute as A;
use crate::shape::{Block, Holds, Label, Repeat};
use crate::source::Source;
use crate::version::Version;
use crate::walk::{Item, Value, Walk};
use crate::{load, tree};

/// The name of the lock file, beside the policy file.
pub const LOCK_FILE: &str = "nhi.lock.hcl";

/// What runs of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Where it came from.
    pub source: Source,
    /// Its version, as the module itself says.
    pub version: Version,
    /// The lowest version that may be locked from now on; it never goes down by itself.
    pub floor: Version,
    /// Digest of the manifest in the registry; a file has none.
    pub manifest: Option<String>,
    /// Digest of the module's bytes.
    pub wasm: String,
    /// The contract that it speaks, `nhi:policy@1.0.0`.
    pub abi: String,
    /// What it imports: nothing, or it would not run.
    pub imports: Vec<String>,
    /// Who signed it, by the names of the policy file.
    pub signers: Vec<String>,
    /// Whether somebody decided that it is shown sensitive values.
    pub sensitive_values: bool,
}

/// A lock file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// By name of the module.
    pub modules: BTreeMap<String, Locked>,
}

static FILE: Block = Block {
    name: "",
    repeat: Repeat::Once,
    doc: "What exactly runs.",
    attributes: &[],
    blocks: &[&MODULE],
};

static MODULE: Block = Block {
    name: "module",
    repeat: Repeat::OncePer(Label::Name),
    doc: "One module.",
    attributes: &[
        A::required("source", Holds::Source, "Where it came from."),
        A::required("version", Holds::Version, "Its version."),
        A::required(
            "floor",
            Holds::Version,
            "The lowest version that may be locked from now on.",
        ),
        A::optional("manifest", Holds::Digest, "Digest of the manifest; a file has none."),
        A::required("wasm", Holds::Digest, "Digest of the module's bytes."),
        A::required("abi", Holds::Text, "The contract that it speaks."),
        A::required("imports", Holds::Texts, "What it imports."),
        A::required("signers", Holds::Names, "Who signed it."),
        A::optional("sensitive_values", Holds::Flag, "Whether it is shown sensitive values."),
    ],
    blocks: &[],
};

/// Reads a lock file; `file` is the name that faults are told with.
///
/// # Errors
///
/// Everything that is wrong with it. Nothing is guessed: a lock file that somebody broke locks nothing.
pub fn read_lock(file: &str, bytes: &[u8]) -> Result<Lock, Faults> {
    let text = load::text(file, bytes)?;
    let mut walk = Walk::default();
    let entries = tree::parse(text, &mut walk.faults);
    walk.inside(&FILE, &[], &entries, &(0..0));
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for item in &walk.items {
        if let [module, name, rest @ ..] = item.path.as_slice()
            && module == "module"
        {
            let draft = drafts.entry(name.clone()).or_default();
            draft.apply(rest, item);
        }
    }
    if let Some(faults) = walk.faults.finish(file, text) {
        return Err(faults);
    }
    let finished = drafts
        .into_iter()
        .filter_map(|(name, draft)| Some((name, draft.finish()?)));
    Ok(Lock {
        modules: finished.collect(),
    })
}

#[derive(Default)]
struct Draft {
    source: Option<Source>,
    version: Option<Version>,
    floor: Option<Version>,
    manifest: Option<String>,
    wasm: Option<String>,
    abi: String,
    imports: Vec<String>,
    signers: Vec<String>,
    sensitive_values: bool,
}

impl Draft {
    fn apply(&mut self, path: &[String], item: &Item) {
        let [name] = path else { return };
        match (name.as_str(), &item.value) {
            ("source", Value::Text(text)) => self.source = Source::parse(text).ok(),
            ("version", Value::Text(text)) => self.version = Version::parse(text).ok(),
            ("floor", Value::Text(text)) => self.floor = Version::parse(text).ok(),
            ("manifest", Value::Text(text)) => self.manifest = Some(text.clone()),
            ("wasm", Value::Text(text)) => self.wasm = Some(text.clone()),
            ("abi", Value::Text(text)) => self.abi.clone_from(text),
            ("imports", Value::Texts(texts)) => self.imports.clone_from(texts),
            ("signers", Value::Texts(texts)) => self.signers.clone_from(texts),
            ("sensitive_values", Value::Flag(flag)) => self.sensitive_values = *flag,
            _ => {}
        }
    }

    /// The walk has seen to it that nothing required is missing.
    fn finish(self) -> Option<Locked> {
        Some(Locked {
            source: self.source?,
            version: self.version?,
            floor: self.floor?,
            manifest: self.manifest,
            wasm: self.wasm?,
            abi: self.abi,
            imports: self.imports,
            signers: self.signers,
            sensitive_values: self.sensitive_values,
        })
    }
}

const HEAD: &str = "\
# Written by `nhi module lock`. Keep it in version control: `nhi check` runs what it says and nothing else.
";

impl Lock {
    /// The text of the file; the same lock has the same text.
    pub fn to_hcl(&self) -> String {
        let mut text = String::from(HEAD);
        for (name, locked) in &self.modules {
            let mut block = HclBlock::new(Ident::new("module"));
            block.labels.push(BlockLabel::from(name.as_str()));
            let mut add = |key: &str, value: Expression| {
                let mut attribute = Attribute::new(Ident::new(key), value);
                attribute.decor_mut().set_prefix("  ");
                block.body.push(attribute);
            };
            add("source", locked.source.to_string().into());
            add("version", locked.version.to_string().into());
            add("floor", locked.floor.to_string().into());
            if let Some(manifest) = &locked.manifest {
                add("manifest", manifest.as_str().into());
            }
            add("wasm", locked.wasm.as_str().into());
            add("abi", locked.abi.as_str().into());
            add("imports", list(&locked.imports));
            add("signers", list(&locked.signers));
            if locked.sensitive_values {
                add("sensitive_values", true.into());
            }
            let mut body = Body::new();
            body.push(block);
            // INVARIANT: writing to a string does not fail.
            let _ = write!(text, "\n{body}");
        }
        text
    }
}

fn list(texts: &[String]) -> Expression {
    let mut array = Array::new();
    for (position, text) in texts.iter().enumerate() {
        let mut item = Expression::from(text.as_str());
        if position > 0 {
            item.decor_mut().set_prefix(" ");
        }
        array.push(item);
    }
    array.into()
}
