//! Reads RBAC objects in the three spellings they come in: resources of the provider, manifests as objects, and
//! manifests as YAML.
//!
//! Facts: schema of `kubernetes_role_v1` and its siblings, `kubernetes_manifest`, `kubectl_manifest.yaml_body` and
//! `helm_release.values`; the RBAC API `rbac.authorization.k8s.io/v1`.

use nhi_plan::json::{self, Kind, Value};
use nhi_plan::symbol;

use super::model::{Binding, List, Place, PolicyRule, Role, Subject, TokenSecret, UNTRACED, Unread};
use super::{Kubernetes, yaml};
use crate::facts::{Block, cloud, setting};

/// Elements of a list that are read.
const ELEMENTS_MAX: usize = 2_000;

/// An object, where it stands, and how to ask whether a part of it is unknown.
#[derive(Clone, Copy)]
struct Object<'o, 'b> {
    block: &'o Block<'b>,
    value: Value<'o>,
    place: &'o Place,
    /// Where an object does not say its namespace.
    namespace: &'o str,
}

impl<'o> Object<'o, '_> {
    fn is_unknown(&self, path: &str) -> bool {
        !self.place.text && self.block.is_unknown(&self.place.inner(path))
    }

    /// An attribute under either of its spellings, with the one that is there.
    fn field(&self, value: Value<'o>, names: &[&'static str; 2]) -> (Option<Value<'o>>, &'static str) {
        let there = |name: &&'static str| {
            value
                .get(name)
                .filter(|found| !found.is_null())
                .map(|found| (Some(found), *name))
        };
        let own = if self.place.path.is_empty() { names[0] } else { names[1] };
        names.iter().find_map(there).unwrap_or((None, own))
    }

    fn list(&self, value: Value<'o>, at: &str, names: &[&'static str; 2]) -> List {
        let (found, name) = self.field(value, names);
        let path = format!("{at}.{name}");
        let mut list = List {
            values: Vec::new(),
            unknown: self.is_unknown(&path),
        };
        let Some(found) = found else { return list };
        match found.as_str() {
            // `yamlencode` of an unknown list is one symbol.
            Some(text) if symbol::has_symbols(&text) => list.unknown = true,
            Some(text) => list.values.push(text.into_owned()),
            None => list.values.extend(found.elements().take(ELEMENTS_MAX).map(name_of)),
        }
        list
    }

    fn meta(&self) -> Option<Value<'o>> {
        self.value.get("metadata").map(one)
    }

    fn meta_text(&self, name: &str) -> Option<String> {
        self.meta()?.get(name)?.as_str().map(std::borrow::Cow::into_owned)
    }

    fn namespace(&self) -> String {
        self.meta_text("namespace").unwrap_or_else(|| {
            if self.is_unknown("metadata[0].namespace") || self.is_unknown("metadata.namespace") {
                return symbol::symbol(UNTRACED);
            }
            self.namespace.to_owned()
        })
    }

    fn pairs(value: Option<Value<'o>>) -> Vec<(String, String)> {
        let text = |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned);
        let members = value.map(|value| value.members().take(ELEMENTS_MAX));
        members
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.into_owned(), text(value)?)))
            .collect()
    }
}

