//! The hostile modules that ship with the command, against the sandbox as it is; a program of its own, because they are
//! held to the processor's time that the whole process takes.
//!
//! `NHI_HOSTILE_ONE_IN` says which share of those made by hand is run: one of ten where nobody says, 1 for all.

use std::path::PathBuf;

use nhi_policy_host::Compilation;
use nhi_policy_host::conformance::{self, Options};

#[test]
fn every_campaign_holds_and_finds_its_planted_defect() {
    let one_in = std::env::var("NHI_HOSTILE_ONE_IN").map_or(10, |number| number.parse().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let compilation = Compilation {
        program: PathBuf::from(env!("CARGO_BIN_EXE_nhi-precompile")),
        arguments: vec!["--child".into()],
        cache: None,
    };
    let campaigns = conformance::run(&Options {
        mutants: 100,
        seed: 7,
        one_in,
        compilation: Some(&compilation),
        scratch: scratch.path(),
    })
    .unwrap();
    for campaign in &campaigns {
        println!(
            "{}: {} cases, {} failures, seed {}, {} loaded, slowest {:?}, {:?} KiB",
            campaign.name,
            campaign.cases,
            campaign.failures.len(),
            campaign.seed,
            campaign.loaded,
            campaign.slowest,
            campaign.memory_kib
        );
    }
    let wrong: Vec<String> = campaigns
        .iter()
        .flat_map(|campaign| {
            campaign
                .failures
                .iter()
                .map(move |why| format!("{}: {why}", campaign.name))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(campaigns.len() >= 20, "{}", campaigns.len());
    assert!(
        campaigns
            .iter()
            .all(|campaign| campaign.finds_planted && campaign.cases > 0)
    );
    // Damage that nothing lets in proves nothing about what is inside.
    for (name, least) in [("damaged answers", 20), ("damaged bytes", 2), ("sections by chance", 2)] {
        let mutants = campaigns.iter().find(|campaign| campaign.name == name).unwrap();
        assert!(mutants.cases == 100 && mutants.loaded >= least, "{mutants:?}");
    }
    let cases: usize = campaigns.iter().map(|campaign| campaign.cases).sum();
    println!("{cases} cases in all");
    assert!(one_in > 1 || cases >= 1_300, "{cases}");
}
