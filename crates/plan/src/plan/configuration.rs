//! The `configuration` member: what the author wrote, as far as the plan holds it.
//!
//! Modules stand in one vector with the root first; expressions stay raw JSON text. Locals are not part of a plan.

use std::borrow::Cow;

use crate::error::{ReadError, code};
use crate::json::Cursor;

/// Modules in modules; reading recurses once a level.
pub(super) const MODULE_DEPTH_MAX: usize = 200;

/// Bytes of all module addresses together, which grow faster than the text they stand in.
const MODULE_ADDRESS_BYTES_MAX: usize = 64 << 20;

/// Provider blocks and modules.
#[derive(Debug, Clone, Default)]
pub struct Configuration<'t> {
    /// Provider blocks, in the order of the text.
    pub providers: Vec<ProviderConfig<'t>>,
    /// All modules; the root module is the first. Empty when the text holds no configuration.
    pub modules: Vec<ModuleConfig<'t>>,
    address_bytes: usize,
}

/// A provider block.
#[derive(Debug, Clone, Default)]
pub struct ProviderConfig<'t> {
    /// Key among the providers: `aws`, `aws.west`, `module.a:aws`.
    pub key: Cow<'t, str>,
    /// Local name.
    pub name: Cow<'t, str>,
    /// Full provider address.
    pub full_name: Cow<'t, str>,
    /// Alias, if it has one.
    pub alias: Option<Cow<'t, str>>,
    /// Module that holds the block, without instance keys.
    pub module_address: Cow<'t, str>,
    /// JSON text of its expressions.
    pub expressions: Option<&'t str>,
}

/// A module of the configuration.
#[derive(Debug, Clone, Default)]
pub struct ModuleConfig<'t> {
    /// Address without instance keys; empty for the root module.
    pub address: String,
    /// The module that calls it.
    pub parent: Option<usize>,
    /// Which of the parent's calls it is.
    pub call: usize,
    /// Resources and data sources.
    pub resources: Vec<ResourceConfig<'t>>,
    /// Variables.
    pub variables: Vec<VariableConfig<'t>>,
    /// Outputs.
    pub outputs: Vec<OutputConfig<'t>>,
    /// Modules that it calls.
    pub calls: Vec<ModuleCall<'t>>,
}

/// A `resource` or `data` block.
#[derive(Debug, Clone, Default)]
pub struct ResourceConfig<'t> {
    /// Address in its module: `data.aws_iam_policy_document.d`.
    pub address: Cow<'t, str>,
    /// Key of the provider block it uses.
    pub provider_config_key: Cow<'t, str>,
    /// JSON text of its expressions.
    pub expressions: Option<&'t str>,
    /// JSON text of `count`.
    pub count_expression: Option<&'t str>,
    /// JSON text of `for_each`.
    pub for_each_expression: Option<&'t str>,
    /// JSON text of the list `depends_on`.
    pub depends_on: Option<&'t str>,
    /// JSON text of the list of provisioners.
    pub provisioners: Option<&'t str>,
}

/// A `variable` block.
#[derive(Debug, Clone, Default)]
pub struct VariableConfig<'t> {
    /// Name.
    pub name: Cow<'t, str>,
    /// JSON text of the default.
    pub default: Option<&'t str>,
    /// Declared sensitive.
    pub sensitive: bool,
    /// JSON text of the block.
    pub raw: &'t str,
}

/// An `output` block.
#[derive(Debug, Clone, Default)]
pub struct OutputConfig<'t> {
    /// Name.
    pub name: Cow<'t, str>,
    /// JSON text of the expression.
    pub expression: Option<&'t str>,
    /// Declared sensitive.
    pub sensitive: bool,
}

/// A `module` block.
#[derive(Debug, Clone, Default)]
pub struct ModuleCall<'t> {
    /// Name.
    pub name: Cow<'t, str>,
    /// Where the module comes from.
    pub source: Cow<'t, str>,
    /// JSON text of its arguments.
    pub expressions: Option<&'t str>,
    /// JSON text of `count`.
    pub count_expression: Option<&'t str>,
    /// JSON text of `for_each`.
    pub for_each_expression: Option<&'t str>,
    /// The module that is called; absent when the text does not hold it.
    pub module: Option<usize>,
}

impl<'t> Configuration<'t> {
    pub(super) fn read(cursor: &mut Cursor<'t>) -> Result<Self, ReadError> {
        let mut configuration = Self::default();
        if !cursor.object("configuration")? {
            return Ok(configuration);
        }
        while let Some(key) = cursor.key()? {
            match &*key {
                "provider_config" => configuration.providers = providers(cursor)?,
                "root_module" => {
                    configuration.module(cursor, ModuleConfig::default(), 0)?;
                }
                _ => {
                    cursor.skip()?;
                }
            }
        }
        Ok(configuration)
    }

