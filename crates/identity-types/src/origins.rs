//! What a resource is named by on record: the types that an identity can be taken over from.

/// An attribute of a state, in a block that stands once where there are two.
pub type Place = &'static [&'static str];

/// What a resource type of another provider says of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The resource type.
    pub type_name: &'static str,
    /// Where its name is.
    pub name: Place,
    /// What the id is made of under which other systems know it.
    pub external: &'static [Part],
}

/// A part of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Always the same.
    Fixed(&'static str),
    /// Of the state.
    Of(Place),
}

use Part::{Fixed, Of};

/// Every type that can be taken over, sorted.
static ORIGINS: [Origin; 15] = [
    of("aws_iam_role", &["name"], &[Of(&["arn"])]),
    of("aws_iam_user", &["name"], &[Of(&["arn"])]),
    of("azuread_application", &["display_name"], &[Of(&["client_id"])]),
    of(
        "azuread_application_registration",
        &["display_name"],
        &[Of(&["client_id"])],
    ),
    of("azuread_service_principal", &["display_name"], &[Of(&["object_id"])]),
    of("azurerm_user_assigned_identity", &["name"], &[Of(&["id"])]),
    of("google_service_account", &["account_id"], &[Of(&["email"])]),
    of("kubernetes_service_account", &["metadata", "name"], KUBERNETES),
    of("kubernetes_service_account_v1", &["metadata", "name"], KUBERNETES),
    of("postgresql_role", &["name"], &[Of(&["name"])]),
    of("vault_approle_auth_backend_role", &["role_name"], VAULT),
    of("vault_aws_auth_backend_role", &["role"], VAULT_BY_ROLE),
    of("vault_gcp_auth_backend_role", &["role"], VAULT_BY_ROLE),
    of("vault_jwt_auth_backend_role", &["role_name"], VAULT),
    of("vault_kubernetes_auth_backend_role", &["role_name"], VAULT),
];

const KUBERNETES: &[Part] = &[
    Fixed("system:serviceaccount:"),
    Of(&["metadata", "namespace"]),
    Fixed(":"),
    Of(&["metadata", "name"]),
];
const VAULT: &[Part] = &[Fixed("auth/"), Of(&["backend"]), Fixed("/role/"), Of(&["role_name"])];
const VAULT_BY_ROLE: &[Part] = &[Fixed("auth/"), Of(&["backend"]), Fixed("/role/"), Of(&["role"])];

const fn of(type_name: &'static str, name: Place, external: &'static [Part]) -> Origin {
    Origin {
        type_name,
        name,
        external,
    }
}

impl Origin {
    /// The id by what `text` reads at a place, or the place that has none.
    pub fn external<T: AsRef<str>>(&self, text: impl Fn(Place) -> Option<T>) -> Result<String, Place> {
        let mut external = String::new();
        for part in self.external {
            match part {
                Fixed(fixed) => external.push_str(fixed),
                Of(place) => external.push_str(text(place).ok_or(*place)?.as_ref()),
            }
        }
        Ok(external)
    }

    /// Every place that it reads.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let places = self.external.iter().filter_map(|part| match part {
            Fixed(_) => None,
            Of(place) => Some(*place),
        });
        places.chain([self.name])
    }
}

/// Every type that an identity can be taken over from, sorted.
pub fn origins() -> &'static [Origin] {
    &ORIGINS
}

/// What there is to take over of a resource type.
pub fn origin(type_name: &str) -> Option<&'static Origin> {
    let index = ORIGINS.binary_search_by(|origin| origin.type_name.cmp(type_name));
    ORIGINS.get(index.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(ORIGINS.is_sorted_by(|left, right| left.type_name < right.type_name));
        for one in origins() {
            assert_eq!(origin(one.type_name), Some(one));
            assert!(one.places().all(|place| matches!(place.len(), 1 | 2)), "{one:?}");
        }
        assert_eq!(origin("aws_s3_bucket"), None);
    }
}
