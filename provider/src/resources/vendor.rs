//! `nhi_vendor`: whose software runs on identities, and when its contract ends that access.

use nhi_governance::{Judged, RecordId, Registered, Timestamp, Transition, Vendor, VendorDraft};
use nhi_registry::{RegistryError, View};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::values::text;

/// The kind.
pub(super) struct VendorKind;

impl Spec for VendorKind {
    type Declared = Vendor;

    fn create(
        id: RecordId,
        vendor: Vendor,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Vendor>>, RegistryError> {
        Ok(Registered::<Vendor>::create(id, vendor, &scene.act)?)
    }

    fn update(
        record: &Registered<Vendor>,
        vendor: Vendor,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Vendor>>, RegistryError> {
        Ok(record.update(vendor, &scene.act)?)
    }

    fn state(record: &Registered<Vendor>, now: Timestamp, _: &View<'_>) -> Result<Value, RegistryError> {
        let vendor = record.declaration();
        let state = Value::object([
            ("name", Value::from(vendor.name.as_str())),
            ("contact", vendor.contact.as_str().into()),
            ("contract_end", vendor.contract_end.to_string().into()),
            ("offboarding_runbook", vendor.offboarding_runbook.as_str().into()),
        ]);
        Ok(standing(state, &record.standing(now)))
    }
}

impl Kind for VendorKind {
    const TYPE: &'static str = "nhi_vendor";
    const WORD: &'static str = "vendor";
    const KEY: &'static [&'static str] = &["name"];
    const COMPUTED: &'static [&'static str] = &[];
    const WARNED: &'static [&'static str] = &["contract_ended", "ending"];
    const NAMED_BY: &'static [(&'static str, &'static str)] = &[(
        "name",
        "Name of the vendor, unique among those that have not ended. Enough for an import.",
    )];

    fn schema() -> Schema {
        let attributes = [
            Attribute::required("name", Type::String).describe(
                "Name of the vendor, which `vendor_id` of an identity may give as well as the id. Changing it replaces \
                 the vendor.",
            ),
            Attribute::required("contact", Type::String)
                .describe("Where the vendor is reached, without spaces. Changed in place."),
            Attribute::required("contract_end", Type::String).describe(
                "When the contract ends (RFC 3339, in UTC). From then on the vendor's identities are suspended. \
                 Changed in place.",
            ),
            Attribute::required("offboarding_runbook", Type::String)
                .describe("Address or path of the page that says how its access is taken back. Changed in place."),
        ];
        attributes.into_iter().fold(
            Schema::new(
                "A vendor whose software runs on identities. Its contract's end ends their access; destroying the \
                 record does so at once.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<Vendor> {
        let draft = VendorDraft {
            name: text(value.get("name")),
            contact: text(value.get("contact")),
            contract_end: text(value.get("contract_end")),
            offboarding_runbook: text(value.get("offboarding_runbook")),
        };
        draft.check()
    }
}
