//! The trust root: who may approve, with which keys, and what they answer for.
//!
//! It is an HCL file in the repository. Its digest is that of its bytes, so that `sha256sum` shows it; whoever changes
//! one letter of it needs the signatures that [`crate::trust`] looks for.

use std::collections::BTreeMap;

use nhi_governance::{Digest, Name, Owner};
use serde::Deserialize;

use crate::code::{Problem, ROOT, quote};
use crate::key::PublicKey;
use crate::person::Person;

/// Bytes of a trust root.
pub(crate) const ROOT_BYTES_MAX: usize = 1 << 20;
/// People in a trust root.
const PEOPLE_MAX: usize = 1000;
/// Keys of one person.
const KEYS_MAX: usize = 16;
/// The role of who may approve for a policy owner.
pub const ROLE_POLICY_OWNER: &str = "policy_owner";
/// The role of who may approve for security.
pub const ROLE_SECURITY: &str = "security";
const HELP: &str = "Write `organisation`, `version`, `threshold`, and for each person a block such as \
                    `person \"alice\" { keys = [\"ssh-ed25519 …\"] roles = [\"policy_owner\"] teams = [\"team:iam\"] }`.";

/// Who may approve.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    /// Of which organisation.
    pub organisation: Name,
    /// Which version it is; the first is 1.
    pub version: u32,
    /// The digest of the version before; `None` of the first.
    pub previous: Option<Digest>,
    /// How many of its people have to sign the next version.
    pub threshold: usize,
    /// The digest of its bytes.
    pub digest: Digest,
    people: Vec<Member>,
}

/// A person and what counts for them.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) person: Person,
    pub(crate) keys: Vec<PublicKey>,
    roles: Vec<String>,
    acts_for: Vec<Owner>,
    logins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    organisation: String,
    version: u32,
    threshold: usize,
    previous: Option<String>,
    #[serde(default)]
    person: BTreeMap<String, WrittenPerson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPerson {
    keys: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    teams: Vec<String>,
    #[serde(default)]
    logins: Vec<String>,
}

impl TrustRoot {
    /// Reads a trust root. Whether it is the one to trust is for [`crate::trust`] to say.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = |why: String| Problem::new(&ROOT, format!("the trust root {why}"), HELP);
        if bytes.len() > ROOT_BYTES_MAX {
            return Err(refuse(format!("has more than {ROOT_BYTES_MAX} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("is not UTF-8".to_owned()))?;
        let body = hcl::parse(text).map_err(|error| refuse(format!("is not HCL: {error}")))?;
        unique(&body).map_err(refuse)?;
        let written: Written = hcl::from_body(body).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let organisation = Name::parse(&written.organisation)
            .map_err(|problem| refuse(format!("has an organisation of which {}", problem.message)))?;
        let previous = written.previous.as_deref().map(Digest::parse).transpose();
        let previous =
            previous.map_err(|_| refuse("names a `previous` that is not 64 hexadecimal digits".to_owned()))?;
        if written.version == 0 || (written.version == 1) != previous.is_none() {
            return Err(refuse(
                "has a `version` and a `previous` that do not fit: the first version is 1 and has none before it, every \
                 other names the digest of the one before"
                    .to_owned(),
            ));
        }
        if written.person.len() > PEOPLE_MAX {
            return Err(refuse(format!("lists more than {PEOPLE_MAX} people")));
        }
        if written.threshold == 0 || written.threshold > written.person.len() {
            return Err(refuse(format!(
                "has a `threshold` of {} for {} people",
                written.threshold,
                written.person.len()
            )));
        }
        let people = written.person.into_iter().map(member).collect::<Result<Vec<_>, _>>()?;
        apart(&people)?;
        Ok(Self {
            organisation,
            version: written.version,
            previous,
            threshold: written.threshold,
            digest: Digest::of(bytes),
            people,
        })
    }

    /// The people, sorted by name.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().map(|member| &member.person)
    }

    /// The keys of a person.
    pub fn keys(&self, person: &Person) -> &[PublicKey] {
        self.member(person).map_or(&[], |member| &member.keys)
    }

    /// What a person may sign as, in words.
    pub fn roles(&self, person: &Person) -> Vec<String> {
        let Some(member) = self.member(person) else {
            return Vec::new();
        };
        let owners = member.acts_for.iter().map(ToString::to_string);
        member.roles.iter().cloned().chain(owners).collect()
    }

    /// Whose key it is.
    pub fn owner_of(&self, key: &PublicKey) -> Option<&Person> {
        let mut people = self.people.iter();
        people
            .find(|member| member.keys.contains(key))
            .map(|member| &member.person)
    }

    /// Whether a person is of security.
    pub fn is_security(&self, person: &Person) -> bool {
        self.member(person).is_some_and(|member| member.has(ROLE_SECURITY))
    }

    /// Whether a person may approve for a policy owner; for any, where a request names none.
    pub fn is_policy_owner(&self, person: &Person, owner: Option<&Owner>) -> bool {
        let acts_for = |member: &Member| owner.is_none_or(|owner| member.acts_for.contains(owner));
        self.member(person)
            .is_some_and(|member| member.has(ROLE_POLICY_OWNER) && acts_for(member))
    }

    /// Whether a person goes by this name: their own, or an address they log in with.
    pub fn goes_by(&self, person: &Person, name: &Owner) -> bool {
        !name.is_team() && self.member(person).is_some_and(|member| member.acts_for.contains(name))
    }

    /// The person whom a name means: their own, or one of their logins, in whatever case.
    pub fn person_called(&self, name: &str) -> Option<&Person> {
        let mut people = self.people.iter();
        let is_called = |member: &&Member| {
            member.person.as_str().eq_ignore_ascii_case(name)
                || member.logins.iter().any(|login| login.eq_ignore_ascii_case(name))
        };
        people.find(is_called).map(|member| &member.person)
    }

    pub(crate) fn member(&self, person: &Person) -> Option<&Member> {
        self.people.iter().find(|member| member.person == *person)
    }
}

impl Member {
    fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }
}

/// Blocks of one label would be joined; here two people of one name are a mistake. The parser refuses an attribute that
/// stands twice.
fn unique(body: &hcl::Body) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for block in body.blocks() {
        let [label] = block.labels() else {
            return Err("has a block that is not `person \"name\" { … }`".to_owned());
        };
        if block.identifier() != "person" {
            return Err("has a block that is not `person \"name\" { … }`".to_owned());
        }
        if seen.contains(&label.as_str()) {
            return Err(format!("has the person {} twice", quote(label.as_str())));
        }
        seen.push(label.as_str());
    }
    Ok(())
}

