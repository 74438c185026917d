//! Who may become a role: what its trust document says of identity providers, other accounts, services and people.
//!
//! Whether anyone at all may assume it is judged with the other IAM documents; this is about those it names.

pub(crate) mod accounts;
pub(crate) mod cel;
mod cross;
pub(crate) mod federated;
pub(crate) mod google;
pub(crate) mod issuer;
mod login;
mod reads;
pub(crate) mod subject;
mod vendors;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use nhi_plan::{Mode, symbol};

use self::accounts::Accounts;
use self::federated::Gap;
use self::issuer::Issuer;
use self::reads::Reads;
use self::subject::Fit;
use super::Block;
use super::iam::access::Principal;
use super::iam::document::{Document, Effect};
use super::iam::documents::Documents;
use super::memo::Memo;
use super::paper::{self, Paper, Placed, Text, papers};

/// What is wrong with a trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// Tokens of the issuer pass whatever their subject.
    NoSubject { issuer: Issuer, gap: Gap, audience: bool },
    /// More subjects pass than the author can have meant.
    WideSubject { issuer: Issuer, fit: Fit, value: String },
    /// The audience of a token is not looked at.
    NoAudience { issuer: Issuer, gap: Gap },
    /// A pull request may assume the role.
    PullRequest { value: String, reads: bool },
    /// Principals of other accounts, with nothing but their account or name to go by.
    Account(cross::Foreign),
    /// People beside a workload.
    Human { person: String, workload: String },
    /// SAML without an audience.
    Saml,
    /// Any Cognito identity pool.
    CognitoAnyPool,
    /// Guests of a Cognito identity pool; `named` where the document says so itself.
    CognitoGuests { named: bool },
    /// Any certificate of any trust anchor.
    RolesAnywhere,
    /// Any cluster of EKS.
    PodIdentity,
    /// A service that AWS wants told for whom it acts.
    Service(String),
}

pub(crate) use self::cross::{Foreign, Kin, Reach};

impl paper::Remark for Remark {
    fn topic(&self) -> u32 {
        match self {
            Self::NoSubject { .. } => 30,
            Self::WideSubject { .. } => 31,
            Self::NoAudience { .. } => 32,
            Self::PullRequest { .. } => 33,
            Self::Account(_) => 34,
            Self::Human { .. } => 35,
            Self::Service(_) => 37,
            _ => 38,
        }
    }
}

/// Trust documents and what they refer to.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    /// What has to wait for the accounts, providers and documents of the plan.
    papers: Vec<Paper>,
    /// What could be judged at once.
    judged: Vec<Placed<Remark>>,
    pub(crate) accounts: Accounts,
    /// Whether a text names services and nobody else.
    quiet: Memo<bool>,
    /// URLs of OpenID Connect providers, by configuration address.
    providers: BTreeMap<String, String>,
}

/// What a judge may look up.
#[derive(Debug)]
pub(crate) struct Judge<'t> {
    accounts: &'t Accounts,
    providers: &'t BTreeMap<String, String>,
}

impl Judge<'_> {
    /// The URL of the provider that a principal which is not known yet leads to.
    fn provider_url(&self, name: &str) -> Option<String> {
        let origins = symbol::parts(name).filter_map(|part| match part {
            symbol::Part::Symbol(origin) => Some(origin),
            symbol::Part::Text(_) => None,
        });
        origins.flat_map(str::split_whitespace).find_map(|origin| {
            let address = accounts::block_of(origin);
            self.providers.get(address.as_str()).cloned()
        })
    }
}

/// The attribute of a type that holds a trust document.
fn trust_attribute(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "aws_iam_role" => Some("assume_role_policy"),
        "awscc_iam_role" => Some("assume_role_policy_document"),
        _ => None,
    }
}

impl Trust {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.accounts.collect(block);
        if block.change.mode != Mode::Managed && block.change.mode != Mode::Data {
            return;
        }
        let resource_type = block.change.resource_type.as_ref();
        if matches!(
            resource_type,
            "aws_iam_openid_connect_provider" | "awscc_iam_oidc_provider"
        ) && let Some(url) = block.string("url")
        {
            self.providers.insert(block.change.config_address.to_string(), url);
        }
        let Some(attribute) = trust_attribute(resource_type).filter(|_| block.change.mode == Mode::Managed) else {
            return;
        };
        let is_quiet = |text: String| self.quiet.of(&text, names_services_only);
        if block.string(attribute).is_some_and(is_quiet) {
            return;
        }
        for paper in papers(block, attribute, false) {
            let Text::Known(documents) = &paper.text else {
                self.papers.push(paper);
                continue;
            };
            for document in documents {
                self.accounts.read(document);
            }
            if documents.iter().any(cross::needs_the_plan) {
                self.papers.push(paper);
                continue;
            }
            let judge = Judge {
                accounts: &Accounts::default(),
                providers: &BTreeMap::new(),
            };
            let judged = paper.judge(&Documents::default(), |document| judge_document(document, &judge));
            self.judged.extend(judged.into_iter().flatten());
        }
    }

    pub(crate) fn settle(&self, documents: &Documents, principals: &[Principal]) -> Vec<Placed<Remark>> {
        let judge = Judge {
            accounts: &self.accounts,
            providers: &self.providers,
        };
        // A document of which nothing is known is told by the rule on wildcards.
        let placed = self
            .papers
            .iter()
            .filter_map(|paper| paper.judge(documents, |document| judge_document(document, &judge)));
        let mut all: Vec<_> = self.judged.iter().cloned().chain(placed.flatten()).collect();
        let mut known = None;
        for placed in &mut all {
            if let Remark::PullRequest { reads, .. } = &mut placed.remark {
                *reads = known.get_or_insert_with(|| Reads::of(principals)).only(&placed.address);
            }
        }
        all
    }
}

/// Most roles trust a service and nothing else: their documents need not be read. Text with escapes or symbols does.
fn names_services_only(text: &str) -> bool {
    // Without an automaton nothing is known to be quiet.
    let tells = TELLING.as_ref().is_none_or(|signs| signs.is_match(text));
    !tells && !symbol::has_symbols(text)
}

/// What a trust document holds that trusts more than services which are of no interest.
static TELLING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let signs = ["\"aws\"", "\"federated\"", "\\"].into_iter().chain(cross::SERVICES);
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        // There is nothing quick to look for in a sandbox without vector instructions.
        .prefilter(false)
        .build(signs)
        .ok()
});

fn judge_document(document: &Document, judge: &Judge<'_>) -> Vec<(usize, bool, Remark)> {
    let mut found = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        if statement.effect == Effect::Deny {
            continue;
        }
        let mut add = |remarks: Vec<(bool, Remark)>| {
            found.extend(remarks.into_iter().map(|(possible, remark)| (index, possible, remark)));
        };
        add(federated::judge(document, statement, judge));
        add(cross::judge(document, statement, judge));
    }
    if let Some(human) = cross::human(document) {
        found.push(human);
    }
    found
}
