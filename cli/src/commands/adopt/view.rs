//! What was found, for people and for programs.

use std::collections::BTreeMap;
use std::path::Path;

use nhi_adopt::Form;
use nhi_governance::{Declaration, RecordId, Timestamp};
use serde::Serialize;

use super::Row;
use super::standing::Standing;
use crate::exit::Failure;
use crate::operate::{Format, outcome};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};

/// How much of an address a table shows, in characters.
const ADDRESS_CHARS_MAX: usize = 120;

/// What there is to tell.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) form: Form,
    pub(super) resources: u64,
    pub(super) rows: &'a [Row],
    pub(super) written: Option<&'a Path>,
    /// Nothing was asked for but a list.
    pub(super) is_listing: bool,
    /// How many could not be put on record.
    pub(super) refused: usize,
}

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    source: &'static str,
    resources: u64,
    counts: BTreeMap<&'static str, usize>,
    recorded: usize,
    written: Option<String>,
    identities: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    address: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    title: &'a str,
    name: &'a str,
    environment: Option<&'a str>,
    kind: &'static str,
    kind_reason: &'a str,
    status: &'static str,
    external: &'a [String],
    credentials: &'a [String],
    lacks: &'a [&'static str],
    refused: &'a [String],
    recorded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Record<'a>>,
}

#[derive(Debug, Serialize)]
struct Record<'a> {
    id: RecordId,
    status_reason: &'a str,
    ends_at: Timestamp,
}

impl Answer<'_> {
    /// Writes it; as talk where the answer is the HCL itself.
    pub(super) fn give(&self, format: Format, is_talk: bool, console: &Console) -> Result<(), Failure> {
        match (format, is_talk) {
            (Format::Human, true) => {
                console.talk(&self.human(console.talk_width));
                Ok(())
            }
            (Format::Human, false) => console.answer(&self.human(console.width)),
            (Format::Json, true) => {
                console.talk(&output::json(&self.document())?);
                Ok(())
            }
            (Format::Json, false) => console.answer_raw(&output::json(&self.document())?),
        }
    }

    fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows {
            *counts.entry(row.standing.word()).or_default() += 1;
        }
        counts
    }

    fn recorded(&self) -> usize {
        self.rows.iter().filter(|row| row.recorded).count()
    }

    fn document(&self) -> Document<'_> {
        Document {
            version: 1,
            source: self.form.as_str(),
            resources: self.resources,
            counts: self.counts(),
            recorded: self.recorded(),
            written: self.written.map(|path| path.display().to_string()),
            identities: self.rows.iter().map(item).collect(),
        }
    }

    fn human(&self, width: usize) -> String {
        let mut screen = Screen::new(width);
        if self.rows.is_empty() {
            let text = format!("no machine identity among {} resources", self.resources);
            screen.line(&[(PLAIN, &text)]);
            return screen.into_text();
        }
        let rows: Vec<[String; 5]> = self.rows.iter().map(cells).collect();
        let headings = ["ADDRESS", "NAME", "KIND", "STATUS", "LACKS"];
        outcome::table(&mut screen, &headings, &rows, |row, column| match column {
            0 => BOLD,
            3 => self.rows.get(row).map_or(PLAIN, |row| match row.standing {
                Standing::Governed(_) => GREEN,
                Standing::New | Standing::Waiting(_) => YELLOW,
                Standing::Overdue(_) | Standing::Revoked(_) => RED,
            }),
            _ => PLAIN,
        });
        let counts: Vec<String> = self
            .counts()
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let total = format!("{} identities", self.rows.len());
        let total = if self.rows.len() == 1 { "1 identity" } else { &total };
        screen.line(&[(BOLD, total), (PLAIN, ": "), (PLAIN, &counts.join(", "))]);
        self.advice(&mut screen);
        screen.into_text()
    }

    /// What to do next.
    fn advice(&self, screen: &mut Screen) {
        let mut say = |text: &str| screen.field(0, "", DIM, text);
        let is = |standing: fn(&Standing) -> bool| self.rows.iter().filter(move |row| standing(&row.standing));
        for row in is(|standing| matches!(standing, Standing::Overdue(_))).take(3) {
            if let Some(record) = row.standing.record() {
                say(&format!(
                    "{}: revoke it with `nhi revoke {}`, and adopt it again",
                    record.reason,
                    record.identity.id()
                ));
            }
        }
        let unnamed = |row: &&Row| row.standing.record().is_none() && !row.proposal.is_named();
        let later = self.rows.iter().filter(unnamed).count();
        if later > 0 {
            say(&format!(
                "{later} get their ids only by the apply: run this again on the state after it"
            ));
        }
        if self.recorded() > 0 {
            say(&format!(
                "{} are in quarantine now; an apply of the HCL takes them up",
                self.recorded()
            ));
        }
        if self.refused > 0 {
            say(&format!(
                "{} were not put on record, for what they lack: say it with options such as `--technical-owner`, or in tags",
                self.refused
            ));
        }
        if let Some(path) = self.written {
            say(&format!("written to {}", path.display()));
            if self
                .rows
                .iter()
                .any(|row| !row.standing.is_on_record() && !row.proposal.lacks.is_empty())
            {
                say("fill in what is empty there: `terraform validate` or `tofu validate` names each");
            }
        }
        if self.is_listing && is(Standing::is_governed).count() < self.rows.len() {
            say("`--out DIR` writes the HCL that governs them");
        }
    }
}

fn cells(row: &Row) -> [String; 5] {
    let record = row.standing.record().filter(|_| row.standing.is_on_record());
    let name = record.map_or(row.proposal.name.as_str(), |record| {
        record.identity.declaration().name().as_str()
    });
    let lacks = match record {
        Some(_) => String::new(),
        None if row.proposal.lacks.is_empty() && !row.proposal.refused.is_empty() => "refused by the policy".to_owned(),
        None => row.proposal.lacks.join(", "),
    };
    [
        short(&row.found.address),
        name.to_owned(),
        record
            .map_or(row.found.kind, |record| record.identity.declaration().kind())
            .to_string(),
        row.standing.word().to_owned(),
        lacks,
    ]
}

/// An address as far as a table has room: all rows are as wide as the widest.
fn short(address: &str) -> String {
    let mut short: String = address.chars().take(ADDRESS_CHARS_MAX).collect();
    if short.len() < address.len() {
        short.push('…');
    }
    short
}

fn item(row: &Row) -> Item<'_> {
    let on_record = row.standing.record().filter(|_| row.standing.is_on_record());
    let declaration = on_record.map(|record| record.identity.declaration());
    let is_open = declaration.is_none();
    Item {
        address: &row.found.address,
        type_name: &row.found.type_name,
        title: &row.found.title,
        name: declaration.map_or(&row.proposal.name, |declaration| declaration.name().as_str()),
        environment: declaration.map_or(row.proposal.environment.as_deref(), |declaration| {
            Some(declaration.environment().as_str())
        }),
        kind: declaration.map_or(row.found.kind, Declaration::kind).as_str(),
        kind_reason: if is_open {
            &row.found.kind_reason
        } else {
            "it is on record"
        },
        status: row.standing.word(),
        external: &row.found.external,
        credentials: &row.found.credentials,
        lacks: if is_open { &row.proposal.lacks } else { &[] },
        refused: if is_open { &row.proposal.refused } else { &[] },
        recorded: row.recorded,
        record: row.standing.record().map(|record| Record {
            id: record.identity.id(),
            status_reason: &record.reason,
            ends_at: record.identity.ends_at(),
        }),
    }
}
