//! Checks a draft: every rule at once, and all that is wrong comes back together.

mod organisation;

use std::sync::LazyLock;

use organisation::Known;

use crate::attestation::Attestation;
use crate::checker::{Checker, Violation};
use crate::code::{
    ATTESTATION, ENVIRONMENT, EXTERNAL, GENERATION, KIND, NAME, OWNER, OWNER_SAME, PURPOSE, Problem, REVOKED_BY, SCOPE,
    TTL, VENDOR,
};
use crate::declaration::{Classification, Declaration, DesiredState};
use crate::draft::{AttestationDraft, Draft, Given, PurposeDraft, ScopeDraft};
use crate::id::RecordId;
use crate::kind::Kind;
use crate::owner::Owner;
use crate::path::Path;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::revocation::{RevokedBy, RevokedBySet};
use crate::scope::{self, ScopeEntry};
use crate::score::{Assessment, Facts};
use crate::spiffe::SpiffeId;
use crate::text::{Environment, Name, is_slug, is_token, quote};
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// What is judged by where the policy is not known: it is asked for at every check of a form.
static BUILT_IN: LazyLock<Policy> = LazyLock::new(Policy::default);
/// The most external ids of an identity.
const EXTERNAL_MAX: usize = 100;
const EXTERNAL_BYTES_MAX: usize = 2048;

/// What checking a draft found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Everything that is wrong, in the order of the attributes.
    pub violations: Vec<Violation>,
    /// The declaration, when nothing is wrong and everything is known.
    pub declaration: Option<Declaration>,
    /// Score and tier of what is known.
    pub assessment: Assessment,
}

impl Draft {
    /// Checks every rule, those of the organisation's policy too.
    pub fn check(&self, policy: &Policy) -> Checked {
        self.judge(Some(policy))
    }

    /// Checks what no policy can change, where the policy is not known yet. Nothing is declared, score and tier say
    /// nothing: they are judged once the policy is known.
    pub fn check_form(&self) -> Checked {
        let checked = self.judge(None);
        Checked {
            declaration: None,
            assessment: Assessment {
                is_final: false,
                ..checked.assessment
            },
            ..checked
        }
    }

    fn judge(&self, policy: Option<&Policy>) -> Checked {
        let mut checker = Checker::default();
        let name = checker.required("name", &NAME, &self.name, |text| Name::parse(text));
        let kind = checker.required("kind", &KIND, &self.kind, |text| Kind::parse(text));
        let technical_owner = checker.required("technical_owner", &OWNER, &self.technical_owner, |text| {
            Owner::parse(text)
        });
        let policy_owner = checker.required("policy_owner", &OWNER, &self.policy_owner, |text| Owner::parse(text));
        checker.owners_differ(technical_owner.as_ref(), policy_owner.as_ref());
        let purpose = checker.purpose(&self.purpose);
        let environment = checker.required("environment", &ENVIRONMENT, &self.environment, |text| {
            Environment::parse(text)
        });
        let ttl = checker.required("ttl", &TTL, &self.ttl, |text| Ttl::parse(text));
        let (scope, whole_scope) = checker.scope(&self.scope);
        let revoked_by = checker.revoked_by(&self.revoked_by);
        let attestation = checker.attestation(&self.attestation);
        let external = checker.external(&self.external);
        let data_classification = checker.optional("data_classification", &self.data_classification, |text| {
            Classification::parse(text)
        });
        let internet_facing = checker.optional("internet_facing", &self.internet_facing, |facing| Ok(*facing));
        let vendor_id = checker.optional("vendor_id", &self.vendor_id, |text| vendor(text));
        let min_risk_tier = checker.optional("min_risk_tier", &self.min_risk_tier, |text| RiskTier::parse(text));
        let generation = checker.optional("generation", &self.generation, |number| generation_of(*number));
        let interactive_use = checker.optional("interactive_use", &self.interactive_use, |allowed| Ok(*allowed));
        let desired_state = checker.optional("desired_state", &self.desired_state, |text| DesiredState::parse(text));

        let facts = Facts {
            kind,
            scope: scope.iter().map(|(_, entry)| entry).collect(),
            environment: environment.as_ref(),
            internet_facing: internet_facing == Some(Some(true)),
            has_vendor: vendor_id.as_ref().is_some_and(Option::is_some),
            classification: data_classification.flatten(),
            lacks_attestation: attestation == Some(None),
            min_tier: min_risk_tier.flatten(),
            is_final: whole_scope && checker.knows_score(self),
        };
        let assessment = match policy {
            Some(policy) => facts.assess(policy),
            None => facts.assess(&BUILT_IN),
        };
        let known = Known {
            name: name.as_ref(),
            kind,
            environment: environment.as_ref(),
            ttl: ttl.as_ref(),
            scope: &scope,
        };
        if let Some(policy) = policy {
            checker.organisation(policy, &known, &assessment);
        }
        let declaration = checker.violations.is_empty().then_some(()).and_then(|()| {
            Some(Declaration {
                name: name?,
                kind: kind?,
                technical_owner: technical_owner?,
                policy_owner: policy_owner?,
                purpose: purpose?,
                environment: environment?,
                ttl: ttl?,
                scope: whole_scope.then(|| scope.into_iter().map(|(_, entry)| entry).collect())?,
                revoked_by: revoked_by?,
                attestation: attestation?,
                external: external?,
                data_classification: data_classification?,
                internet_facing: internet_facing?,
                vendor_id: vendor_id?,
                min_risk_tier: min_risk_tier?,
                generation: generation?,
                interactive_use: interactive_use?,
                desired_state: desired_state?,
            })
        });
        Checked {
            violations: checker.violations,
            declaration,
            assessment,
        }
    }
}