/// A block stands in a list of one, an object by itself.
pub(super) fn one(value: Value<'_>) -> Value<'_> {
    value.index(0).unwrap_or(value)
}

/// An element that is no text is one that is not known yet.
fn name_of(value: Value<'_>) -> String {
    value
        .as_str()
        .map_or_else(|| symbol::symbol(UNTRACED), std::borrow::Cow::into_owned)
}

/// A resource of the Kubernetes provider that is an RBAC object.
pub(super) fn resource(block: &Block<'_>, kind: &str, into: &mut Kubernetes) {
    let place = place(block, "");
    if let Some(value) = block.after() {
        let object = Object {
            block,
            value,
            place: &place,
            namespace: "default",
        };
        object_of(object, kind, into);
    }
}

/// `kubernetes_manifest`: the manifest as an object.
pub(super) fn manifest(block: &Block<'_>, into: &mut Kubernetes) {
    let place = place(block, "manifest");
    match block
        .after()
        .and_then(|after| after.get("manifest"))
        .filter(|value| value.kind() == Kind::Object)
    {
        Some(value) => any(block, value, &place, "default", into),
        None => into.unread.push(Unread {
            path: String::from("manifest"),
            place,
            why: "the manifest is known only after apply",
        }),
    }
}

/// `kubectl_manifest`: the manifest as YAML.
pub(super) fn yaml_body(block: &Block<'_>, into: &mut Kubernetes) {
    let mut place = place(block, "yaml_body");
    place.text = true;
    let namespace = block
        .string("override_namespace")
        .unwrap_or_else(|| String::from("default"));
    match block.string("yaml_body") {
        Some(text) => yaml_text(block, &text, &place, &namespace, true, into),
        None => into.unread.push(Unread {
            path: String::from("yaml_body"),
            place,
            why: "the manifest is known only after apply",
        }),
    }
}

/// `helm_release`: what its values say in the form of RBAC.
pub(super) fn helm(block: &Block<'_>, into: &mut Kubernetes) {
    let namespace = block.string("namespace").unwrap_or_else(|| String::from("default"));
    let values = block.after().and_then(|after| after.get("values"));
    for (index, text) in values.into_iter().flat_map(Value::elements).enumerate() {
        let Some(text) = text
            .as_str()
            .filter(|text| text.contains("verbs") || text.contains("roleRef"))
        else {
            continue;
        };
        let mut place = place(block, "");
        (place.path, place.text) = (format!("values[{index}]"), true);
        yaml_text(block, &text, &place, &namespace, false, into);
    }
}

fn place(block: &Block<'_>, path: &str) -> Place {
    Place {
        address: block.change.address.to_string(),
        config_address: block.change.config_address.to_string(),
        path: path.to_owned(),
        text: false,
    }
}

fn yaml_text(block: &Block<'_>, text: &str, place: &Place, namespace: &str, manifest: bool, into: &mut Kubernetes) {
    let mut failed = false;
    let (roles, bindings) = (into.roles.len(), into.bindings.len());
    let alternatives = symbol::alternatives(text);
    let several = alternatives.len() > 1;
    for text in alternatives {
        let Ok(documents) = yaml::documents(text) else {
            failed = true;
            continue;
        };
        for text in documents {
            let Ok(document) = json::parse(&text) else {
                failed = true;
                continue;
            };
            let root = document.root();
            if !manifest {
                values(block, root, place, namespace, into);
            } else if root.kind() == Kind::Object {
                any(block, root, place, namespace, into);
            } else {
                failed = true;
            }
        }
    }
    if several {
        // One of them it will be, and nobody knows which.
        let each = into.roles.iter_mut().skip(roles).flat_map(|role| &mut role.rules);
        each.for_each(|rule| rule.maybe = true);
        into.bindings
            .iter_mut()
            .skip(bindings)
            .for_each(|binding| binding.maybe = true);
    }
    if failed {
        into.unread.push(Unread {
            path: place.path.clone(),
            place: place.clone(),
            why: "its YAML cannot be read",
        });
    }
}

/// An object that says itself what it is; lists of objects too.
fn any(block: &Block<'_>, value: Value<'_>, place: &Place, namespace: &str, into: &mut Kubernetes) {
    let kind = value.get("kind").and_then(Value::as_str);
    let missing = kind.is_none() && !place.text && block.is_unknown(&place.inner("kind"));
    let kind = kind.unwrap_or_default();
    if missing || symbol::has_symbols(&kind) {
        into.unread.push(Unread {
            path: place.path.clone(),
            place: place.clone(),
            why: "its kind is known only after apply",
        });
        return;
    }
    if kind == "List" {
        let items = value.get("items").into_iter().flat_map(Value::elements);
        for item in items.filter(|item| {
            item.get("kind")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind != "List")
        }) {
            let place = Place {
                text: true,
                ..place.clone()
            };
            any(block, item, &place, namespace, into);
        }
        return;
    }
    let object = Object {
        block,
        value,
        place,
        namespace,
    };
    object_of(object, &kind, into);
}

