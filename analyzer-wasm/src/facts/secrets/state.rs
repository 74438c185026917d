//! Secrets that a plan does not spell out and the state will hold: taken from a store or made by a provider.

use std::collections::BTreeSet;

use nhi_plan::json::{self, Value};
use nhi_plan::symbol::{self, Part};
use nhi_plan::{Mode, path};

use super::names;
use super::schema::{self, Kind, Row};
use super::strength::{self, Trust};
use super::{Hit, refers, stands_in, walk};
use crate::facts::Block;
use crate::facts::block::without_indices;

/// Entries of each kind that are kept; more of them say nothing new.
const ENTRIES_MAX: usize = 5_000;

/// An attribute that stores a secret although another would not.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) instead: &'static str,
    /// Configuration addresses that the secret comes from.
    pub(crate) origins: Vec<String>,
    /// The one of them that makes secrets or hands them out.
    pub(crate) maker: Option<String>,
}

/// A resource or data source whose result is a secret in the state.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) address: String,
    pub(crate) config_address: String,
    pub(crate) path: &'static str,
    pub(crate) instead: &'static str,
    /// It is over within the hour.
    pub(crate) is_short: bool,
}

/// An output that shows a secret attribute.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) address: String,
    /// As the configuration names it: `aws_db_instance.d.password`.
    pub(crate) origin: String,
    pub(crate) is_sensitive: bool,
}

/// A secret at a place that is not made for secrets.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) address: String,
    pub(crate) path: String,
    /// What kind of place: `parameter`.
    pub(crate) place: &'static str,
    /// It comes from somewhere else in the configuration.
    pub(crate) origins: Vec<String>,
    /// The value is known, or surely a secret.
    pub(crate) is_sure: bool,
}

/// What the state will hold.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) stored: Vec<Stored>,
    pub(crate) sources: Vec<Source>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) plain: Vec<Plain>,
    seen: BTreeSet<(String, String)>,
}

/// Tokens that end by themselves within the hour.
const SHORT: [&str; 9] = [
    "aws_ecr_authorization_token",
    "aws_ecrpublic_authorization_token",
    "aws_eks_cluster_auth",
    "aws_redshift_cluster_credentials",
    "aws_redshiftserverless_credentials",
    "google_client_config",
    "google_service_account_access_token",
    "google_service_account_id_token",
    "google_service_account_jwt",
];

/// Settings stores: type, attribute with the name, attribute with the value, what it is called.
const SETTINGS: [(&str, &str, &str, &str); 5] = [
    ("aws_ssm_parameter", "name", "value", "parameter"),
    ("azurerm_app_configuration_key", "key", "value", "configuration key"),
    (
        "google_parameter_manager_parameter_version",
        "parameter_version_id",
        "parameter_data",
        "parameter",
    ),
    ("google_runtimeconfig_variable", "name", "text", "variable"),
    ("google_runtimeconfig_variable", "name", "value", "variable"),
];

