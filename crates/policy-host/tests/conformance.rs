//! The hostile modules that ship with the command, against the sandbox as it is; a program of its own, because they are
//! held to the processor's time that the whole process takes.

use nhi_policy_host::conformance;

#[test]
fn every_campaign_holds_and_finds_its_planted_defect() {
    let campaigns = conformance::run(100, 7).unwrap();
    assert!(campaigns.len() >= 10);
    // Damage that nothing lets in proves nothing about what is inside.
    for (name, least) in [("damaged answers", 20), ("damaged bytes", 2)] {
        let mutants = campaigns.iter().find(|campaign| campaign.name == name).unwrap();
        assert!(mutants.cases == 100 && mutants.loaded >= least, "{mutants:?}");
    }
    for campaign in campaigns {
        assert_eq!(campaign.failures, Vec::<String>::new(), "{}", campaign.name);
        assert!(campaign.finds_planted && campaign.cases > 0, "{}", campaign.name);
    }
}
