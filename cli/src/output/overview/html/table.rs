//! Tables: the one place where what is on record becomes markup. A cell says what it is; only here it is escaped.
//!
//! Below a certain width each row becomes a card. The roles are written out because a table that is laid out otherwise
//! would be no table for some screen readers.

use std::fmt::Write as _;

use nhi_governance::Timestamp;

use super::super::{day, distance};
use crate::output::xml;

/// Rows that are laid out together, or not at all while they are out of sight.
const ROWS_TOGETHER: usize = 50;

/// A column.
pub(super) struct Column {
    pub(super) label: &'static str,
    pub(super) sort: Sort,
}

/// How a column is sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Text,
}

pub(super) const fn text(label: &'static str) -> Column {
    Column {
        label,
        sort: Sort::Text,
    }
}

pub(super) const fn number(label: &'static str) -> Column {
    Column {
        label,
        sort: Sort::Number,
    }
}

/// What stands in a table's cell.
pub(super) enum Cell<'a> {
    /// Prose.
    Text(&'a str),
    /// A name or an address.
    Code(&'a str),
    /// A word of ours whose class is styled, with its rank among such words.
    Word(&'a str, usize),
    /// Text with a smaller line below.
    Two(&'a str, &'a str),
    Number(usize),
    /// A moment, and how far away it is.
    When(Option<Timestamp>),
    /// A link to the row of an identity.
    Identity(String, &'a str),
}

/// A table. The first cell of a row is its heading.
pub(super) struct Table<'a> {
    /// Of the table and, after `t-`, of its class.
    pub(super) id: &'static str,
    pub(super) caption: &'a str,
    pub(super) columns: &'static [Column],
    pub(super) now: Timestamp,
}

/// A row: what it is known by, if anything links to it or filters it, and its cells.
pub(super) struct Row<'a> {
    pub(super) id: Option<String>,
    /// Pairs of a data attribute and its value.
    pub(super) data: Vec<(&'static str, &'a str)>,
    pub(super) cells: Vec<Cell<'a>>,
}

impl<'a> Row<'a> {
    pub(super) fn of(cells: Vec<Cell<'a>>) -> Self {
        Self {
            id: None,
            data: Vec::new(),
            cells,
        }
    }
}

impl Table<'_> {
    /// Writes the table.
    pub(super) fn write<'r>(&self, out: &mut String, rows: impl IntoIterator<Item = Row<'r>>) {
        self.write_as(out, self.id, rows);
    }

    /// Writes the table under another id, where there are several of its class.
    pub(super) fn write_as<'r>(&self, out: &mut String, id: &str, rows: impl IntoIterator<Item = Row<'r>>) {
        // Writing to a `String` cannot fail.
        let _ = write!(
            out,
            "<table class=\"t-{0}\" id=\"table-{1}\" role=\"table\">\n<caption>{2}</caption>\n<thead role=\"rowgroup\"><tr \
             role=\"row\">",
            self.id,
            xml::escape(id),
            xml::escape(self.caption)
        );
        for column in self.columns {
            let class = if column.sort == Sort::Number {
                " class=\"n\""
            } else {
                ""
            };
            let sort = if column.sort == Sort::Number { "n" } else { "t" };
            let _ = write!(
                out,
                "<th scope=\"col\" role=\"columnheader\" data-sort=\"{sort}\"{class}>{}</th>",
                column.label
            );
        }
        out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        for (number, row) in rows.into_iter().enumerate() {
            if number > 0 && number.is_multiple_of(ROWS_TOGETHER) {
                out.push_str("</tbody>\n<tbody role=\"rowgroup\">\n");
            }
            self.row(out, &row);
        }
        out.push_str("</tbody>\n</table>\n");
    }

    fn row(&self, out: &mut String, row: &Row<'_>) {
        out.push_str("<tr role=\"row\"");
        if let Some(id) = &row.id {
            let _ = write!(out, " id=\"{}\"", xml::escape(id));
        }
        for (name, value) in &row.data {
            let _ = write!(out, " data-{name}=\"{}\"", xml::escape(value));
        }
        out.push('>');
        for (number, cell) in row.cells.iter().enumerate() {
            let is_number = matches!(cell, Cell::Number(_));
            out.push_str(match (number, is_number) {
                (0, _) => "<th scope=\"row\" role=\"rowheader\"",
                (_, true) => "<td role=\"cell\" class=\"n\"",
                (_, false) => "<td role=\"cell\"",
            });
            if let Cell::Word(_, rank) = cell {
                let _ = write!(out, " data-v=\"{rank}\"");
            }
            out.push('>');
            self.cell(out, cell);
            out.push_str(if number == 0 { "</th>" } else { "</td>" });
        }
        out.push_str("</tr>\n");
    }

    fn cell(&self, out: &mut String, cell: &Cell<'_>) {
        let _ = match cell {
            Cell::Text("") | Cell::When(None) => write!(out, "–"),
            Cell::Text(text) => write!(out, "{}", xml::escape(text)),
            Cell::Code(text) => write!(out, "<code>{}</code>", xml::escape(text)),
            Cell::Word(word, _) => {
                let shown = xml::escape(&word.replace('_', " "));
                write!(out, "<span class=\"w {}\">{shown}</span>", class(word))
            }
            Cell::Two(text, below) => {
                let (text, below) = (xml::escape(text), xml::escape(below));
                write!(out, "{text} <small>{below}</small>")
            }
            Cell::Number(number) => write!(out, "{number}"),
            Cell::When(Some(moment)) => {
                let distance = distance(self.now, *moment);
                write!(
                    out,
                    "<time datetime=\"{moment}\">{}</time> <small>{distance}</small>",
                    day(*moment)
                )
            }
            Cell::Identity(id, name) => {
                let (id, name) = (xml::escape(id), xml::escape(name));
                write!(out, "<a href=\"#{id}\">{name}</a>")
            }
        };
    }

    /// The rules that name each cell of a card.
    pub(super) fn labels(id: &str, columns: &[Column], style: &mut String) {
        for (number, column) in columns.iter().enumerate().skip(1) {
            let _ = write!(
                style,
                ".t-{id} tbody tr>:nth-child({})::before{{content:\"{}\"}}",
                number + 1,
                column.label
            );
        }
    }
}

/// A class of letters and hyphens, so that no word of a finding's file makes another one.
fn class(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_ascii_lowercase() || matches!(c, '-' | '_'))
        .collect()
}
