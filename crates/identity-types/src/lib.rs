//! Which resource types of other providers create a machine identity or a credential, and what a record names it by.
//!
//! The analyzer asks for owners by it, the provider takes states over by it, and `nhi adopt` finds identities by it,
//! so that none of them knows a type that another one does not.
//!
//! ```
//! let role = nhi_identity_types::find("aws_iam_role").expect("it is in the table");
//! assert_eq!((role.noun, &role.identifiers[..]), ("identity", &["arn", "unique_id"][..]));
//! let origin = nhi_identity_types::origin("kubernetes_service_account").expect("it can be taken over");
//! let named = origin.external(|place| Some(if place == ["metadata", "name"] { "app" } else { "prod" }));
//! assert_eq!(named, Ok("system:serviceaccount:prod:app".to_owned()));
//! ```

mod origins;
mod types;

pub use origins::{Origin, Part, Place, origin, origins};
pub use types::{IdentityType, all, find};
