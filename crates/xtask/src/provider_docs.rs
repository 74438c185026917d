//! Pages of the provider in the layout that registries read: `docs/index.md`, `docs/resources/<name>.md`, and a folder
//! for each thing else that a provider can offer.
//!
//! Schemas come from the provider itself (`terraform-provider-nhi schema`, the form of `providers schema -json`),
//! examples from `examples/`, where tests apply them: a page cannot show what does not work.

mod function;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::generate::Files;
use crate::shell::Run;

/// The name before every resource type.
const PREFIX: &str = "nhi_";

pub(crate) fn generate(root: &Path, provider: &Path) -> Result<Files> {
    let output = Run::new(provider).arg("schema").output()?;
    let schemas: Value = serde_json::from_slice(&output.stdout).context("read the provider's schemas")?;
    let providers = schemas
        .get("provider_schemas")
        .and_then(Value::as_object)
        .context("no schemas in it")?;
    let schema = providers.values().next().context("no provider in the schemas")?;

    let mut files = Files::new();
    let example = read(root, "examples/provider/provider.tf")?;
    let block = block(schema.get("provider").context("no schema of the provider block")?)?;
    files.insert(PathBuf::from("docs/index.md"), index(&block, &example)?);
    for kind in &KINDS {
        let Some(schemas) = schema.get(kind.key).and_then(Value::as_object) else {
            bail!("no `{}` in the schemas", kind.key)
        };
        for (name, of) in schemas {
            let Some(short) = name.strip_prefix(PREFIX) else {
                bail!("{} `{name}` does not begin with `{PREFIX}`", kind.title)
            };
            let page = kind.page(root, name, of, schema)?;
            files.insert(PathBuf::from(format!("docs/{}/{short}.md", kind.folder)), page);
        }
    }
    files.extend(function::pages(root, schema)?);
    Ok(files)
}

/// A kind of thing that has a block.
struct Kind {
    /// Where the schemas are.
    key: &'static str,
    /// The folder of its pages, and of its examples.
    folder: &'static str,
    /// The file of an example.
    example: &'static str,
    /// The word in titles.
    title: &'static str,
    /// Which cores have it, where not all have.
    cores: &'static str,
}

/// Sorted by folder.
static KINDS: [Kind; 5] = [
    Kind {
        key: "action_schemas",
        folder: "actions",
        example: "action.tf",
        title: "Action",
        cores: "Actions need Terraform 1.14 or later. OpenTofu has none; the command `nhi` does the same.",
    },
    Kind {
        key: "data_source_schemas",
        folder: "data-sources",
        example: "data-source.tf",
        title: "Data Source",
        cores: "",
    },
    Kind {
        key: "ephemeral_resource_schemas",
        folder: "ephemeral-resources",
        example: "ephemeral-resource.tf",
        title: "Ephemeral Resource",
        cores: "Ephemeral resources need Terraform 1.10 or OpenTofu 1.11.",
    },
    Kind {
        key: "list_resource_schemas",
        folder: "list-resources",
        example: "list-resource.tfquery.hcl",
        title: "List Resource",
        cores: "List resources need Terraform 1.14 or later. OpenTofu has none; the data source `nhi_inventory` finds \
                the same.",
    },
    Kind {
        key: "resource_schemas",
        folder: "resources",
        example: "resource.tf",
        title: "Resource",
        cores: "",
    },
];

impl Kind {
    fn page(&self, root: &Path, name: &str, of: &Value, schemas: &Value) -> Result<String> {
        let folder = format!("examples/{}/{name}", self.folder);
        let block = block(of)?;
        let title = self.title;
        let mut text = front_matter(&format!("{name} {title} - nhi"), block.description);
        writeln!(text, "# {name} ({title})\n\n{}\n", block.description)?;
        if !self.cores.is_empty() {
            writeln!(text, "{}\n", self.cores)?;
        }
        let example = read(root, &format!("{folder}/{}", self.example))?;
        writeln!(text, "## Example Usage\n\n```terraform\n{example}\n```\n\n## Schema")?;
        attributes(&mut text, block.attributes, "###")?;
        if self.folder == "resources" {
            let import = read(root, &format!("{folder}/import.sh"))?;
            writeln!(text, "\n## Import\n\n```shell\n{import}\n```")?;
            if let Some(identity) = schemas.pointer(&format!("/resource_identity_schemas/{name}")) {
                let example = read(root, &format!("{folder}/import-by-identity.tf"))?;
                by_identity(&mut text, identity, &example)?;
            }
        }
        Ok(text)
    }
}

