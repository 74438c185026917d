//! Policy texts of a plan, each distinct one read once.

use std::sync::Arc;

use nhi_plan::symbol;

use super::access::Alternative;
use super::document::Document;
use crate::facts::hash::Map;

/// Texts that one attribute may turn out to be; of more than these nothing can be said.
const ALTERNATIVES_MAX: usize = 64;

/// What a text turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// It will be one of these documents.
    Documents(Arc<[Alternative]>),
    /// It is no policy document.
    Broken,
    /// It says nothing.
    Empty,
}

/// Every distinct text that was read.
#[derive(Debug, Default)]
pub(crate) struct Library {
    texts: Map<String, Text>,
}

impl Library {
    pub(crate) fn read(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let read = parse(text);
        self.texts.insert(text.to_owned(), read.clone());
        read
    }
}

fn parse(text: &str) -> Text {
    let alternatives = symbol::alternatives(text);
    if alternatives.len() > ALTERNATIVES_MAX {
        return Text::Broken;
    }
    let mut documents = Vec::with_capacity(alternatives.len());
    for alternative in &alternatives {
        let found = match alternatives.len() {
            1 if !alternative.trim().is_empty() => Document::parse(alternative),
            _ => Document::parse_choice(alternative),
        };
        let Some(document) = found else {
            return Text::Broken;
        };
        documents.push(Alternative::planned(Arc::new(document)));
    }
    if text.trim().is_empty() {
        return Text::Empty;
    }
    Text::Documents(documents.into())
}
