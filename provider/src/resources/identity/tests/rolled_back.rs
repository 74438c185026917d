//! A registry that was replaced by an older copy of itself, or whose log was made anew.

use nhi_registry::{Location, Options, Stillness, copy};

use super::*;

/// What is wrong, in the words of the registry.
const ROLLED_BACK: &str = "is not the one that this state was written with";

struct Ran {
    house: House,
    state: Value,
    private: Vec<u8>,
}

impl Ran {
    /// An identity, a copy of the registry as it was then, and a change after that.
    async fn with_copy() -> Ran {
        let house = House::new().await;
        let first = house.create(&config(&[])).await;
        let at = |file: &str| Location::file(&house.directory.path().join(file));
        copy(
            &at("registry.db"),
            &at("copy.db"),
            Stillness::Snapshot,
            &Options::default(),
        )
        .unwrap();
        let second = house.update(&first.state, &config(&[("kind", "bot".into())])).await;
        assert!(!second.diagnostics.has_errors(), "{:?}", second.diagnostics);
        let (state, private) = (second.state, second.private);
        Ran { house, state, private }
    }

    /// The same on another file, as the next run sees it.
    async fn on(mut self, file: &str) -> Ran {
        self.house.provider = House::provider();
        self.house.configure(&self.house.provider, file).await;
        self
    }

    async fn read(&self) -> StateAnswer {
        let request = ReadRequest {
            prior: self.state.clone(),
            private: self.private.clone(),
        };
        self.house.resource().read(request).await
    }

    async fn plan(&self) -> PlanAnswer {
        let request = PlanRequest {
            config: config(&[("kind", "bot".into())]),
            prior: self.state.clone(),
            proposed: self.state.clone(),
            private: self.private.clone(),
        };
        self.house.resource().plan(request).await
    }
}

#[tokio::test]
async fn an_older_copy_is_noticed_by_read_and_plan() {
    let ran = Ran::with_copy().await;
    assert!(ran.read().await.diagnostics.is_empty(), "nothing happened to it");
    let ran = ran.on("copy.db").await;
    let read = ran.read().await;
    assert_eq!(
        (read.state, read.private),
        (ran.state.clone(), ran.private.clone()),
        "the state stays"
    );
    assert!(told(&read.diagnostics, Severity::Error)[0].contains(ROLLED_BACK));
    let plan = ran.plan().await;
    assert!(
        told(&plan.diagnostics, Severity::Error)[0].contains(ROLLED_BACK),
        "without a refresh too"
    );
}

#[tokio::test]
async fn what_grew_on_and_what_has_no_anchor_pass() {
    let mut ran = Ran::with_copy().await;
    for name in ["b", "c"] {
        ran.house.create(&config(&[("name", name.into())])).await;
    }
    let ran_on = ran.read().await;
    assert!(ran_on.diagnostics.is_empty() && ran_on.private == ran.private);
    for none in [&b""[..], b"{}", b"not json", br#"{"anchor":{"registry":1}}"#] {
        ran.private = none.to_vec();
        assert!(!ran.plan().await.diagnostics.has_errors());
    }
    let deleted = ran.house.resource().delete(DeleteRequest {
        prior: ran.state.clone(),
        private: br#"{"anchor":{"registry":"x","seq":99,"hash":"00"}}"#.to_vec(),
    });
    assert!(deleted.await.diagnostics.is_empty(), "revocation is never blocked");
}