fn by_identity(text: &mut String, identity: &Value, example: &str) -> Result<()> {
    writeln!(
        text,
        "\nFrom Terraform 1.12 and OpenTofu 1.12 on, an `import` block can name it by its resource identity:\n\n\
         ```terraform\n{example}\n```\n\n### Identity Schema\n"
    )?;
    let attributes = identity
        .get("attributes")
        .and_then(Value::as_object)
        .context("an identity without attributes")?;
    for (name, attribute) in attributes {
        let description = attribute.get("description").and_then(Value::as_str).unwrap_or_default();
        let presence = if flag(attribute, "required_for_import") {
            "required"
        } else {
            "optional"
        };
        writeln!(text, "- `{name}` ({}, {presence}) {description}", type_of(attribute)?)?;
    }
    Ok(())
}

/// The parts of a schema that a page shows.
struct Block<'a> {
    description: &'a str,
    attributes: &'a Map<String, Value>,
}

fn block(schema: &Value) -> Result<Block<'_>> {
    let block = schema.get("block").context("a schema without a block")?;
    let description = block.get("description").and_then(Value::as_str).unwrap_or_default();
    let attributes = block
        .get("attributes")
        .and_then(Value::as_object)
        .context("a block without attributes")?;
    Ok(Block {
        description,
        attributes,
    })
}

fn read(root: &Path, path: &str) -> Result<String> {
    let text = fs::read_to_string(root.join(path)).with_context(|| format!("read `{path}`"))?;
    Ok(text.trim().to_owned())
}

fn front_matter(title: &str, description: &str) -> String {
    format!(
        "---\npage_title: {title:?}\nsubcategory: \"\"\ndescription: |-\n  {description}\n---\n\n\
         <!-- Generated by `cargo xtask gen`. Do not edit. -->\n\n"
    )
}

fn index(block: &Block<'_>, example: &str) -> Result<String> {
    let mut text = front_matter("nhi Provider", block.description);
    writeln!(text, "# nhi Provider\n\n{}\n", block.description)?;
    writeln!(
        text,
        "[Your first identity](guides/first-identity.md) shows it at work, from plan to audit.\n"
    )?;
    writeln!(text, "## Example Usage\n\n```terraform\n{example}\n```\n\n## Schema")?;
    attributes(&mut text, block.attributes, "###")?;
    Ok(text)
}

/// Required, optional and read-only attributes, then a section for each that has attributes of its own.
fn attributes(text: &mut String, attributes: &Map<String, Value>, level: &str) -> Result<()> {
    let mut nested = Vec::new();
    for (title, presence) in [
        ("Required", Presence::Required),
        ("Optional", Presence::Optional),
        ("Read-Only", Presence::Computed),
    ] {
        let of_kind: Vec<_> = attributes
            .iter()
            .filter(|(_, value)| Presence::of(value) == presence)
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        writeln!(text, "\n{level} {title}\n")?;
        for (name, attribute) in of_kind {
            let description = attribute.get("description").and_then(Value::as_str).unwrap_or_default();
            let sensitive = match (flag(attribute, "sensitive"), flag(attribute, "write_only")) {
                (true, true) => ", Sensitive, Write-only",
                (true, false) => ", Sensitive",
                (false, true) => ", Write-only",
                (false, false) => "",
            };
            write!(text, "- `{name}` ({}{sensitive}) {description}", type_of(attribute)?)?;
            if let Some(inner) = attribute.pointer("/nested_type/attributes").and_then(Value::as_object) {
                write!(text, " See [below](#nested-schema-for-{}).", name.replace('_', "-"))?;
                nested.push((name, inner));
            }
            writeln!(text)?;
        }
    }
    for (name, inner) in nested {
        writeln!(text, "\n{level} Nested Schema for `{name}`")?;
        self::attributes(text, inner, &format!("{level}#"))?;
    }
    Ok(())
}

