//! Reads a report of uses: the credential report of AWS, or JSON lines. Whole or not at all.
//!
//! The columns of the credential report, and what stands in them where nothing is known, are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>.

use nhi_governance::Timestamp;
use serde::Deserialize;

/// The largest report, in bytes.
pub(super) const BYTES_MAX: u64 = 64 << 20;
/// The most uses in one.
const USES_MAX: usize = 1_000_000;
/// The most columns of a line.
const COLUMNS_MAX: usize = 100;
/// How the first line of a credential report begins.
const CSV_START: &str = "user,arn,";
/// Where a credential report says when something was used.
const USED: [&str; 3] = [
    "password_last_used",
    "access_key_1_last_used_date",
    "access_key_2_last_used_date",
];
/// What it says where there is no such moment.
const NEVER: [&str; 4] = ["N/A", "no_information", "not_supported", ""];

/// A use of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Use {
    /// Its id, SPIFFE id, external id or name.
    pub(super) identity: String,
    #[serde(default)]
    pub(super) environment: Option<String>,
    #[serde(deserialize_with = "at")]
    pub(super) at: Timestamp,
}

/// What is wrong with a report, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) message: String,
}

/// A moment in any spelling of RFC 3339.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let parsed = text.parse::<jiff::Timestamp>();
    let parsed = parsed.map_err(|_| format!("{text:?} is no moment; write it like 2026-01-31T10:00:00Z"))?;
    Ok(Timestamp::from_unix(parsed.as_second()))
}

fn at<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    moment(&text).map_err(serde::de::Error::custom)
}

/// The uses in a report.
pub(super) fn uses(bytes: &[u8]) -> Result<Vec<Use>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        fault(line, "it is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let uses = if text.starts_with(CSV_START) {
        credential_report(text)?
    } else {
        json_lines(text)?
    };
    // A report that says nothing is no report: the command that should have made it failed.
    if text.trim().is_empty() {
        return Err(fault(1, "it is empty"));
    }
    Ok(uses)
}

fn json_lines(text: &str) -> Result<Vec<Use>, Fault> {
    let mut uses = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let said: Use = serde_json::from_str(line).map_err(|error| fault(index + 1, &described(&error)))?;
        push(&mut uses, said, index + 1)?;
    }
    Ok(uses)
}

/// Without the place, which is that of a line here.
fn described(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..cut).unwrap_or(&text).to_owned()
}

fn credential_report(text: &str) -> Result<Vec<Use>, Fault> {
    let mut rows = Rows { rest: text, line: 1 };
    let (_, heading) = rows.next_row()?.unwrap_or_default();
    let column = |name: &str| heading.iter().position(|column| column == name);
    let arn = column("arn").ok_or_else(|| fault(1, "there is no column `arn`"))?;
    let used: Vec<usize> = USED.into_iter().filter_map(column).collect();
    if used.is_empty() {
        return Err(fault(1, "there is no column that says when something was used"));
    }
    let mut found = Vec::new();
    while let Some((line, row)) = rows.next_row()? {
        if row.len() != heading.len() {
            let message = format!("{} columns where the first line has {}", row.len(), heading.len());
            return Err(fault(line, &message));
        }
        let mut latest: Option<Timestamp> = None;
        for said in used.iter().filter_map(|column| row.get(*column)) {
            if !NEVER.contains(&said.as_str()) {
                latest = latest.max(Some(moment(said).map_err(|message| fault(line, &message))?));
            }
        }
        if let (Some(at), Some(arn)) = (latest, row.get(arn)) {
            let said = Use {
                identity: arn.clone(),
                environment: None,
                at,
            };
            push(&mut found, said, line)?;
        }
    }
    Ok(found)
}

fn push(uses: &mut Vec<Use>, said: Use, line: usize) -> Result<(), Fault> {
    if uses.len() >= USES_MAX {
        return Err(fault(line, &format!("there are more than {USES_MAX} uses")));
    }
    uses.push(said);
    Ok(())
}

#[cold]
fn fault(line: usize, message: &str) -> Fault {
    Fault {
        line,
        message: message.to_owned(),
    }
}

/// The rows of comma-separated values as RFC 4180 has them: a name may hold a comma, and then stands in quotes.
struct Rows<'t> {
    rest: &'t str,
    line: usize,
}