impl Checker {
    fn owners_differ(&mut self, technical: Option<&Owner>, policy: Option<&Owner>) {
        if let (Some(technical), Some(policy)) = (technical, policy)
            && technical == policy
        {
            let message = format!("policy owner {} is also the technical owner", quote(policy.as_str()));
            let help =
                "Name another team or person as `policy_owner`, for example the team that keeps the access rules.";
            self.refuse(
                &Path::attribute("policy_owner"),
                Problem::new(&OWNER_SAME, message, help),
            );
        }
    }

    fn purpose(&mut self, given: &Given<PurposeDraft>) -> Option<Purpose> {
        let path = Path::attribute("purpose");
        let draft = self.required_at(&path, &PURPOSE, given, |draft| Ok(draft.clone()))?;
        let summary = self.required_at(&path.then("summary"), &PURPOSE, &draft.summary, |text| {
            Purpose::prose(text)
        });
        let task = self.required_at(&path.then("task"), &PURPOSE, &draft.task, |text| Purpose::prose(text));
        let ticket = self.optional_at(&path.then("ticket"), &draft.ticket, |text| Purpose::parse_ticket(text));
        Some(Purpose::new(summary?, task?, ticket?))
    }

    /// The entries that are known, each with its position, and whether that is all of them.
    pub(crate) fn scope(&mut self, given: &Given<Vec<Given<ScopeDraft>>>) -> (Vec<(usize, ScopeEntry)>, bool) {
        let path = Path::attribute("scope");
        let Some(list) = self.required_at(&path, &SCOPE, given, |list| match list.len() {
            0 => Err(Problem::new(
                &SCOPE,
                "the scope is empty",
                "Add at least one entry of `backend`, `resource` and `actions`.",
            )),
            1..=scope::ENTRIES_MAX => Ok(list.clone()),
            count => {
                let help = format!(
                    "Write at most {} entries; split the identity by task.",
                    scope::ENTRIES_MAX
                );
                Err(Problem::new(&SCOPE, format!("the scope has {count} entries"), help))
            }
        }) else {
            return (Vec::new(), false);
        };
        let mut entries = Vec::new();
        for (index, given) in list.iter().enumerate() {
            let at = path.at(index);
            if let Some(draft) = self.required_at(&at, &SCOPE, given, |draft| Ok(draft.clone()))
                && let Some(entry) = self.scope_entry(&at, &draft)
            {
                entries.push((index, entry));
            }
        }
        let whole = entries.len() == list.len();
        (entries, whole)
    }

    fn scope_entry(&mut self, at: &Path, draft: &ScopeDraft) -> Option<ScopeEntry> {
        let backend = self.required_at(&at.then("backend"), &SCOPE, &draft.backend, |text| {
            ScopeEntry::parse_backend(text)
        });
        let resource = self.required_at(&at.then("resource"), &SCOPE, &draft.resource, |text| {
            ScopeEntry::parse_resource(text)
        });
        let path = at.then("actions");
        let list = self.required_at(&path, &SCOPE, &draft.actions, |list| Ok(list.clone()))?;
        let (actions, whole) = self.elements(&path, &SCOPE, &list, |text| ScopeEntry::parse_action(text));
        if whole {
            self.take(&path, &actions, |actions| ScopeEntry::check_actions(actions))?;
        }
        whole.then_some(ScopeEntry::new(backend?, resource?, actions))
    }

    fn revoked_by(&mut self, given: &Given<Vec<Given<String>>>) -> Option<RevokedBySet> {
        let path = Path::attribute("revoked_by");
        let list = self.required_at(&path, &REVOKED_BY, given, |list| Ok(list.clone()))?;
        let (entries, whole) = self.elements(&path, &REVOKED_BY, &list, |text| RevokedBy::parse(text));
        if whole {
            self.take(&path, &entries, |entries| RevokedBySet::new(entries.clone()))
        } else {
            None
        }
    }

