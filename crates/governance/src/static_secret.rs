//! A credential that does not change by itself: held by exception, and not at all where the tier says never.

use crate::canonical::Digest;
use crate::code::{Problem, STATIC_SECRET};
use crate::declaration::Declaration;
use crate::exception::{Exception, Subject, value_digest};
use crate::kind::Kind;
use crate::registered::Registered;
use crate::time::Timestamp;

/// The attribute that says so.
const ATTRIBUTE: &str = "kind";

/// The exception that a static credential calls for: which control, where, and for which value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// The control that has to be waived.
    pub control: &'static str,
    /// The one value that it has to be waived for. Its address is the environment and the name of the identity, which
    /// are there before the identity is.
    pub subject: Subject,
}

impl Declaration {
    /// The exception that it calls for, if what it declares is a static credential.
    pub fn calls_for_exception(&self) -> Option<Excepted> {
        (self.kind() == Kind::LegacyShared).then(|| Excepted {
            control: STATIC_SECRET.id,
            subject: Subject {
                address: format!("{}/{}", self.environment(), self.name()),
                attribute: ATTRIBUTE.to_owned(),
                value_digest: value(self.kind()),
            },
        })
    }
}

fn value(kind: Kind) -> Digest {
    value_digest(&serde_json::Value::from(kind.as_str()))
}

impl Excepted {
    /// The key that the exception has on record.
    pub fn key(&self) -> String {
        Exception::key_of(self.control, &self.subject)
    }

    /// Whether a record waives it at a moment.
    pub fn is_waived_by(&self, exception: &Registered<Exception>, now: Timestamp) -> bool {
        let Subject {
            address,
            attribute,
            value_digest,
        } = &self.subject;
        exception.waives(self.control, address, attribute, value_digest, now)
    }

    /// The refusal where nothing waives it.
    pub fn missing(&self) -> Problem {
        let Subject {
            address,
            attribute,
            value_digest,
        } = &self.subject;
        let message = format!("`{address}` is a static secret, and no exception for it is in force");
        let help = format!(
            "Use a kind whose credentials end by themselves, or apply an `nhi_exception` first, with `control = \
             \"{}\"` and `subject = {{ address = \"{address}\", attribute = \"{attribute}\", value_digest = \
             \"{value_digest}\" }}`.",
            self.control
        );
        Problem::new(&STATIC_SECRET, message, help)
    }
}
