//! Policies that AWS manages, by content, known by the end of their ARN in every partition.
//!
//! The table leaves out what no rule asks for; `data/README.md` says what, and how it is derived. It is read when the
//! first such policy is attached, and a policy is built when it is first asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use nhi_plan::json::quote;
use nhi_plan::symbol;

use super::document::Document;
use super::pattern::{Case, matches};
use crate::facts::hash::Map;

const TABLE: &str = include_str!("../../../data/aws-managed-policies.tsv");

/// Characters that an index is written in, two for each.
const DIGIT_COUNT: usize = 91;

/// The table, as lines by index.
#[derive(Debug, Default)]
struct Table {
    actions: Vec<String>,
    resources: Vec<&'static str>,
    conditions: Vec<&'static str>,
    statements: Vec<&'static str>,
    /// Whether it is for auditors, and codes of statements, by path in lower case.
    policies: Map<String, (bool, &'static str)>,
}

impl Table {
    fn read() -> Self {
        let mut table = Self::default();
        for line in TABLE.lines() {
            let Some((kind, rest)) = line.split_at_checked(1) else {
                continue;
            };
            match kind {
                "a" => {
                    let mut words = rest.split(' ');
                    let service = words.next().unwrap_or_default();
                    table.actions.extend(words.map(|word| [service, word].concat()));
                }
                "r" => table.resources.push(rest),
                "c" => table.conditions.push(rest),
                "s" => table.statements.push(rest),
                "p" | "q" => {
                    let (path, codes) = rest.split_once(' ').unwrap_or((rest, ""));
                    table.policies.insert(path.to_ascii_lowercase(), (kind == "q", codes));
                }
                _ => {}
            }
        }
        table
    }

    /// The document, written as AWS would and read as any other.
    fn document(&self, codes: &str) -> Option<Document> {
        let rows = indices(codes).filter_map(|index| self.statements.get(index));
        let statements: Option<Vec<_>> = rows.map(|row| self.statement(row)).collect();
        Document::parse(&format!(r#"{{"Statement":[{}]}}"#, statements?.join(",")))
    }

    fn statement(&self, row: &str) -> Option<String> {
        let mut fields = row.split(' ');
        let (flags, actions) = fields.next()?.split_at_checked(3)?;
        let (resources, condition) = (fields.next()?, fields.next()?);
        let effect = if flags.starts_with('D') { "Deny" } else { "Allow" };
        let not = |at: std::ops::Range<usize>| if flags.get(at) == Some("n") { "Not" } else { "" };
        let actions = indices(actions).filter_map(|index| self.actions.get(index).map(String::as_str));
        let resources = indices(resources).filter_map(|index| self.resources.get(index).copied());
        Some(format!(
            r#"{{"Effect":"{effect}","{}Action":{},"{}Resource":{},"Condition":{}}}"#,
            not(1..2),
            list(actions),
            not(2..3),
            list(resources),
            self.condition(indices(condition).next()?)?
        ))
    }

    fn condition(&self, index: usize) -> Option<String> {
        let mut operators: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for test in self.conditions.get(index)?.split('\t').filter(|test| !test.is_empty()) {
            let mut words = test.split(' ');
            let (operator, key) = (words.next()?, words.next()?);
            operators
                .entry(operator)
                .or_default()
                .push(format!("{}:{}", quote(key), list(words)));
        }
        let operators = operators
            .iter()
            .map(|(operator, tests)| format!("{}:{{{}}}", quote(operator), tests.join(",")));
        Some(format!("{{{}}}", operators.collect::<Vec<_>>().join(",")))
    }
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(quote).collect::<Vec<_>>().join(","))
}

/// The indices that a run of codes holds.
fn indices(codes: &str) -> impl Iterator<Item = usize> + '_ {
    let digit = |byte: u8| {
        let skipped = usize::from(byte > b'"') + usize::from(byte > b'#') + usize::from(byte > b'\\');
        usize::from(byte).saturating_sub(usize::from(b'!') + skipped)
    };
    codes.as_bytes().chunks_exact(2).map(move |pair| match pair {
        [high, low] => digit(*high) * DIGIT_COUNT + digit(*low),
        _ => usize::MAX,
    })
}

/// Provider-managed policies that this plan attaches.
#[derive(Debug, Default)]
pub(crate) struct Managed {
    table: Option<Table>,
    read: Map<String, Option<Arc<Document>>>,
}

impl Managed {
    /// The content of the provider-managed policy of this ARN; `None` where the table does not have it.
    pub(crate) fn document(&mut self, arn: &str) -> Option<Arc<Document>> {
        let path = path(arn)?.to_ascii_lowercase();
        let table = self.table.get_or_insert_with(Table::read);
        let found = self.read.entry(path).or_insert_with_key(|path| {
            let (_, codes) = table.policies.get(path)?;
            Some(Arc::new(table.document(codes)?))
        });
        found.clone()
    }