fn object_of(object: Object<'_, '_>, kind: &str, into: &mut Kubernetes) {
    match kind {
        "Role" | "ClusterRole" => into.roles.push(role(object, kind == "ClusterRole")),
        "RoleBinding" | "ClusterRoleBinding" => into.bindings.push(binding(object, kind == "ClusterRoleBinding")),
        "Secret" => into.tokens.extend(token(object)),
        "ConfigMap" => super::aws_auth::read(object.block, object.value, object.place, &object.namespace(), into),
        _ => into
            .workloads
            .add(&object.place.address, kind, object.value, &object.namespace()),
    }
}

fn role(object: Object<'_, '_>, cluster: bool) -> Role {
    let (rules, name) = object.field(object.value, &["rule", "rules"]);
    let meta = object.meta();
    let mut role = Role {
        place: object.place.clone(),
        cluster,
        name: object.meta_text("name").unwrap_or_default(),
        namespace: if cluster { String::new() } else { object.namespace() },
        labels: Object::pairs(meta.and_then(|meta| meta.get("labels"))),
        rules: Vec::new(),
        selectors: Vec::new(),
        unknown: object.is_unknown(name),
    };
    if let Some(text) = rules.and_then(Value::as_str) {
        role.unknown |= symbol::has_symbols(&text);
    }
    for (index, rule) in rules
        .into_iter()
        .flat_map(Value::elements)
        .take(ELEMENTS_MAX)
        .enumerate()
    {
        let at = format!("{name}[{index}]");
        role.unknown |= rule.is_null();
        role.rules.push(policy_rule(&object, rule, &at));
    }
    let (aggregation, _) = object.field(object.value, &["aggregation_rule", "aggregationRule"]);
    if let Some(aggregation) = aggregation.map(one) {
        let (selectors, _) = object.field(aggregation, &["cluster_role_selectors", "clusterRoleSelectors"]);
        for selector in selectors.into_iter().flat_map(Value::elements).take(ELEMENTS_MAX) {
            let (labels, _) = object.field(selector, &["match_labels", "matchLabels"]);
            role.selectors.push(Object::pairs(labels));
        }
    }
    role
}

fn policy_rule<'o>(object: &Object<'o, '_>, rule: Value<'o>, at: &str) -> PolicyRule {
    PolicyRule {
        groups: object.list(rule, at, &["api_groups", "apiGroups"]),
        resources: object.list(rule, at, &["resources", "resources"]),
        names: object.list(rule, at, &["resource_names", "resourceNames"]),
        verbs: object.list(rule, at, &["verbs", "verbs"]),
        maybe: false,
        path: object.place.inner(at),
    }
}

