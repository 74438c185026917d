//! A question about a permission: which action, on which resource, with which values of condition keys.

use super::kinds::ResourceKind;

/// Which resource a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'q> {
    /// Some resource, whichever it is.
    Any,
    /// Some resource that matches this pattern.
    Within(&'q str),
    /// This one, which goes by any of these names: its ARN as far as it is known, its ARN as a symbol.
    ///
    /// [`super::Principal::names`] holds those of a principal.
    Exactly(&'q [String]),
    /// One of this kind that no policy names: whoever may act on it may act on all of its kind that matter, and is
    /// limited by no path, prefix or name.
    Every(ResourceKind),
    /// One of this service (as its ARNs name it) that no policy names.
    EveryOf(&'q str),
    /// One of any kind of any service that no policy names.
    Everything,
}

/// A question about a permission.
///
/// ```text
/// let request = Request::new("iam:PassRole")
///     .on(Resource::Exactly(role.names()))
///     .with("iam:PassedToService", &["lambda.amazonaws.com"]);
/// let answer = principal.may(&request);
/// if answer.is_yes() {
///     let place = principal.place(answer.because[0]);
///     println!("{} {}: {}", place.address, place.path, place.statement());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request<'q> {
    /// `service:Action`, without wildcards; in any case.
    pub(crate) action: &'q str,
    pub(crate) resource: Resource<'q>,
    /// Condition keys whose values are given; an empty list of values is a key that the request does not carry.
    /// Of all others only the class of the condition is known.
    pub(crate) context: &'q [(&'q str, &'q [&'q str])],
}

impl<'q> Request<'q> {
    /// The action on some resource, with no condition key given.
    pub(crate) fn new(action: &'q str) -> Self {
        Self {
            action,
            resource: Resource::Any,
            context: &[],
        }
    }

    pub(crate) fn on(self, resource: Resource<'q>) -> Self {
        Self { resource, ..self }
    }

    /// Gives the values of condition keys: `&[("iam:PassedToService", &["lambda.amazonaws.com"])]`.
    pub(crate) fn with(self, context: &'q [(&'q str, &'q [&'q str])]) -> Self {
        Self { context, ..self }
    }

    /// The values of a key, where they are given.
    pub(crate) fn values(&self, key: &str) -> Option<&'q [&'q str]> {
        let found = self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, values)| *values)
    }
}
