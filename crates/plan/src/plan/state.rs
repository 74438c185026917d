//! The `values` of a state: what exists, and which data sources a plan has already read.

use std::borrow::Cow;

use super::configuration::{MODULE_DEPTH_MAX, present};
use super::{Delta, OutputChange, read};
use crate::change::{Action, Mode};
use crate::error::{ReadError, code};
use crate::json::Cursor;
use crate::limits::Limits;

/// A resource instance of a state.
#[derive(Debug, Clone)]
pub struct StateResource<'t> {
    /// Full address.
    pub address: Cow<'t, str>,
    /// Module instance; empty for the root module.
    pub module_address: Cow<'t, str>,
    /// Managed or data.
    pub mode: Mode,
    /// Resource type.
    pub resource_type: Cow<'t, str>,
    /// Name in the configuration.
    pub name: Cow<'t, str>,
    /// JSON text of the instance key.
    pub index: Option<&'t str>,
    /// Full provider address.
    pub provider: Cow<'t, str>,
    /// JSON text of its values.
    pub values: Option<&'t str>,
    /// Mask of what is sensitive.
    pub sensitive_values: Option<&'t str>,
    /// Where it was read: `state`, `prior_state` or `planned_values`.
    pub source: &'static str,
}

/// The parts of `values` that are kept.
#[derive(Debug, Default)]
pub(super) struct StateValues<'t> {
    pub(super) resources: Vec<StateResource<'t>>,
    pub(super) outputs: Vec<OutputChange<'t>>,
}

impl<'t> StateValues<'t> {
    /// Reads `values`; with `data_only` managed resources are passed over.
    pub(super) fn read(cursor: &mut Cursor<'t>, data_only: bool) -> Result<Self, ReadError> {
        let mut values = Self::default();
        if cursor.object("values")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "outputs" if !data_only => values.outputs = outputs(cursor)?,
                    "root_module" => values.module(cursor, data_only, 0)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        Ok(values)
    }

    /// Reads `prior_state`, of which only the data sources are kept.
    pub(super) fn read_prior(cursor: &mut Cursor<'t>) -> Result<Self, ReadError> {
        let mut values = Self::default();
        if cursor.object("prior_state")? {
            while let Some(key) = cursor.key()? {
                if key == "values" {
                    values = Self::read(cursor, true)?;
                    for resource in &mut values.resources {
                        resource.source = "prior_state";
                    }
                } else {
                    cursor.skip()?;
                }
            }
        }
        Ok(values)
    }

    /// The managed resources of `planned_values`, for a plan that lists no changes.
    pub(super) fn read_planned(text: &'t str, limits: &Limits) -> Result<Vec<StateResource<'t>>, ReadError> {
        let mut planned = Self::read(&mut Cursor::new(text, limits)?, false)?.resources;
        planned.retain(|resource| resource.mode == Mode::Managed);
        for resource in &mut planned {
            resource.source = "planned_values";
        }
        Ok(planned)
    }

    fn module(&mut self, cursor: &mut Cursor<'t>, data_only: bool, depth: usize) -> Result<(), ReadError> {
        if depth > MODULE_DEPTH_MAX {
            return Err(ReadError::new(
                code::DEPTH,
                cursor.offset(),
                format!("modules are nested more than {MODULE_DEPTH_MAX} deep"),
                "call modules from one another less deeply",
            ));
        }
        let first = self.resources.len();
        let mut own = first..first;
        let mut address = Cow::Borrowed("");
        if cursor.object("module")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "address" => address = cursor.string("address")?.unwrap_or_default(),
                    "resources" => {
                        let start = self.resources.len();
                        self.resources(cursor, data_only)?;
                        own = start..self.resources.len();
                    }
                    "child_modules" => {
                        if cursor.array("child_modules")? {
                            while cursor.element()? {
                                self.module(cursor, data_only, depth + 1)?;
                            }
                        }
                    }
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        for resource in self.resources.get_mut(own).unwrap_or_default() {
            resource.module_address.clone_from(&address);
        }
        Ok(())
    }

    fn resources(&mut self, cursor: &mut Cursor<'t>, data_only: bool) -> Result<(), ReadError> {
        if !cursor.array("resources")? {
            return Ok(());
        }
        while cursor.element()? {
            cursor.record()?;
            let resource = resource(cursor)?;
            if !data_only || resource.mode == Mode::Data {
                self.resources.push(resource);
            }
        }
        Ok(())
    }
}

fn resource<'t>(cursor: &mut Cursor<'t>) -> Result<StateResource<'t>, ReadError> {
    let mut resource = StateResource {
        address: Cow::Borrowed(""),
        module_address: Cow::Borrowed(""),
        mode: Mode::Managed,
        resource_type: Cow::Borrowed(""),
        name: Cow::Borrowed(""),
        index: None,
        provider: Cow::Borrowed(""),
        values: None,
        sensitive_values: None,
        source: "state",
    };
    let start = cursor.offset();
    if cursor.object("resource")? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "address" => resource.address = cursor.string("address")?.unwrap_or_default(),
                "mode" => resource.mode = read::mode(cursor)?,
                "type" => resource.resource_type = cursor.string("type")?.unwrap_or_default(),
                "name" => resource.name = cursor.string("name")?.unwrap_or_default(),
                "index" => resource.index = present(cursor)?,
                "provider_name" => resource.provider = cursor.string("provider_name")?.unwrap_or_default(),
                "values" => resource.values = present(cursor)?,
                "sensitive_values" => resource.sensitive_values = present(cursor)?,
                _ => {
                    cursor.skip()?;
                }
            }
        }
    }
    read::identified(start, &resource.address, &resource.resource_type)?;
    Ok(resource)
}

fn outputs<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<OutputChange<'t>>, ReadError> {
    let mut outputs = Vec::new();
    if !cursor.object("outputs")? {
        return Ok(outputs);
    }
    while let Some(name) = cursor.key()? {
        cursor.record()?;
        let mut change = Delta {
            actions: vec![Action::NoOp],
            ..Delta::default()
        };
        if cursor.object("output")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "value" => change.after = present(cursor)?,
                    "sensitive" => change.after_sensitive = present(cursor)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        outputs.push(OutputChange { name, change });
    }
    Ok(outputs)
}