impl State {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let change = block.change;
        match change.mode {
            Mode::Output => self.output(block),
            Mode::Managed | Mode::Data => {
                let rows = schema::rows(change.mode, &change.resource_type);
                if rows.is_empty() && !SETTINGS.iter().any(|row| row.0 == change.resource_type) {
                    return;
                }
                self.source(block, rows);
                if change.mode == Mode::Managed {
                    self.setting(block);
                    self.stored(block, rows);
                    self.environment(block, rows);
                    self.symbols(block, rows);
                }
            }
            Mode::Provider | Mode::Variable => {}
        }
    }

    /// Whether a literal is told as what stands at a place that is not made for secrets.
    pub(crate) fn tells(&self, block: &Block<'_>, hit: &Hit) -> bool {
        matches!(hit.kind, "password" | "secret" | "well-known default password")
            && self
                .plain
                .last()
                .is_some_and(|plain| plain.address == block.change.address && plain.path == hit.path)
    }

    fn is_first(&mut self, block: &Block<'_>, path: &str) -> bool {
        self.seen.len() < ENTRIES_MAX
            && self.seen.insert((
                block.change.config_address.to_string(),
                without_indices(path).into_owned(),
            ))
    }

    fn source(&mut self, block: &Block<'_>, rows: &'static [Row]) {
        let change = block.change;
        let row = rows
            .iter()
            .find(|row| matches!(row.kind, Kind::Made | Kind::Store) && row.instead.starts_with("ephemeral "));
        // A key has a rule of its own, and not every parameter is a secret.
        let is_secret = match change.resource_type.as_ref() {
            "tls_private_key" => false,
            "aws_ssm_parameter" => block.string("type").is_some_and(|kind| kind == "SecureString"),
            _ => true,
        };
        if let Some(row) = row.filter(|_| is_secret)
            && self.is_first(block, "")
        {
            self.sources.push(Source {
                address: change.address.to_string(),
                config_address: change.config_address.to_string(),
                path: row.path,
                instead: row.instead,
                is_short: SHORT.contains(&change.resource_type.as_ref()),
            });
        }
    }

    fn stored(&mut self, block: &Block<'_>, rows: &'static [Row]) {
        let takes = |row: &&Row| row.kind.takes() && !row.instead.is_empty();
        let json = block.change.after.as_deref().unwrap_or_default();
        let is_open = |path: &str| schema::find(rows, &without_indices(path)).is_some_and(|row| takes(&row));
        if !schema::may_take(rows, json) && !block.change.unknown_paths.iter().any(|path| is_open(path)) {
            return;
        }
        let is_plain_parameter = block.change.resource_type == "aws_ssm_parameter"
            && block.string("type").is_none_or(|kind| kind != "SecureString");
        if is_plain_parameter || !rows.iter().any(|row| takes(&row)) {
            return;
        }
        let mut paths: Vec<String> = Vec::new();
        if let Some(after) = block.after() {
            after.walk(|trail, text| {
                if !text.is_empty() && !stands_in(&text) && !refers(&text) {
                    paths.push(trail.path());
                }
            });
        }
        paths.extend(block.change.unknown_paths.iter().map(ToString::to_string));
        for path in paths {
            let Some(row) = schema::find(rows, &without_indices(&path)).filter(takes) else {
                continue;
            };
            let references = block.references(&path);
            let is_unknown = block.is_unknown(&path);
            let origins: Vec<_> = references.into_iter().filter(|address| is_resource(address)).collect();
            if (is_unknown || !origins.is_empty()) && self.is_first(block, row.path) {
                self.stored.push(Stored {
                    address: block.change.address.to_string(),
                    path,
                    instead: row.instead,
                    maker: origins.iter().find(|origin| bears(origin, Kind::is_source)).cloned(),
                    origins,
                });
            }
        }
    }

    fn setting(&mut self, block: &Block<'_>) {
        let change = block.change;
        for (_, name, value, place) in SETTINGS.iter().filter(|row| row.0 == change.resource_type) {
            let kind = block.string("type").unwrap_or_default();
            if kind.eq_ignore_ascii_case("SecureString") || kind.eq_ignore_ascii_case("vault") {
                continue;
            }
            let Some(class) = block.string(name).as_deref().and_then(names::class) else {
                continue;
            };
            let known = block.string(value);
            let origins = secret_origins(block, value);
            let is_sure = match &known {
                Some(text) => strength::judge(class, text, Trust::Schema).is_some(),
                None => !origins.is_empty(),
            };
            // Where nothing says what comes, it may be anything.
            let is_open = known.is_none() && block.is_unknown(value) && block.references(value).is_empty();
            if (is_sure || is_open) && self.is_first(block, value) {
                self.plain.push(Plain {
                    address: change.address.to_string(),
                    path: (*value).to_owned(),
                    place,
                    origins,
                    is_sure,
                });
            }
        }
    }

    /// Variables of workloads with the name of a secret whose value comes from one.
    fn environment(&mut self, block: &Block<'_>, rows: &'static [Row]) {
        let unknown: Vec<String> = block.change.unknown_paths.iter().map(ToString::to_string).collect();
        for path in unknown {
            let row = schema::find(rows, &without_indices(&path)).filter(|row| row.kind == Kind::Config);
            if row.is_none() || names::class(&named(block, &path)).is_none() {
                continue;
            }
            let origins = secret_origins(block, &path);
            if !origins.is_empty() && self.is_first(block, &path) {
                self.plain.push(Plain {
                    address: block.change.address.to_string(),
                    path,
                    place: place_of(block),
                    origins,
                    is_sure: true,
                });
            }
        }
    }

    /// The same where it is known already which secret will stand there: then any name will do.
    fn symbols(&mut self, block: &Block<'_>, rows: &'static [Row]) {
        let text = block.change.after.as_deref().unwrap_or_default();
        let has_config = rows.iter().any(|row| row.kind == Kind::Config);
        if !has_config || !(symbol::has_symbols(text) || text.contains("\\ufdd0")) {
            return;
        }
        let mut found: Vec<(String, String)> = Vec::new();
        let mut look = |path: &str, name: &str, text: &str| {
            if let Some(origin) = only_symbol(text)
                && shows_secret(block, origin)
                && (names::class(name).is_some() || is_named_secret(origin))
            {
                found.push((path.to_owned(), origin.to_owned()));
            }
        };
        let Some(after) = block.after() else { return };
        walk::under_names(after, |path, name, text| {
            let row = schema::find(rows, &without_indices(&path)).filter(|row| row.kind == Kind::Config);
            if row.is_none() || !symbol::has_symbols(text) {
                return;
            }
            match json::parse(text).ok().filter(|_| text.starts_with(['{', '['])) {
                Some(document) => walk::under_names(document.root(), |_, name, text| look(&path, name, text)),
                None => look(&path, name, text),
            }
        });
        for (path, origin) in found {
            if self.is_first(block, &path) {
                self.plain.push(Plain {
                    address: block.change.address.to_string(),
                    path,
                    place: place_of(block),
                    origins: vec![origin],
                    is_sure: true,
                });
            }
        }
    }

    fn output(&mut self, block: &Block<'_>) {
        let Some(expression) = block.configuration() else {
            return;
        };
        let mut last = String::new();
        for name in expression
            .get("references")
            .into_iter()
            .flat_map(Value::elements)
            .filter_map(Value::as_str)
        {
            // The prefixes of a name follow it.
            let is_prefix = last.starts_with(&*name);
            last = name.to_string();
            if !is_prefix && shows_secret(block, &name) && self.shown.len() < ENTRIES_MAX {
                self.shown.push(Shown {
                    address: block.change.address.to_string(),
                    origin: name.into_owned(),
                    is_sensitive: block.change.sensitive_paths.iter().any(|path| path.is_empty()),
                });
                return;
            }
        }
    }
}