/// What the reader may do with an attribute.
#[derive(Debug, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
    Computed,
}

impl Presence {
    fn of(attribute: &Value) -> Self {
        if flag(attribute, "required") {
            Self::Required
        } else if flag(attribute, "optional") {
            Self::Optional
        } else {
            Self::Computed
        }
    }
}

fn flag(attribute: &Value, name: &str) -> bool {
    attribute.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A type as registries write it: `String`, `Set of String`, `Attributes List`.
fn type_of(attribute: &Value) -> Result<String> {
    if let Some(mode) = attribute.pointer("/nested_type/nesting_mode").and_then(Value::as_str) {
        let mode = if mode == "single" {
            String::new()
        } else {
            format!(" {}", capital(mode))
        };
        return Ok(format!("Attributes{mode}"));
    }
    value_type(attribute.get("type").context("an attribute without a type")?)
}

fn value_type(of: &Value) -> Result<String> {
    if let Some(name) = of.as_str() {
        return Ok(capital(name));
    }
    match of.as_array().map(Vec::as_slice) {
        Some([collection, element]) if element.is_string() || element.is_array() => {
            let collection = collection.as_str().context("a collection without a name")?;
            Ok(format!("{} of {}", capital(collection), value_type(element)?))
        }
        Some([collection, ..]) => Ok(capital(collection.as_str().context("a type without a name")?)),
        _ => bail!("`{of}` is not a type"),
    }
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().collect::<String>())
        .unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_read_as_registries_write_them() {
        for (attribute, written) in [
            (json!({"type": "string"}), "String"),
            (json!({"type": ["set", "string"]}), "Set of String"),
            (json!({"type": ["map", ["list", "number"]]}), "Map of List of Number"),
            (json!({"type": ["object", {"a": "string"}]}), "Object"),
            (
                json!({"nested_type": {"nesting_mode": "single", "attributes": {}}}),
                "Attributes",
            ),
            (
                json!({"nested_type": {"nesting_mode": "list", "attributes": {}}}),
                "Attributes List",
            ),
        ] {
            assert_eq!(type_of(&attribute).unwrap(), written);
        }
        assert!(type_of(&json!({})).is_err());
    }

    #[test]
    fn a_page_shows_every_attribute_once_where_it_belongs() {
        let schema = json!({"block": {"description": "A thing.", "attributes": {
            "name": {"type": "string", "required": true, "description": "Its name."},
            "ttl": {"type": "string", "optional": true, "computed": true, "description": "Its end."},
            "id": {"type": "string", "computed": true, "description": "Its id."},
            "word": {"type": "string", "optional": true, "sensitive": true, "write_only": true, "description": ""},
            "purpose": {"required": true, "description": "Why.", "nested_type": {"nesting_mode": "single",
                "attributes": {"task": {"type": "string", "required": true, "description": "What."}}}},
        }}});
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("examples/resources/nhi_thing");
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in [
            ("resource.tf", "EXAMPLE"),
            ("import.sh", "IMPORT"),
            ("import-by-identity.tf", "WHO"),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        let [.., resources] = &KINDS;
        let identity = json!({"attributes": {"key": {"type": "string", "optional_for_import": true,
            "description": "Its key."}}});
        let schemas = json!({"resource_identity_schemas": {"nhi_thing": identity}});
        let page = resources.page(root.path(), "nhi_thing", &schema, &schemas).unwrap();
        for part in [
            "### Required\n\n- `name`",
            "### Optional\n\n- `ttl`",
            "### Read-Only\n\n- `id`",
            "EXAMPLE",
            "IMPORT",
            "WHO",
            "- `key` (String, optional) Its key.",
            "- `word` (String, Sensitive, Write-only)",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(
            page.contains("[below](#nested-schema-for-purpose)") && page.contains("#### Required\n\n- `task`"),
            "{page}"
        );
        for name in ["`name` (", "`ttl` (", "`id` (", "`task` ("] {
            assert_eq!(page.matches(name).count(), 1, "{name}");
        }
    }
}
