//! Blocks within blocks: as they are written, and as `dynamic` makes them.

use std::collections::BTreeMap;

use super::{Evaluator, Frame, Scope};
use crate::ast::{Body, Expr, Kind, Text};
use crate::fault::{Fault, error};
use crate::value::{Data, Value};

/// What makes the instances of a `dynamic` block.
#[derive(Clone, Copy)]
enum Content<'b> {
    Body(&'b Body),
    Object(&'b Expr),
}

/// The member of an object expression.
fn member<'e>(expression: &'e Expr, name: &str) -> Option<&'e Expr> {
    let Kind::Object(items) = &expression.kind else {
        return None;
    };
    items
        .iter()
        .find(|(key, _)| matches!(&key.kind, Kind::Text(key) if &**key == name))
        .map(|(_, value)| value)
}

/// JSON writes a list of one block as the block itself.
fn one_or_many(expression: &Expr) -> &[Expr] {
    match &expression.kind {
        Kind::Array(items) => items,
        _ => std::slice::from_ref(expression),
    }
}

/// The name of the iterator.
fn iterator(expression: Option<&Expr>, label: &str) -> Text {
    match expression.map(|expression| &expression.kind) {
        Some(Kind::Variable(name) | Kind::Text(name)) => name.clone(),
        _ => Text::from(label),
    }
}

/// Whether a name is that of blocks in a body, and not of an attribute.
pub(crate) fn names_blocks(body: &Body, name: &str) -> bool {
    let parts = body.attribute("dynamic").map(|attribute| one_or_many(&attribute.value));
    body.attribute(name).is_none() || parts.into_iter().flatten().any(|part| member(part, name).is_some())
}

impl Evaluator<'_> {
    /// A body as an object: its attributes, and a list for each kind of block.
    pub(crate) fn body_value(&mut self, body: &Body, scope: &Scope<'_>) -> Result<Value, Fault> {
        self.deeper(|evaluator| {
            let mut members = BTreeMap::new();
            for attribute in &body.attributes {
                let value = evaluator.evaluate(&attribute.value, scope);
                members.insert(attribute.name.clone(), evaluator.settle(value, &attribute.name)?);
            }
            for block in &body.blocks {
                let kind = if &*block.kind == "dynamic" {
                    block.label(0)
                } else {
                    &*block.kind
                };
                if !members.contains_key(kind) {
                    let blocks = evaluator.blocks(body, kind, scope)?;
                    members.insert(Text::from(kind), blocks);
                }
            }
            Ok(Value::map(members))
        })
    }

    /// All blocks of a kind, as a list of objects.
    pub(crate) fn blocks(&mut self, body: &Body, kind: &str, scope: &Scope<'_>) -> Result<Value, Fault> {
        let groups = self.groups(body, kind, scope)?;
        self.gather(groups)
    }

    /// All blocks of a kind, where an unknown element stands for blocks whose number is not known.
    pub(crate) fn blocks_and_more(&mut self, body: &Body, kind: &str, scope: &Scope<'_>) -> Result<Value, Fault> {
        let groups = self.groups(body, kind, scope)?;
        let more = |group: Value| match group.data {
            Data::Unknown(_) => {
                let sensitive = group.sensitive;
                Value::list(vec![group]).marked(sensitive)
            }
            _ => group,
        };
        self.gather(groups.into_iter().map(more).collect())
    }

    /// The blocks of a kind as lists, one for each place that makes some.
    fn groups(&mut self, body: &Body, kind: &str, scope: &Scope<'_>) -> Result<Vec<Value>, Fault> {
        let mut groups = Vec::new();
        for block in &body.blocks {
            if &*block.kind == kind {
                let value = self.body_value(&block.body, scope)?;
                groups.push(Value::list(vec![value]));
            } else if &*block.kind == "dynamic" && block.label(0) == kind {
                let content = block.body.blocks.iter().find(|inner| &*inner.kind == "content");
                let (Some(for_each), Some(content)) = (block.body.attribute("for_each"), content) else {
                    return error("a dynamic block is not complete");
                };
                let name = iterator(block.body.attribute("iterator").map(|attribute| &attribute.value), kind);
                groups.push(self.dynamic(&for_each.value, &name, Content::Body(&content.body), scope)?);
            }
        }
        // JSON configuration has attributes for blocks.
        if let Some(attribute) = body.attribute(kind) {
            for expression in one_or_many(&attribute.value) {
                let value = self.evaluate(expression, scope)?;
                let is_list = value.elements().is_some() || value.is_unknown() || value.is_null();
                groups.push(if is_list { value } else { Value::list(vec![value]) });
            }
        }
        let dynamic = body.attribute("dynamic").map(|attribute| one_or_many(&attribute.value));
        for part in dynamic.into_iter().flatten().filter_map(|part| member(part, kind)) {
            for part in one_or_many(part) {
                let (Some(for_each), Some(content)) = (member(part, "for_each"), member(part, "content")) else {
                    return error("a dynamic block is not complete");
                };
                let name = iterator(member(part, "iterator"), kind);
                groups.push(self.dynamic(for_each, &name, Content::Object(content), scope)?);
            }
        }
        Ok(groups)
    }

    /// Lists of blocks as one list; unknown if one of them is.
    fn gather(&mut self, groups: Vec<Value>) -> Result<Value, Fault> {
        // Choices inside of a block stay there: only those between whole lists multiply here.
        if groups.iter().any(|group| matches!(group.data, Data::OneOf(_))) {
            return self.lift(&groups, |evaluator, groups| evaluator.gather(groups.to_vec()));
        }
        let mut all = Vec::new();
        for group in groups {
            match &group.data {
                Data::List(items) | Data::Set(items) => {
                    all.extend(items.items.iter().map(|item| item.clone().marked(group.sensitive)));
                }
                Data::Null => {}
                _ => return Ok(group),
            }
        }
        self.charge_items(all.len())?;
        Ok(Value::list(all))
    }

    fn dynamic(
        &mut self,
        for_each: &Expr,
        name: &str,
        content: Content<'_>,
        scope: &Scope<'_>,
    ) -> Result<Value, Fault> {
        let collection = self.evaluate(for_each, scope)?;
        if let Data::OneOf(options) = &collection.data {
            let mut made = Vec::with_capacity(options.items.len());
            for option in &options.items {
                made.push(self.dynamic_over(option, name, content, scope)?);
            }
            return Ok(Value::one_of(made, self.limits.alternatives).marked(collection.sensitive));
        }
        self.dynamic_over(&collection, name, content, scope)
    }

    fn dynamic_over(
        &mut self,
        collection: &Value,
        name: &str,
        content: Content<'_>,
        scope: &Scope<'_>,
    ) -> Result<Value, Fault> {
        if collection.is_null() {
            return Ok(Value::list(Vec::new()));
        }
        let Some(pairs) = self.pairs(collection)? else {
            let origin = format!("dynamic blocks over {}", self.name_of(collection));
            return Ok(self
                .because(&origin, "how many blocks there will be is unknown")
                .marked(collection.sensitive));
        };
        let mut made = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let members = [(Text::from("key"), key), (Text::from("value"), value)];
            let frame = Frame {
                name,
                value: Value::map(members.into_iter().collect()),
                up: scope.frames,
            };
            let inner = scope.with(&frame);
            made.push(match content {
                Content::Body(body) => self.body_value(body, &inner)?,
                Content::Object(expression) => self.evaluate(expression, &inner)?,
            });
        }
        Ok(Value::list(made))
    }
}
