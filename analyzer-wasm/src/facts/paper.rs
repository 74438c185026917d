//! A policy document where it stands: read from the plan, or led to through a data source that is not read yet.

use std::borrow::Cow;

use nhi_plan::{Finding, Severity, symbol};

use super::Block;
use super::iam::data_document::{instance_key, is_document_block};
use super::iam::document::Document;
use super::iam::documents::{Documents, INSTANCES_MAX};
use super::iam::sites::{better_told, strings_at};
use crate::rule::Rule;

/// Characters of a sid that a message repeats: it is foreign text of any length.
const SID_CHARS_MAX: usize = 64;

/// What is known of the text.
#[derive(Debug)]
pub(crate) enum Text {
    /// The documents that it may be; mostly one.
    Known(Vec<Document>),
    /// It rests on these configuration addresses.
    Pending(Vec<String>),
    /// It is no policy document.
    Broken,
}

/// A document and its place.
#[derive(Debug)]
pub(crate) struct Paper {
    pub(crate) address: String,
    pub(crate) module_address: String,
    pub(crate) path: String,
    pub(crate) text: Text,
}

/// The documents at `path`; `computed` says that the provider fills the attribute in where nobody wrote it.
pub(crate) fn papers(block: &Block<'_>, path: &str, computed: bool) -> Vec<Paper> {
    let paper = |path: String, text: Text| Paper {
        address: block.change.address.to_string(),
        module_address: block.change.module_address.to_string(),
        path,
        text,
    };
    let base = path.split_once("[*]").map_or(path, |(list, _)| list);
    let found = strings_at(block, path);
    if found.is_empty() && block.is_unknown(base) {
        let blocks = block.references(base);
        let written = !blocks.is_empty() || !computed && base == path;
        return written
            .then(|| paper(base.to_owned(), Text::Pending(blocks)))
            .into_iter()
            .collect();
    }
    let mut papers = Vec::new();
    for (at, text) in found {
        match text {
            None => papers.push(paper(at.clone(), Text::Pending(block.references(&at)))),
            Some(text) if text.trim().is_empty() => {}
            Some(text) => {
                let text = better_told(block, &at, &text).map_or_else(|| parse(&text), Text::Pending);
                papers.push(paper(at, text));
            }
        }
    }
    papers
}

fn parse(text: &str) -> Text {
    let mut documents = Vec::new();
    let alternatives = symbol::alternatives(text);
    let parse = if alternatives.len() > 1 {
        Document::parse_choice
    } else {
        Document::parse
    };
    for alternative in alternatives {
        match parse(alternative) {
            Some(document) => documents.push(document),
            // Something in its structure, or which text it is, is not known yet.
            None if symbol::has_symbols(text) => documents.push(Document {
                statements: Vec::new(),
                open: true,
            }),
            None => return Text::Broken,
        }
    }
    Text::Known(documents)
}

/// Where the statements of a document were read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Address of the `aws_iam_policy_document`, where they do not stand in the attribute itself.
    pub(crate) document: Option<String>,
    pub(crate) evidence: &'static str,
}

impl Paper {
    /// The documents that it may be, each with its source; `None` where nothing is known.
    pub(crate) fn documents(&self, all: &Documents) -> Option<Vec<(Cow<'_, Document>, Source)>> {
        match &self.text {
            Text::Known(documents) => {
                let source = Source {
                    document: None,
                    evidence: "planned",
                };
                Some(
                    documents
                        .iter()
                        .map(|document| (Cow::Borrowed(document), source.clone()))
                        .collect(),
                )
            }
            Text::Broken => None,
            Text::Pending(blocks) => {
                let mut found = Vec::new();
                for block in blocks.iter().filter(|block| is_document_block(block)) {
                    let near = all.nearest(block, &self.module_address, instance_key(&self.address))?;
                    found.extend(near.into_iter().map(|data| {
                        let source = Source {
                            document: Some(data.address.clone()),
                            evidence: if data.from_configuration {
                                "configuration"
                            } else {
                                "references"
                            },
                        };
                        (Cow::Owned(all.assemble(data)), source)
                    }));
                }
                (!found.is_empty() && found.len() <= INSTANCES_MAX).then_some(found)
            }
        }
    }