    /// Reads a module into the vector and returns its place.
    fn module(&mut self, cursor: &mut Cursor<'t>, shell: ModuleConfig<'t>, depth: usize) -> Result<usize, ReadError> {
        if depth > MODULE_DEPTH_MAX {
            return Err(ReadError::new(
                code::DEPTH,
                cursor.offset(),
                format!("modules are nested more than {MODULE_DEPTH_MAX} deep"),
                "call modules from one another less deeply",
            ));
        }
        self.address_bytes += shell.address.len();
        if self.address_bytes > MODULE_ADDRESS_BYTES_MAX {
            let limit = u64::try_from(MODULE_ADDRESS_BYTES_MAX).unwrap_or(u64::MAX);
            return Err(ReadError::budget(cursor.offset(), "bytes of module addresses", limit));
        }
        let index = self.modules.len();
        self.modules.push(shell.clone());
        let mut module = shell;
        if cursor.object("module")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "resources" => module.resources = resources(cursor)?,
                    "variables" => module.variables = variables(cursor)?,
                    "outputs" => module.outputs = outputs(cursor)?,
                    "module_calls" => module.calls = self.calls(cursor, &module.address, index, depth)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        if let Some(slot) = self.modules.get_mut(index) {
            *slot = module;
        }
        Ok(index)
    }

    fn calls(
        &mut self,
        cursor: &mut Cursor<'t>,
        address: &str,
        parent: usize,
        depth: usize,
    ) -> Result<Vec<ModuleCall<'t>>, ReadError> {
        let mut calls = Vec::new();
        if !cursor.object("module_calls")? {
            return Ok(calls);
        }
        while let Some(name) = cursor.key()? {
            cursor.record()?;
            let dot = if address.is_empty() { "" } else { "." };
            let shell = ModuleConfig {
                address: format!("{address}{dot}module.{name}"),
                parent: Some(parent),
                call: calls.len(),
                ..ModuleConfig::default()
            };
            let mut call = ModuleCall {
                name,
                ..ModuleCall::default()
            };
            if cursor.object("module call")? {
                while let Some(key) = cursor.key()? {
                    match &*key {
                        "source" => call.source = cursor.string("source")?.unwrap_or_default(),
                        "expressions" => call.expressions = present(cursor)?,
                        "count_expression" => call.count_expression = present(cursor)?,
                        "for_each_expression" => call.for_each_expression = present(cursor)?,
                        "module" => call.module = Some(self.module(cursor, shell.clone(), depth + 1)?),
                        _ => {
                            cursor.skip()?;
                        }
                    }
                }
            }
            calls.push(call);
        }
        Ok(calls)
    }
}

/// Text of a value that is not `null`.
pub(super) fn present<'t>(cursor: &mut Cursor<'t>) -> Result<Option<&'t str>, ReadError> {
    let raw = cursor.skip()?;
    Ok((raw != "null").then_some(raw))
}

fn providers<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<ProviderConfig<'t>>, ReadError> {
    let mut providers = Vec::new();
    if !cursor.object("provider_config")? {
        return Ok(providers);
    }
    while let Some(key) = cursor.key()? {
        cursor.record()?;
        let mut provider = ProviderConfig {
            key,
            ..ProviderConfig::default()
        };
        if cursor.object("provider")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "name" => provider.name = cursor.string("name")?.unwrap_or_default(),
                    "full_name" => provider.full_name = cursor.string("full_name")?.unwrap_or_default(),
                    "alias" => provider.alias = cursor.string("alias")?,
                    "module_address" => provider.module_address = cursor.string("module_address")?.unwrap_or_default(),
                    "expressions" => provider.expressions = present(cursor)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        providers.push(provider);
    }
    Ok(providers)
}

fn resources<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<ResourceConfig<'t>>, ReadError> {
    let mut resources = Vec::new();
    if !cursor.array("resources")? {
        return Ok(resources);
    }
    while cursor.element()? {
        cursor.record()?;
        let mut resource = ResourceConfig::default();
        if cursor.object("resource")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "address" => resource.address = cursor.string("address")?.unwrap_or_default(),
                    "provider_config_key" => {
                        resource.provider_config_key = cursor.string("provider_config_key")?.unwrap_or_default();
                    }
                    "expressions" => resource.expressions = present(cursor)?,
                    "count_expression" => resource.count_expression = present(cursor)?,
                    "for_each_expression" => resource.for_each_expression = present(cursor)?,
                    "depends_on" => resource.depends_on = present(cursor)?,
                    "provisioners" => resource.provisioners = present(cursor)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        resources.push(resource);
    }
    Ok(resources)
}

fn variables<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<VariableConfig<'t>>, ReadError> {
    let mut variables = Vec::new();
    if !cursor.object("variables")? {
        return Ok(variables);
    }
    while let Some(name) = cursor.key()? {
        cursor.record()?;
        let mut variable = VariableConfig {
            name,
            ..VariableConfig::default()
        };
        cursor.kind()?;
        let start = cursor.offset();
        if cursor.object("variable")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "default" => variable.default = Some(cursor.skip()?),
                    "sensitive" => variable.sensitive = cursor.boolean("sensitive")?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        variable.raw = cursor.since(start);
        variables.push(variable);
    }
    Ok(variables)
}

fn outputs<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<OutputConfig<'t>>, ReadError> {
    let mut outputs = Vec::new();
    if !cursor.object("outputs")? {
        return Ok(outputs);
    }
    while let Some(name) = cursor.key()? {
        cursor.record()?;
        let mut output = OutputConfig {
            name,
            ..OutputConfig::default()
        };
        if cursor.object("output")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "expression" => output.expression = present(cursor)?,
                    "sensitive" => output.sensitive = cursor.boolean("sensitive")?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        outputs.push(output);
    }
    Ok(outputs)
}
