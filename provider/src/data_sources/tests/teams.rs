//! What the data sources make of the teams on record.

use tfplugin::server::{CreateRequest, DeleteRequest};

use super::*;

impl House {
    /// Puts a team on record; its state comes back.
    async fn team(&self, name: &str) -> Value {
        let planned = Value::object([
            ("name", Value::from(name)),
            ("accountable_human", "user:alice".into()),
            ("backup_owner", "user:bob".into()),
        ]);
        let (config, private) = (planned.clone(), vec![]);
        let request = CreateRequest {
            config,
            planned,
            private,
        };
        let created = self.teams().create(request).await;
        assert!(created.diagnostics.is_empty(), "{:?}", created.diagnostics);
        created.state
    }

    async fn dissolve(&self, prior: Value) {
        let private = vec![];
        let deleted = self.teams().delete(DeleteRequest { prior, private }).await;
        assert!(deleted.diagnostics.is_empty(), "{:?}", deleted.diagnostics);
    }

    fn teams(&self) -> Arc<dyn tfplugin::server::Resource> {
        let mut resources = crate::resources::all(&self.governed);
        resources.retain(|resource| resource.type_name() == "nhi_team");
        resources.remove(0)
    }
}

#[tokio::test]
async fn a_team_that_is_gone_shows_in_every_status() {
    let house = House::new();
    house.create("a", |_| {});
    house.create("b", |draft| draft.technical_owner = "team:intake".into());
    let intake = house.team("intake").await;
    let suspended = [("statuses", Value::set(["suspended".into()]))];
    assert_eq!(house.names("nhi_inventory", &suspended).await, "");
    house.dissolve(intake).await;
    assert_eq!(house.names("nhi_inventory", &suspended).await, "b");
    let inventory = house.read("nhi_inventory", &[]).await;
    let identities = inventory.get("identities").elements().unwrap();
    let statuses: Vec<_> = identities.iter().map(|found| found.get("status").as_str()).collect();
    assert_eq!(statuses, [Some("active"), Some("suspended")]);
    let metrics = house.read("nhi_metrics", &[]).await;
    let by_status = metrics.get("by_status");
    assert_eq!(by_status.get("suspended").as_i64(), Some(1), "{by_status:?}");
    assert_eq!(by_status.get("active").as_i64(), Some(1), "{by_status:?}");
    let lists = crate::list_resources::all(&house.governed);
    let config = Value::object([("with_expired", Value::Null)]);
    let listed: Vec<_> = lists[0].list(config).await.unwrap().collect();
    let statuses: Vec<_> = listed
        .iter()
        .map(|listed| listed.state.get("status").as_str())
        .collect();
    assert_eq!(statuses, [Some("active"), Some("suspended")]);
}

#[tokio::test]
async fn an_orphan_has_a_team_that_is_not_on_record() {
    let house = House::new();
    house.create("a", |_| {});
    house.create("b", |draft| draft.technical_owner = "team:intake".into());
    house.create("c", |draft| draft.policy_owner = "user:somebody".into());
    let answer = house.answer("nhi_orphans", &[]).await;
    let told: String = answer.diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        answer.value.is_null() && told.contains("no team is on record"),
        "{told}"
    );
    house.team("iam").await;
    house.team("reports").await;
    assert_eq!(house.names("nhi_orphans", &[]).await, "b");
    let intake = house.team("intake").await;
    assert_eq!(house.names("nhi_orphans", &[]).await, "");
    house.dissolve(intake).await;
    assert_eq!(house.names("nhi_orphans", &[]).await, "b");
}