fn binding(object: Object<'_, '_>, cluster: bool) -> Binding {
    let (role, role_name) = object.field(object.value, &["role_ref", "roleRef"]);
    let role = role.map(one);
    let text = |value: Option<Value<'_>>, name: &str| {
        value
            .and_then(|value| value.get(name))
            .and_then(Value::as_str)
            .map(std::borrow::Cow::into_owned)
    };
    let kind = text(role, "kind");
    // Roles and cluster roles have names of their own: only where it leads to can be followed.
    let unnamed = kind.is_none()
        && (object.is_unknown(&format!("{role_name}[0].kind")) || object.is_unknown(&format!("{role_name}.kind")));
    let (subjects, subjects_name) = object.field(object.value, &["subject", "subjects"]);
    let namespace = if cluster { String::new() } else { object.namespace() };
    let role_path = if object.place.path.is_empty() {
        String::from("role_ref[0].name")
    } else {
        object.place.inner(&format!("{role_name}.name"))
    };
    let mut binding = Binding {
        place: object.place.clone(),
        cluster,
        role_is_cluster: cluster || kind.as_deref() != Some("Role"),
        role: text(role, "name").filter(|_| cluster || !unnamed).unwrap_or_default(),
        references: object.block.references(&object.place.inner(role_name)),
        role_path,
        subjects: Vec::new(),
        maybe: false,
        unknown: object.is_unknown(subjects_name) || subjects.is_some_and(|value| value.as_str().is_some()),
        open: None,
        open_account: false,
        namespace,
    };
    if binding.unknown {
        binding.open = Some(object.place.inner(subjects_name));
    }
    let subjects = subjects.into_iter().flat_map(Value::elements).take(ELEMENTS_MAX);
    for (index, subject) in subjects.enumerate() {
        let at = format!("{subjects_name}[{index}]");
        if subject.is_null() {
            binding.unknown = true;
            binding.open = Some(object.place.inner(&at));
            binding.open_account = false;
            continue;
        }
        let open = |name: &str| {
            let value = text(Some(subject), name);
            value.map_or_else(
                || object.is_unknown(&format!("{at}.{name}")),
                |value| setting::is_symbol(&value),
            )
        };
        // An account of the plan is one account, whatever its name.
        let made = object.block.references(&object.place.inner(&format!("{at}.name")));
        let is_account = made
            .iter()
            .any(|address| cloud::type_of(address).starts_with("kubernetes_service_account"));
        if open("kind") || open("name") && !is_account {
            let account = text(Some(subject), "kind").as_deref() == Some("ServiceAccount");
            binding.open_account = account && (binding.open.is_none() || binding.open_account);
            binding.open = Some(object.place.inner(&at));
        }
        let name = text(Some(subject), "name").unwrap_or_default();
        binding.subjects.push(match text(Some(subject), "kind").as_deref() {
            Some("Group") => Subject::Group(name),
            Some("User") => Subject::user(name),
            _ => {
                let namespace = text(Some(subject), "namespace").filter(|namespace| !namespace.is_empty());
                Subject::Account(namespace.unwrap_or_else(|| object.namespace.to_owned()), name)
            }
        });
    }
    binding
}

fn token(object: Object<'_, '_>) -> Option<TokenSecret> {
    let annotations = Object::pairs(object.meta().and_then(|meta| meta.get("annotations")));
    let account = annotations
        .into_iter()
        .find(|(key, _)| key == "kubernetes.io/service-account.name");
    let kind = object.value.get("type").and_then(Value::as_str);
    // The annotation alone does nothing, but nobody writes it on another secret.
    let may = account.is_some()
        && kind
            .as_deref()
            .map_or_else(|| object.is_unknown("type"), setting::is_symbol);
    let sure = kind.is_some_and(|kind| kind == "kubernetes.io/service-account-token");
    (sure || may).then(|| TokenSecret {
        sure,
        place: object.place.clone(),
        namespace: object.namespace(),
        account: account.map(|(_, name)| name).unwrap_or_default(),
    })
}

/// Values of a chart: lists whose elements have the form of rules, and manifests among extra objects.
fn values(block: &Block<'_>, root: Value<'_>, place: &Place, namespace: &str, into: &mut Kubernetes) {
    let mut open = vec![(root, false)];
    while let Some((value, in_cluster)) = open.pop() {
        if value.get("kind").is_some() && value.get("metadata").is_some() {
            any(block, value, place, namespace, into);
            continue;
        }
        open.extend(
            value
                .members()
                .map(|(key, inner)| (inner, in_cluster || key.to_ascii_lowercase().contains("cluster"))),
        );
        open.extend(value.elements().map(|inner| (inner, in_cluster)));
        let is_rule = |rule: &Value<'_>| rule.get("verbs").is_some() && rule.get("resources").is_some();
        if !value.elements().any(|rule| is_rule(&rule)) {
            continue;
        }
        let object = Object {
            block,
            value,
            place,
            namespace,
        };
        let rules = value.elements().take(ELEMENTS_MAX).filter(is_rule);
        // A chart binds what its values list to the account of the release.
        let name = format!("{}\n{}", place.address, into.roles.len());
        let role = Role {
            place: place.clone(),
            cluster: in_cluster,
            name: name.clone(),
            namespace: namespace.to_owned(),
            rules: rules.map(|rule| policy_rule(&object, rule, "")).collect(),
            ..Role::default()
        };
        into.bindings.push(Binding {
            place: place.clone(),
            cluster: in_cluster,
            namespace: namespace.to_owned(),
            role_is_cluster: in_cluster,
            role: name,
            subjects: vec![Subject::Release],
            ..Binding::default()
        });
        into.roles.push(role);
    }
}