    /// Whether the provider-managed policy of this ARN reads many services and does hardly anything else.
    pub(crate) fn is_audit(&mut self, arn: &str) -> bool {
        let table = self.table.get_or_insert_with(Table::read);
        let path = path(arn).map(str::to_ascii_lowercase);
        path.and_then(|path| table.policies.get(&path))
            .is_some_and(|(is_audit, _)| *is_audit)
    }
}

/// How many policies a name that is known in part is followed to; of more than these nothing can be said.
const CANDIDATES_MAX: usize = 48;

impl Managed {
    /// The policies that this ARN may turn out to be, where its path is known in part; `None` where they are too many.
    pub(crate) fn candidates(&mut self, arn: &str) -> Option<Vec<Arc<Document>>> {
        let path = path(arn)?;
        let pattern: String = symbol::parts(path)
            .map(|part| match part {
                symbol::Part::Text(text) => text,
                symbol::Part::Symbol(_) => "*",
            })
            .collect();
        let table = self.table.get_or_insert_with(Table::read);
        let fits = |name: &&String| matches(&pattern, name, Case::Ignored);
        let mut found: Vec<_> = table.policies.keys().filter(fits).cloned().collect();
        if found.len() > CANDIDATES_MAX {
            return None;
        }
        found.sort_unstable();
        let arns = found.iter().map(|path| format!("arn:aws:iam::aws:policy/{path}"));
        Some(arns.filter_map(|arn| self.document(&arn)).collect())
    }
}

/// What follows `policy/` in the ARN of a provider-managed policy.
pub(crate) fn path(arn: &str) -> Option<&str> {
    let rest = arn.strip_prefix("arn:")?;
    Some(rest.split_once(":iam::aws:policy/")?.1)
}

/// Whether a configuration address is a managed policy of this plan.
pub(crate) fn is_policy_block(address: &str) -> bool {
    let mut parts = address.rsplit('.').skip(1);
    let is_policy = matches!(parts.next(), Some("aws_iam_policy" | "awscc_iam_managed_policy"));
    is_policy && parts.next() != Some("data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::iam::document::{Patterns, Selection};

    #[test]
    fn known_in_every_partition() {
        let mut managed = Managed::default();
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso"] {
            let document = managed.document(&format!("arn:{partition}:iam::aws:policy/AdministratorAccess"));
            let document = document.expect("in the table");
            let [statement] = document.statements.as_slice() else {
                panic!("{document:?}")
            };
            let all = Selection::Only(Patterns {
                known: vec![String::from("*")],
                unknown: false,
            });
            assert_eq!((&statement.actions, &statement.resources), (&all, &all));
        }
        assert!(managed.document("arn:aws:iam::aws:policy/iamfullaccess").is_some());
        for arn in [
            "arn:aws:iam::123456789012:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess2",
            "AdministratorAccess",
        ] {
            assert!(managed.document(arn).is_none(), "{arn}");
        }
    }

    #[test]
    fn every_row_can_be_read() {
        let table = Table::read();
        assert!(table.policies.len() > 900 && table.actions.len() > 3_000);
        let policies: BTreeMap<_, _> = table.policies.iter().collect();
        for (path, (_, codes)) in policies {
            let document = table.document(codes).expect(path);
            assert_eq!(document.statements.len() * 2, codes.len(), "{path}");
            for statement in &document.statements {
                let (Selection::Only(actions) | Selection::Except(actions)) = &statement.actions;
                assert!(!actions.known.is_empty(), "{path}");
                assert!(
                    statement.condition.tests.iter().all(|test| !test.values.is_empty()),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn a_row_says_what_the_policy_says() {
        let mut managed = Managed::default();
        let power = managed
            .document("arn:aws:iam::aws:policy/PowerUserAccess")
            .expect("in the table");
        let spared = ["account:*", "iam:*", "organizations:*"].map(str::to_owned);
        let wanted = Selection::Except(Patterns {
            known: spared.to_vec(),
            unknown: false,
        });
        assert_eq!(
            power.statements.first().map(|statement| &statement.actions),
            Some(&wanted)
        );
        let beanstalk = managed.document("arn:aws:iam::aws:policy/AdministratorAccess-AWSElasticBeanstalk");
        let tests = beanstalk.iter().flat_map(|document| &document.statements);
        assert!(
            tests
                .flat_map(|statement| &statement.condition.tests)
                .any(|test| test.key == "iam:PassedToService")
        );
    }

    #[test]
    fn policies_of_the_plan() {
        assert!(is_policy_block("aws_iam_policy.p"));
        assert!(is_policy_block("module.a.aws_iam_policy.p"));
        assert!(!is_policy_block("data.aws_iam_policy.p"));
        assert!(!is_policy_block("aws_iam_policy_attachment.p"));
    }
}
