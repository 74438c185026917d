//! `data.aws_iam_policy_document`: what the AWS provider makes of its arguments, byte for byte.
//!
//! Established from `internal/service/iam/policy_model.go` and `policy_document_data_source.go` of the AWS provider,
//! version 5.100.0, and by comparing thousands of documents with it: lists of more than one text are sorted
//! backwards, statements with the same sid replace one another across documents, `&{` becomes `${`.

mod json;
mod source;
mod statement;

use crate::ast::Text;
use crate::evaluator::{Evaluator, Slot};
use crate::fault::{Fault, error};
use crate::value::{Data, Value};
use statement::{Document, Statement};

/// The arguments that a document is made of.
const ARGUMENTS: [&str; 4] = [
    "override_policy_documents",
    "policy_id",
    "source_policy_documents",
    "version",
];

const RESOURCE_TYPE: &str = "aws_iam_policy_document";

impl Evaluator<'_> {
    /// The `json` or `minified_json` of a policy document; `None` for any other attribute.
    pub(crate) fn document_attribute(&mut self, at: u32, name: &str) -> Result<Option<Value>, Fault> {
        let is_document = self
            .index
            .instance(at)
            .is_some_and(|instance| instance.resource_type == RESOURCE_TYPE && instance.local.starts_with("data."));
        if !is_document || !matches!(name, "json" | "minified_json") {
            return Ok(None);
        }
        // Both attributes are made of the same arguments.
        let slot = Slot::Attribute(at, Text::from("(arguments)"));
        let arguments = self.once(0, slot, "a policy document", |evaluator| {
            evaluator.document_arguments(at)
        });
        let minified = name == "minified_json";
        let sensitive = arguments.any_sensitive();
        let text = self.lift(&[arguments], |evaluator, arguments| {
            let document = evaluator.document(arguments.first())?;
            let text = document.write(minified, evaluator.limits.output_bytes)?;
            evaluator.charge_text(text.len())?;
            Ok(Value::text(text))
        })?;
        Ok(Some(text.marked(sensitive)))
    }

    /// The arguments as an object: from the configuration, or else from the plan.
    fn document_arguments(&mut self, at: u32) -> Result<Value, Fault> {
        let configured = self.in_instance(at, |evaluator, block, scope| {
            let mut members = std::collections::BTreeMap::new();
            for name in ARGUMENTS {
                if let Some(attribute) = block.body.attribute(name) {
                    let value = evaluator.evaluate(&attribute.value, scope);
                    members.insert(Text::from(name), evaluator.settle(value, name)?);
                }
            }
            let statements = evaluator.blocks_and_more(&block.body, "statement", scope);
            members.insert(Text::from("statement"), evaluator.settle(statements, "statement")?);
            Ok(members)
        });
        let mut members = configured.transpose()?.unwrap_or_default();
        for name in ARGUMENTS.into_iter().chain(["statement"]) {
            let is_unknown = |value: &Value| matches!(value.data, Data::Unknown(_));
            let value = members.get(name);
            let missing = value.is_none_or(is_unknown);
            // The plan may know how many statements there will be where the expressions do not tell.
            let partial = name == "statement"
                && value
                    .and_then(Value::elements)
                    .is_some_and(|all| all.iter().any(is_unknown));
            if (missing || partial)
                && let Some(planned) = self.planned(at, name)?
                && (missing || !is_unknown(&planned))
            {
                members.insert(Text::from(name), planned);
            }
        }
        Ok(Value::map(members))
    }

    fn document(&mut self, arguments: Option<&Value>) -> Result<Document, Fault> {
        let Some(members) = arguments.and_then(Value::members) else {
            return error("a policy document has no arguments");
        };
        let mut merged = Document::default();
        let mut sids = std::collections::BTreeSet::new();
        for source in self.texts_of(members.get("source_policy_documents"))? {
            let source = Document::parse(&source)?;
            for statement in &source.statements {
                if !statement.sid.is_empty() && !sids.insert(statement.sid.clone()) {
                    return error("two source documents have a statement with the same sid");
                }
            }
            merged.merge(source);
        }
        let mut own = Document {
            version: self
                .text_of(members.get("version"))?
                .unwrap_or_else(|| "2012-10-17".to_owned()),
            id: self.text_of(members.get("policy_id"))?.unwrap_or_default(),
            statements: Vec::new(),
        };
        if let Some(statements) = members.get("statement").filter(|value| !value.is_null()) {
            let Some(items) = statements.elements() else {
                let origin = self.name_of(statements);
                return error(format!("the statements are unknown: {origin}"));
            };
            let mut sids = std::collections::BTreeSet::new();
            for item in items {
                self.charge(1)?;
                if matches!(item.data, Data::Unknown(_)) {
                    own.statements.push(Statement::hidden(self.name_of(item)));
                    continue;
                }
                let statement = self.statement(item, &own.version)?;
                if !statement.sid.is_empty() && !sids.insert(statement.sid.clone()) {
                    return error("two statements have the same sid");
                }
                own.statements.push(statement);
            }
        }
        merged.merge(own);
        for text in self.texts_of(members.get("override_policy_documents"))? {
            merged.merge(Document::parse(&text)?);
        }
        Ok(merged)
    }

    /// The documents of a list; null ones do not count, and an unknown one could say anything.
    fn texts_of(&mut self, list: Option<&Value>) -> Result<Vec<String>, Fault> {
        let Some(list) = list.filter(|list| !list.is_null()) else {
            return Ok(Vec::new());
        };
        let Some(items) = list.elements() else {
            return error(format!("a list of documents is unknown: {}", self.name_of(list)));
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items.iter().filter(|item| !item.is_null()) {
            match &item.data {
                Data::Text(text) if text.is_empty() => {}
                Data::Text(text) => {
                    self.charge_text(text.len())?;
                    texts.push(text.to_string());
                }
                _ => {
                    return error(format!(
                        "a document that is merged in is unknown: {}",
                        self.name_of(item)
                    ));
                }
            }
        }
        Ok(texts)
    }

    /// A text, with a symbol where it is unknown; `None` for null and for nothing.
    pub(crate) fn text_of(&mut self, value: Option<&Value>) -> Result<Option<String>, Fault> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let text = self.written(value)?;
        Ok(text
            .as_text()
            .filter(|text| !text.is_empty())
            .map(std::string::ToString::to_string))
    }

    fn statement(&mut self, value: &Value, version: &str) -> Result<Statement, Fault> {
        let Some(members) = value.members() else {
            return error(format!("a statement is unknown: {}", self.name_of(value)));
        };
        statement::read(self, members, version)
    }
}
