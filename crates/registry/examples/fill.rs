//! Creates identities in a registry, so that commands can be measured over many: `fill PATH|URL NUMBER`.
//!
//! Forty teams own them; every tenth stands for a role of the cloud, and two of those for the same one.

use std::error::Error;
use std::thread;

use nhi_governance::{Draft, Evidence, Given, Policy, PurposeDraft, ScopeDraft, TrustDomain};
use nhi_registry::{Access, Actor, Location, Options, Registry};

/// Those that write at once share the turn to write.
const WRITERS: usize = 16;
const TEAMS: usize = 40;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, number] = arguments.as_slice() else {
        return Err("usage: fill PATH|URL NUMBER".into());
    };
    let number: usize = number.parse()?;
    let location = Location::parse(place)?;
    let registry = nhi_registry::open(&location, Access::Create, Options::default())?;
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let registry = &*registry;
                scope.spawn(move || {
                    (writer..number)
                        .step_by(WRITERS)
                        .try_for_each(|one| create(registry, one))
                })
            })
            .collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?)
    })
}

fn create(registry: &dyn Registry, number: usize) -> Outcome {
    let checked = draft(number).check(&Policy::default());
    let declaration = checked.declaration.ok_or("the draft is not good")?;
    let evidence = Evidence {
        waived: true,
        ..Evidence::default()
    };
    let domain = TrustDomain::parse("bench.example")?;
    registry.create(&Actor::new("bench"), &domain, declaration, &evidence)?;
    Ok(())
}

fn draft(number: usize) -> Draft {
    let roles = number
        .is_multiple_of(10)
        .then(|| format!("arn:aws:iam::111122223333:role/svc-{}", number / 20));
    Draft {
        name: Given::Known(format!("orders-reader-{number}")),
        kind: "workload".into(),
        technical_owner: Given::Known(format!("team:orders-{}", number % TEAMS)),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Reads the orders queue".into(),
            task: "Order intake, worker".into(),
            ..PurposeDraft::default()
        }),
        environment: "staging".into(),
        ttl: "720h".into(),
        external: Given::Known(roles.into_iter().map(Given::Known).collect()),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:sqs:eu-west-1:111122223333:orders".into(),
            actions: Given::Known(vec!["sqs:GetQueueAttributes".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into(), "workload_delete".into()]),
        ..Draft::default()
    }
}