impl Rows<'_> {
    /// The next row that holds anything, with the line that it begins in.
    fn next_row(&mut self) -> Result<Option<(usize, Vec<String>)>, Fault> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let line = self.line;
            let row = self.row()?;
            if row.iter().any(|column| !column.is_empty()) {
                return Ok(Some((line, row)));
            }
        }
    }

    fn row(&mut self) -> Result<Vec<String>, Fault> {
        let mut row = Vec::new();
        loop {
            let column = self.column()?;
            if row.len() >= COLUMNS_MAX {
                return Err(fault(self.line, &format!("there are more than {COLUMNS_MAX} columns")));
            }
            row.push(column);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            let end = ["\r\n", "\n"].iter().find_map(|end| self.rest.strip_prefix(end));
            if let Some(rest) = end {
                self.rest = rest;
                self.line += 1;
            } else if !self.rest.is_empty() {
                return Err(fault(self.line, "there is something behind a quote"));
            }
            return Ok(row);
        }
    }

    fn column(&mut self) -> Result<String, Fault> {
        let Some(mut quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            let (column, _) = self.rest.split_at(end);
            let column = column.strip_suffix('\r').unwrap_or(column);
            self.rest = self.rest.get(column.len()..).unwrap_or_default();
            return Ok(column.to_owned());
        };
        let begun = self.line;
        let mut column = String::new();
        loop {
            let Some((part, rest)) = quoted.split_once('"') else {
                return Err(fault(begun, "a quote is not closed"));
            };
            column.push_str(part);
            self.line += part.matches('\n').count();
            match rest.strip_prefix('"') {
                Some(rest) => {
                    column.push('"');
                    quoted = rest;
                }
                None => {
                    self.rest = rest;
                    return Ok(column);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADING: &str = "user,arn,user_creation_time,password_enabled,password_last_used,access_key_1_last_used_date,\
                           access_key_2_last_used_date\n";

    fn read(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
        uses(text.as_bytes())
            .map(|uses| {
                uses.into_iter()
                    .map(|said| (said.identity, said.at.to_string()))
                    .collect()
            })
            .map_err(|fault| (fault.line, fault.message))
    }

    #[test]
    fn credential_reports() {
        let report = format!(
            "{HEADING}<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,no_information,N/A,N/A\n\
             ci,arn:aws:iam::111122223333:user/ci,2020-01-01T00:00:00+00:00,false,N/A,2026-01-31T10:00:00+00:00,2026-02-01T11:00:00+01:00\r\n\
             \n\"a,b\",\"arn:aws:iam::111122223333:user/a,b\",2020-01-01T00:00:00+00:00,true,2026-03-01T00:00:00Z,N/A,\n"
        );
        let expected = [
            ("arn:aws:iam::111122223333:user/ci", "2026-02-01T10:00:00Z"),
            ("arn:aws:iam::111122223333:user/a,b", "2026-03-01T00:00:00Z"),
        ];
        let expected = expected.map(|(arn, at)| (arn.to_owned(), at.to_owned()));
        assert_eq!(read(&report), Ok(expected.to_vec()));
        assert_eq!(read(HEADING), Ok(vec![]), "nobody was used");
    }

    #[test]
    fn json_lines() {
        let report = "{\"identity\":\"ci\",\"environment\":\"dev\",\"at\":\"2026-01-31T10:00:00.5+02:00\"}\n\n{\"at\":\"2026-01-31T10:00:00Z\",\"identity\":\"spiffe://e/x\"}";
        assert_eq!(
            read(report).unwrap(),
            [
                ("ci".to_owned(), "2026-01-31T08:00:00Z".to_owned()),
                ("spiffe://e/x".to_owned(), "2026-01-31T10:00:00Z".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_line() {
        for (text, line, said) in [
            ("", 1, "empty"),
            (" \n ", 1, "empty"),
            ("user,arn,user_creation_time\n", 1, "no column that says when"),
            ("user;arn\n", 1, "expected"),
            ("{\"identity\":\"a\"}", 1, "missing field `at`"),
            ("{\"identity\":\"a\",\"at\":\"yesterday\"}", 1, "no moment"),
            (
                "\n{\"identity\":\"a\",\"at\":\"2026-01-31T10:00:00Z\",\"by\":\"x\"}",
                2,
                "unknown field",
            ),
            ("[]", 1, ""),
            (&format!("{HEADING}ci,arn\n"), 2, "2 columns where the first line has 7"),
            (&format!("{HEADING}ci,arn,x,y,soon,N/A,N/A\n"), 2, "no moment"),
            (&format!("{HEADING}\"ci,arn\n"), 2, "not closed"),
            (&format!("{HEADING}\"ci\"x,arn,x,y,N/A,N/A,N/A\n"), 2, "behind a quote"),
        ] {
            let (at, message) = read(text).unwrap_err();
            assert!(at == line && message.contains(said), "{text:?}: {at} {message}");
        }
        assert_eq!(uses(b"{}\n\xff").unwrap_err().line, 2);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), is_csv: bool) {
            let mut all = if is_csv { HEADING.as_bytes().to_vec() } else { Vec::new() };
            all.extend(&bytes);
            let _ = uses(&all);
        }

        /// What is written by the rules of RFC 4180 is read back.
        #[test]
        fn quoting_goes_round(names in proptest::collection::vec("[ -~\\n]{1,12}", 1..5)) {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let rows: Vec<String> = names
                .iter()
                .map(|name| format!("{0},{0},x,y,2026-01-31T10:00:00Z,N/A,N/A\n", quoted(name)))
                .collect();
            let rows = rows.concat();
            let read: Vec<String> = read(&format!("{HEADING}{rows}")).unwrap().into_iter().map(|(name, _)| name).collect();
            prop_assert_eq!(read, names);
        }
    }
}