fn place_of(block: &Block<'_>) -> &'static str {
    if block.change.resource_type.contains("config_map") {
        "config map"
    } else {
        "environment variable"
    }
}

/// The origin of a text that is one symbol and nothing else.
fn only_symbol(text: &str) -> Option<&str> {
    let mut parts = symbol::parts(text);
    match (parts.next(), parts.next()) {
        (Some(Part::Symbol(origin)), None) => Some(origin),
        _ => None,
    }
}

fn is_resource(address: &str) -> bool {
    let local = address.rsplit_once("module.").map_or(address, |(_, rest)| rest);
    !(local.starts_with("var.") || local.starts_with("local.") || local.contains(".var.") || local.contains(".local."))
}

/// Mode and type of the resource at a configuration address.
fn kind_of(address: &str) -> Option<(Mode, &str)> {
    let mut parts = address.rsplit('.');
    let (_, resource_type) = (parts.next()?, parts.next()?);
    let mode = if parts.next() == Some("data") {
        Mode::Data
    } else {
        Mode::Managed
    };
    Some((mode, resource_type))
}

/// Whether a resource has an attribute of such a kind.
pub(super) fn bears(address: &str, is_such: fn(Kind) -> bool) -> bool {
    kind_of(address)
        .is_some_and(|(mode, resource_type)| schema::rows(mode, resource_type).iter().any(|row| is_such(row.kind)))
}

fn secret_origins(block: &Block<'_>, path: &str) -> Vec<String> {
    let references = block.references(path).into_iter();
    references
        .filter(|address| is_resource(address) && bears(address, Kind::is_secret))
        .collect()
}

/// The name of a variable at a path: its key, or what stands beside its value.
fn named(block: &Block<'_>, path: &str) -> String {
    let owner = path.strip_suffix(".value").and_then(|owner| block.after()?.at(owner));
    owner
        .and_then(|owner| owner.get("name").or_else(|| owner.get("key"))?.as_str())
        .map_or_else(|| strength::last_name(path).to_owned(), std::borrow::Cow::into_owned)
}

/// Whether a secret attribute says by itself that all of it is one: a value of a store may be a setting.
fn is_named_secret(origin: &str) -> bool {
    let plain = without_indices(origin);
    let last = strength::last_name(&plain);
    if names::class(last).is_some() || schema::is_made(last) {
        return true;
    }
    let Some((address, attribute)) = plain.rsplit_once('.') else {
        return false;
    };
    kind_of(address).is_some_and(|(mode, resource_type)| {
        schema::find(schema::rows(mode, resource_type), attribute).is_some_and(|row| row.kind == Kind::Made)
    })
}

/// Whether a name of the configuration is that of a secret attribute.
fn shows_secret(block: &Block<'_>, name: &str) -> bool {
    let plain = without_indices(name);
    let mut parts = plain.split('.');
    let first = parts.next().unwrap_or_default();
    let resolved = || {
        block
            .change
            .references
            .iter()
            .flat_map(|reference| &reference.addresses)
    };
    match first {
        "var" | "local" | "each" | "count" | "path" | "terraform" | "self" | "ephemeral" => false,
        "module" => {
            let output = parts.nth(1).unwrap_or_default();
            names::class(output).is_some() && resolved().any(|address| bears(address, Kind::is_secret))
        }
        _ => {
            let is_data = first == "data";
            let (mode, resource_type) = if is_data {
                (Mode::Data, parts.next().unwrap_or_default())
            } else {
                (Mode::Managed, first)
            };
            let attribute = parts.skip(1).collect::<Vec<_>>().join(".");
            let rows = schema::rows(mode, resource_type);
            if attribute.is_empty() {
                return rows.iter().any(|row| row.kind.is_secret());
            }
            match schema::find(rows, &attribute) {
                Some(row) => row.kind.is_secret(),
                None => {
                    let last = strength::last_name(&attribute);
                    schema::is_made(last) || names::class(last).is_some() && path::parse(&attribute).is_some()
                }
            }
        }
    }
}
