//! The hostile modules that ship with the command, against the sandbox as it is; a program of its own, because they are
//! held to the processor's time that the whole process takes.

use nhi_policy_host::conformance;

#[test]
fn every_campaign_holds_and_finds_its_planted_defect() {
    let campaigns = conformance::run(100, 7).unwrap();
    assert!(campaigns.len() >= 10);
    for campaign in campaigns {
        assert_eq!(campaign.failures, Vec::<String>::new(), "{}", campaign.name);
        assert!(campaign.finds_planted && campaign.cases > 0, "{}", campaign.name);
    }
}