    /// Judges every document that this may be. What only some of them say is possible, not certain.
    pub(crate) fn judge<R: Remark>(
        &self,
        all: &Documents,
        judge: impl Fn(&Document) -> Vec<(usize, bool, R)>,
    ) -> Option<Vec<Placed<R>>> {
        let documents = self.documents(all)?;
        let mut placed: Vec<(usize, Placed<R>)> = Vec::new();
        for (index, (document, source)) in documents.iter().enumerate() {
            for (statement, possible, remark) in judge(document) {
                let sid = document
                    .statements
                    .get(statement)
                    .map_or("", |statement| statement.sid.as_str());
                let new = Placed {
                    address: self.address.clone(),
                    path: self.path.clone(),
                    statement: label(statement, sid, source.document.as_deref()),
                    document: source.document.clone(),
                    evidence: source.evidence,
                    possible,
                    remark,
                };
                placed.push((index, new));
            }
        }
        let count = documents.len();
        let certain = |topic: u32| {
            let mut said: Vec<usize> = placed
                .iter()
                .filter(|(_, placed)| placed.remark.topic() == topic)
                .map(|(index, _)| *index)
                .collect();
            said.dedup();
            said.len() == count
        };
        let topics: Vec<(u32, bool)> = placed
            .iter()
            .map(|(_, placed)| (placed.remark.topic(), certain(placed.remark.topic())))
            .collect();
        let mut kept: Vec<Placed<R>> = Vec::new();
        for ((_, mut new), (topic, certain)) in placed.into_iter().zip(topics) {
            new.possible |= !certain;
            // One of several documents speaks for all.
            let told = count > 1 && kept.iter().any(|old| old.remark.topic() == topic);
            if !told {
                kept.push(new);
            }
        }
        Some(kept)
    }
}

/// What a judge says; remarks of one topic are one finding where several documents are possible.
pub(crate) trait Remark {
    /// Which rule it is for.
    fn topic(&self) -> u32;
}

/// A remark and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Placed<R> {
    pub(crate) address: String,
    pub(crate) path: String,
    /// Names the statement: `statement 2 ("Admin") of data.aws_iam_policy_document.d`.
    pub(crate) statement: String,
    pub(crate) document: Option<String>,
    pub(crate) evidence: &'static str,
    /// Depends on what is known only after apply.
    pub(crate) possible: bool,
    pub(crate) remark: R,
}

impl<R> Placed<R> {
    /// A finding of `rule` about it; the message gets the statement it is about.
    pub(crate) fn finding(&self, rule: &Rule, severity: Severity, message: &str, remediation: &str) -> Finding {
        let possibly = if self.possible { "possibly, " } else { "" };
        let place = if self.statement.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.statement)
        };
        let mut finding = rule
            .finding(&self.address, &self.path)
            .message(format!("{possibly}{message}{place}"))
            .remediation(remediation);
        finding.severity = Some(severity);
        self.evidence.clone_into(&mut finding.evidence);
        if let Some(document) = &self.document {
            finding.attributes.push((String::from("document"), document.clone()));
        }
        if self.possible { finding.unverified() } else { finding }
    }
}

fn label(index: usize, sid: &str, document: Option<&str>) -> String {
    let mut text = if index == usize::MAX {
        String::from("a statement")
    } else {
        format!("statement {}", index + 1)
    };
    if !sid.is_empty() {
        text.push_str(" (`");
        text.extend(symbol::readable(sid).chars().take(SID_CHARS_MAX));
        text.push_str("`)");
    }
    if let Some(document) = document {
        text.push_str(" of `");
        text.push_str(document);
        text.push('`');
    }
    text
}
