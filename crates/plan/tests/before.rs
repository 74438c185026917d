//! The world before a plan: what is in it, and what of it.

use nhi_plan::{Action, Limits, Mode, decode};

const PLAN: &str = r#"{
  "format_version": "1.2",
  "variables": {"x": {"value": "1"}},
  "resource_changes": [
    {"address": "a.created", "mode": "managed", "type": "a", "name": "created",
     "change": {"actions": ["create"], "before": null, "after": {"n": 1}}},
    {"address": "a.updated", "mode": "managed", "type": "a", "name": "updated", "previous_address": "a.old",
     "action_reason": "replace_because_tainted",
     "change": {"actions": ["update"], "before": {"n": 1, "same": "s", "role": "old"},
       "after": {"n": 2, "same": "s"}, "after_unknown": {"role": true}, "before_sensitive": {"n": true}}},
    {"address": "a.deleted", "mode": "managed", "type": "a", "name": "deleted",
     "change": {"actions": ["delete"], "before": {"n": 3}, "after": null}},
    {"address": "a.kept", "mode": "managed", "type": "a", "name": "kept",
     "change": {"actions": ["no-op"], "before": {"n": 4}, "after": {"n": 4}}},
    {"address": "data.d.read", "mode": "data", "type": "d", "name": "read",
     "change": {"actions": ["read"], "before": null, "after": {}}}
  ],
  "output_changes": {
    "new": {"actions": ["create"], "before": null, "after": 1},
    "old": {"actions": ["update"], "before": 1, "after": 2}
  },
  "configuration": {
    "provider_config": {"a": {"name": "a", "expressions": {"token": {"constant_value": "t"}}}},
    "root_module": {"resources": [
      {"address": "a.updated", "mode": "managed", "type": "a", "name": "updated", "provider_config_key": "a",
       "expressions": {"same": {"references": ["b.same.id", "b.same"]}, "role": {"references": ["b.role.id", "b.role"]}}},
      {"address": "a.kept", "mode": "managed", "type": "a", "name": "kept", "provider_config_key": "a",
       "expressions": {"role": {"references": ["b.role.id", "b.role"]}}},
      {"address": "b.same", "mode": "managed", "type": "b", "name": "same", "provider_config_key": "a"},
      {"address": "b.role", "mode": "managed", "type": "b", "name": "role", "provider_config_key": "a"}
    ]}
  },
  "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": [
    {"address": "data.d.known", "mode": "data", "type": "d", "name": "known", "values": {"v": 1}}
  ]}}}
}"#;

#[test]
fn the_world_before_holds_what_existed_as_it_was() {
    let decoded = decode(PLAN.as_bytes()).unwrap();
    let plan = decoded.read(&Limits::default()).unwrap();
    let all = |_: Mode, _: &str, _: &str| true;
    let blocks: Vec<_> = plan.blocks_before(&all).collect();
    let addresses: Vec<&str> = blocks.iter().map(|change| &*change.address).collect();
    assert_eq!(
        addresses,
        ["a.updated", "a.deleted", "a.kept", "data.d.known", "output.old"]
    );
    for change in &blocks {
        assert_eq!(change.actions, [Action::NoOp], "{}", change.address);
        assert_eq!(change.before, change.after, "{}", change.address);
        assert!(
            change.remains() && change.unknown_paths.is_empty(),
            "{}",
            change.address
        );
    }
    let updated = &blocks[0];
    assert_eq!(updated.previous_address.as_deref(), Some("a.old"));
    assert_eq!(updated.sensitive_paths, ["n"]);
    assert!(updated.attributes.iter().all(|(key, _)| key != "action_reason"));
    let paths = |at: usize| -> Vec<&str> { blocks[at].references.iter().map(|found| &*found.path).collect() };
    assert_eq!(paths(0), ["same"], "what changes may have led elsewhere");
    assert_eq!(paths(2), ["role"], "what stays leads where it led");
    let none = |_: Mode, _: &str, _: &str| false;
    assert_eq!(plan.blocks_before(&none).count(), 0);
}
