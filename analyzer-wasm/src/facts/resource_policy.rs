//! Resource policies: who may use a bucket, a queue, a key or a function, as the resource itself says.

mod judge;
mod shared;
mod shut;
pub(crate) mod specs;

use std::collections::BTreeSet;

use nhi_plan::Mode;

use self::shut::{Kept, Shut};
use self::specs::{Kind, Spec};
use super::Block;
use super::iam::documents::Documents;
use super::paper::{self, Paper, Placed, Text, papers};

pub(crate) use self::judge::Ability;

/// What is wrong with a resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// Strangers may use the resource.
    Public(Public),
    /// A service may use it for strangers.
    Service(Service),
    /// What the policy says is not known.
    Unreadable { word: &'static str, why: Why },
}

/// Why a policy cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is known only after apply and rests on these blocks.
    Unknown(Vec<String>),
    /// It is no policy document.
    Broken,
}

/// A resource that strangers may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Public {
    pub(crate) kind: Kind,
    pub(crate) ability: Ability,
    /// Only from some addresses, or through some service.
    pub(crate) weak: bool,
    /// Something else in the plan keeps strangers out.
    pub(crate) shut: Option<&'static str>,
    /// How it is opened, where no statement of a policy does it.
    pub(crate) how: &'static str,
}

impl Public {
    /// Takes in what an access block does; whether that cannot be told.
    fn keep(&mut self, kept: Kept) -> bool {
        if kept == Kept::Out {
            self.shut = Some("a public access block of the bucket keeps strangers out");
        }
        kept == Kept::Maybe
    }
}

/// A service that may use a resource, whoever asks it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) ability: Ability,
    /// Objects must be handed over to the owner of the bucket, as log delivery does.
    pub(crate) hands_over: bool,
}

impl paper::Remark for Remark {
    fn topic(&self) -> u32 {
        match self {
            Self::Public(_) => 36,
            Self::Service(_) => 37,
            Self::Unreadable { .. } => 0,
        }
    }
}

/// A policy and what is known of the resource around it.
#[derive(Debug)]
struct Site {
    spec: &'static Spec,
    paper: Paper,
    /// What a policy says that is known.
    judged: Vec<Placed<Remark>>,
    /// The policy itself, whatever its text looks like; empty where it is not known.
    said: String,
    /// What else keeps strangers out of this very block.
    shut: Option<&'static str>,
    /// By which a bucket is found again.
    bucket: Vec<String>,
}

/// Resource policies of the plan.
#[derive(Debug, Default)]
pub(crate) struct ResourcePolicies {
    sites: Vec<Site>,
    shut: Shut,
    /// Permissions that are attributes and no documents.
    plain: Vec<(Placed<Remark>, Vec<String>)>,
}

impl ResourcePolicies {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        if block.change.mode != Mode::Managed || !resource_type.starts_with("aws") {
            return;
        }
        self.shut.collect(block);
        for placed in shared::read(block) {
            self.plain.push((placed, shut::keys(block)));
        }
        for spec in specs::of(resource_type) {
            for paper in papers(block, spec.path, spec.computed) {
                let mut judged = Vec::new();
                let mut said = String::new();
                if let Text::Known(documents) = &paper.text {
                    let found = paper.judge(&Documents::default(), |document| judge::judge(document, spec.kind));
                    judged = found.unwrap_or_default();
                    if judged.is_empty() {
                        continue;
                    }
                    said = format!("{:?} {documents:?}", spec.kind);
                }
                self.sites.push(Site {
                    spec,
                    paper,
                    judged,
                    said,
                    shut: shut::around(block, spec.kind),
                    bucket: shut::keys(block),
                });
            }
        }
    }

    pub(crate) fn settle(&self, documents: &Documents) -> Vec<Placed<Remark>> {
        let mut found = Vec::new();
        // The provider repeats in a resource what a block of its own says of it.
        let own = |site: &&Site| !site.spec.computed && !site.said.is_empty();
        let said: BTreeSet<&str> = self.sites.iter().filter(own).map(|site| site.said.as_str()).collect();
        for site in &self.sites {
            if site.spec.computed && said.contains(site.said.as_str()) {
                continue;
            }
            let kind = site.spec.kind;
            let judged = match &site.paper.text {
                Text::Known(_) => Some(site.judged.clone()),
                _ => site.paper.judge(documents, |document| judge::judge(document, kind)),
            };
            match judged {
                Some(placed) => found.extend(placed.into_iter().map(|mut placed| {
                    if let Remark::Public(public) = &mut placed.remark {
                        public.shut = site.shut;
                        if kind == Kind::Bucket {
                            placed.possible |= public.keep(self.shut.policies(&site.bucket));
                        }
                    }
                    placed
                })),
                // Whatever it says, strangers are kept out.
                None if site.shut.is_some() || self.shut.policies(&site.bucket) == Kept::Out => {}
                None => found.push(unreadable(&site.paper, kind)),
            }
        }
        for (placed, keys) in &self.plain {
            let mut placed = placed.clone();
            if let Remark::Public(public) = &mut placed.remark
                && public.kind == Kind::Bucket
            {
                placed.possible |= public.keep(self.shut.acls(keys));
            }
            found.push(placed);
        }
        found
    }
}

fn unreadable(paper: &Paper, kind: Kind) -> Placed<Remark> {
    let why = match &paper.text {
        Text::Pending(blocks) => Why::Unknown(blocks.clone()),
        Text::Known(_) | Text::Broken => Why::Broken,
    };
    Placed {
        address: paper.address.clone(),
        path: paper.path.clone(),
        statement: String::new(),
        document: None,
        evidence: "planned",
        possible: true,
        remark: Remark::Unreadable { word: kind.word(), why },
    }
}