fn member((name, written): (String, WrittenPerson)) -> Result<Member, Problem> {
    let refuse = |why: String| {
        Problem::new(
            &ROOT,
            format!("the trust root has a person {}, {why}", quote(&name)),
            HELP,
        )
    };
    let person = Person::parse(&name).map_err(|problem| refuse(format!("of which {}", problem.message)))?;
    if written.keys.is_empty() || written.keys.len() > KEYS_MAX {
        return Err(refuse(format!(
            "with {} keys: 1 to {KEYS_MAX} make sense",
            written.keys.len()
        )));
    }
    let keys = written.keys.iter().map(|key| PublicKey::parse(key));
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|problem| {
        Problem::new(
            problem.code,
            format!("person {}: {}", quote(&name), problem.message),
            problem.help,
        )
    })?;
    if let Some(role) = written
        .roles
        .iter()
        .find(|role| ![ROLE_POLICY_OWNER, ROLE_SECURITY].contains(&role.as_str()))
    {
        return Err(refuse(format!(
            "with the role {}: there are `policy_owner` and `security`",
            quote(role)
        )));
    }
    let mut acts_for = Vec::new();
    for team in &written.teams {
        let owner = Owner::parse(team).map_err(|problem| refuse(format!("for which {}", problem.message)))?;
        if !team.starts_with("team:") {
            return Err(refuse(format!(
                "with {} under `teams`, which is not a team",
                quote(team)
            )));
        }
        acts_for.push(owner);
    }
    // A person answers for what names them, also by the address they log in with.
    let own = std::iter::once(format!("user:{person}")).chain(written.logins.iter().cloned());
    acts_for.extend(own.filter_map(|text| Owner::parse(&text).ok()));
    Ok(Member {
        person,
        keys,
        roles: written.roles,
        acts_for,
        logins: written.logins,
    })
}

/// Two people with one key or one login would be one person who counts twice.
fn apart(people: &[Member]) -> Result<(), Problem> {
    for (position, member) in people.iter().enumerate() {
        for other in people.iter().skip(position + 1) {
            let shares = if member.keys.iter().any(|key| other.keys.contains(key)) {
                "a key"
            } else if member.logins.iter().any(|login| {
                let is_same = |name: &str| name.eq_ignore_ascii_case(login);
                is_same(other.person.as_str()) || other.logins.iter().any(|other| is_same(other))
            }) || other
                .logins
                .iter()
                .any(|login| login.eq_ignore_ascii_case(member.person.as_str()))
            {
                "a login"
            } else {
                continue;
            };
            let why = format!(
                "the trust root gives `{}` and `{}` {shares} in common",
                member.person, other.person
            );
            return Err(Problem::new(
                &ROOT,
                why,
                "Give every person keys and logins of their own.",
            ));
        }
    }
    Ok(())
}