    #[expect(clippy::option_option, reason = "the two levels are the two questions")]
    fn attestation(&mut self, given: &Given<AttestationDraft>) -> Option<Option<Attestation>> {
        let path = Path::attribute("attestation");
        let draft = match given {
            Given::Unknown => return None,
            Given::Absent => return Some(None),
            Given::Known(draft) => draft,
        };
        let ways = [
            !matches!(draft.spiffe_id, Given::Absent),
            !matches!(draft.oidc, Given::Absent),
            !matches!(draft.kubernetes, Given::Absent),
        ];
        let count = ways.iter().filter(|way| **way).count();
        let unknown = draft.spiffe_id.is_unknown() || draft.oidc.is_unknown() || draft.kubernetes.is_unknown();
        if unknown {
            // An unknown way may turn out null, so only the apply can count.
            return None;
        }
        if count != 1 {
            self.refuse(&path, Attestation::not_one(count));
            return None;
        }
        let attestation = if let Given::Known(text) = &draft.spiffe_id {
            Attestation::Spiffe(self.take(&path.then("spiffe_id"), text, |text| SpiffeId::parse(text))?)
        } else if let Given::Known([issuer, audience, subject]) = &draft.oidc {
            let at = path.then("oidc");
            let issuer = self.required_at(&at.then("issuer"), &ATTESTATION, issuer, |text| {
                Attestation::parse_issuer(text)
            });
            let audience = self.required_at(&at.then("audience"), &ATTESTATION, audience, |text| {
                Attestation::parse_exact(text)
            });
            let subject = self.required_at(&at.then("subject"), &ATTESTATION, subject, |text| {
                Attestation::parse_exact(text)
            });
            Attestation::Oidc {
                issuer: issuer?,
                audience: audience?,
                subject: subject?,
            }
        } else if let Given::Known([cluster, namespace, account]) = &draft.kubernetes {
            let at = path.then("kubernetes");
            let cluster = self.required_at(&at.then("cluster"), &ATTESTATION, cluster, |text| {
                Attestation::parse_exact(text)
            });
            let namespace = self.required_at(&at.then("namespace"), &ATTESTATION, namespace, |text| {
                Attestation::parse_label(text)
            });
            let account = self.required_at(&at.then("service_account"), &ATTESTATION, account, |text| {
                Attestation::parse_label(text)
            });
            Attestation::Kubernetes {
                cluster: cluster?,
                namespace: namespace?,
                service_account: account?,
            }
        } else {
            return None;
        };
        Some(Some(attestation))
    }

    #[expect(clippy::option_option, reason = "the two levels are the two questions")]
    fn external(&mut self, given: &Given<Vec<Given<String>>>) -> Option<Option<Vec<String>>> {
        let path = Path::attribute("external");
        let Some(list) = self.optional_at(&path, given, |list| {
            if list.len() > EXTERNAL_MAX {
                let message = format!("{} external ids are listed", list.len());
                return Err(Problem::new(
                    &EXTERNAL,
                    message,
                    format!("List at most {EXTERNAL_MAX} ids; split the identity by task."),
                ));
            }
            Ok(list.clone())
        })?
        else {
            return Some(None);
        };
        let (ids, whole) = self.elements(&path, &EXTERNAL, &list, |text| external_id(text));
        whole.then_some(Some(ids))
    }

    /// Whether everything that decides the score is known and good.
    fn knows_score(&self, draft: &Draft) -> bool {
        let unknown = draft.kind.is_unknown()
            || draft.environment.is_unknown()
            || draft.internet_facing.is_unknown()
            || draft.vendor_id.is_unknown()
            || draft.data_classification.is_unknown()
            || draft.min_risk_tier.is_unknown()
            || draft.attestation.is_unknown()
            || draft.attestation.known().is_some_and(|attestation| {
                attestation.spiffe_id.is_unknown()
                    || attestation.oidc.is_unknown()
                    || attestation.kubernetes.is_unknown()
            });
        !unknown && self.violations.is_empty()
    }
}

fn vendor(text: &str) -> Result<String, Problem> {
    let is_name = text.len() <= 63 && is_slug(&text.to_ascii_lowercase());
    if !is_name && RecordId::parse(text).is_err() {
        let message = format!("{} is not a vendor's id", quote(text));
        return Err(Problem::new(
            &VENDOR,
            message,
            "Write the id of the vendor's record, for example `acme-monitoring`, or leave the attribute out.",
        ));
    }
    Ok(text.to_owned())
}

fn external_id(text: &str) -> Result<String, Problem> {
    if !is_token(text, EXTERNAL_BYTES_MAX) || text.contains('*') {
        let message = format!("{} is not one external id", quote(text));
        return Err(Problem::new(
            &EXTERNAL,
            message,
            "Write the id as its own provider reports it, for example an ARN, without wildcards and spaces.",
        ));
    }
    Ok(text.to_owned())
}

/// A generation as a configuration gives it.
pub(crate) fn generation_of(number: i64) -> Result<u32, Problem> {
    u32::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| {
        Problem::new(
            &GENERATION,
            match number {
                // A fraction comes in as 0, because no draft can hold one.
                0 => "the generation is 0 or no whole number".to_owned(),
                _ => format!("`{number}` is not a generation"),
            },
            "Write a whole number from 1, and raise it by 1 to renew.",
        )
    })
}
