//! Which capabilities a set of grants amounts to, and where.

use std::collections::BTreeMap;

use nhi_plan::Severity;

use super::catalogue::{CAPABILITIES, CONTAINS, Capability, Family, NEEDS};
use super::content::Contents;
use super::judgement::Scope;
use super::rights::Hit;

/// A role that a subject holds, and where.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    /// Place of the binding; `None` for roles that nothing binds.
    pub(super) binding: Option<usize>,
    pub(super) content: usize,
    pub(super) scope: Scope,
    /// No other role may be meant.
    pub(super) sure: bool,
}

/// A capability that a subject has.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) capability: &'static Capability,
    pub(super) scope: Scope,
    pub(super) severity: Severity,
    pub(super) sure: bool,
    /// In how many namespaces it is as bad.
    pub(super) namespaces: usize,
    /// Place among the subject's grants, and of the rule in its role.
    pub(super) grant: usize,
    pub(super) rule: usize,
}

/// Rights by place of the need, each with the grant that gives it.
type Best = BTreeMap<usize, (usize, Hit)>;

/// Whether whoever has the capability in a namespace has the service accounts of the namespace.
pub(super) fn gives_accounts(capability: &Capability) -> bool {
    capability.family == Family::Run || matches!(capability.id, "token-request" | "impersonate-accounts")
}

/// Each capability where it is worst, and every namespace in which some capability gives the service accounts.
pub(super) fn of(grants: &[Grant], contents: &Contents, eks: bool) -> (Vec<Way>, Vec<Way>) {
    let (cluster, namespaces) = best(grants, contents);
    let (mut ways, mut reach) = (Vec::<Way>::new(), Vec::new());
    for capability in &CAPABILITIES {
        let found = |scope: Scope, own: Option<&Best>| way(capability, scope, own, &cluster, grants, eks);
        let everywhere = found(Scope::Cluster, None);
        let mut all: Vec<Way> = Vec::new();
        if everywhere.as_ref().is_none_or(|way| !way.sure) {
            let narrower = namespaces.iter();
            all.extend(narrower.filter_map(|(name, own)| found(Scope::Namespace(name.clone()), Some(own))));
        }
        if gives_accounts(capability) {
            reach.extend(all.iter().filter(|way| way.sure).cloned());
        }
        all.extend(everywhere);
        // The first of the worst, so that the order of namespaces decides and nothing else.
        all.sort_by_key(|way| std::cmp::Reverse((way.sure, way.severity)));
        let mut worst = all.iter();
        let Some(first) = worst.next() else { continue };
        let as_bad = worst
            .filter(|way| (way.sure, way.severity) == (first.sure, first.severity))
            .count();
        ways.push(Way {
            namespaces: as_bad + 1,
            ..first.clone()
        });
    }
    let contained = |way: &Way| {
        let larger = |id: &str| {
            let mut others = ways.iter().filter(|other| other.capability.id == id);
            others.any(|other| (other.sure, other.severity) >= (way.sure, way.severity))
        };
        CONTAINS
            .iter()
            .any(|(large, small)| *small == way.capability.id && larger(large))
    };
    let told = ways.iter().filter(|way| !contained(way)).cloned().collect();
    (told, reach)
}

fn way(
    capability: &'static Capability,
    scope: Scope,
    own: Option<&Best>,
    cluster: &Best,
    grants: &[Grant],
    eks: bool,
) -> Option<Way> {
    let (mut sure, mut named, mut first) = (true, false, None);
    for need in capability.needs {
        let has_namespace = NEEDS.get(*need).is_some_and(|need| !need.cluster);
        let own = own.filter(|_| has_namespace).and_then(|own| own.get(need));
        let (grant, hit) = own.filter(|(_, hit)| hit.sure).or_else(|| cluster.get(need)).or(own)?;
        sure &= hit.sure && grants.get(*grant).is_some_and(|grant| grant.sure);
        named |= hit.named;
        first.get_or_insert((*grant, hit.rule));
    }
    let (grant, rule) = first?;
    Some(Way {
        severity: severity(capability, &scope, named || eks),
        capability,
        scope,
        sure,
        namespaces: 1,
        grant,
        rule,
    })
}

fn severity(capability: &Capability, scope: &Scope, eks: bool) -> Severity {
    // Anywhere else the config map is one of many.
    if capability.id == "aws-auth" && !eks {
        return Severity::Info;
    }
    match scope {
        Scope::Cluster => capability.cluster,
        scope if scope.is_system() => capability.system,
        Scope::Namespace(_) => capability.namespaced,
    }
}

/// The best hits in the whole cluster and in each namespace.
fn best(grants: &[Grant], contents: &Contents) -> (Best, BTreeMap<String, Best>) {
    let (mut cluster, mut namespaces) = (Best::new(), BTreeMap::<String, Best>::new());
    for (index, grant) in grants.iter().enumerate() {
        let Some(content) = contents.all.get(grant.content) else {
            continue;
        };
        let best = match &grant.scope {
            Scope::Cluster => &mut cluster,
            Scope::Namespace(namespace) => namespaces.entry(namespace.clone()).or_default(),
        };
        for (need, hit) in &content.rights.hits {
            let better = |known: &(usize, Hit)| (hit.sure, hit.named) > (known.1.sure, known.1.named);
            if best.get(need).is_none_or(better) {
                best.insert(*need, (index, *hit));
            }
        }
    }
    (cluster, namespaces)
}
