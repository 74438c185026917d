//! `nhi approve` and its kin, as a shell sees them: keys, a trust root and a request made for the occasion.

mod openssh;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nhi_approvals::{Request, RequestContext, disk};
use nhi_governance::{Declaration, Draft, Given, Name, PurposeDraft, ScopeDraft, Timestamp};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};
use tempfile::TempDir;

use crate::support::{Nhi, Ran, nhi as bare};

fn nhi(folder: &Path, arguments: &[&str]) -> Nhi {
    let mut nhi = bare(arguments).directory(folder).env("NO_COLOR", "1");
    for name in [
        "SSH_AUTH_SOCK",
        "SSH_ASKPASS",
        "NHI_APPROVALS",
        "NHI_APPROVERS",
        "NHI_APPROVERS_DIGEST",
        "NHI_PASSPHRASE_FILE",
    ] {
        nhi.command.env_remove(name);
    }
    nhi
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    nhi(folder, arguments).run()
}

#[track_caller]
fn says(ran: &Ran, words: &[&str]) {
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(said.contains(word), "`{word}` is not in\n{said}");
    }
}

/// Writes the key of a person and returns its public half.
pub(crate) fn key(folder: &Path, name: &str) -> String {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    let path = folder.join(name);
    key.write_openssh_file(&path, LineEnding::LF).unwrap();
    key.public_key().to_openssh().unwrap()
}

fn declaration(actions: &[&str]) -> Declaration {
    let known = |texts: &[&str]| Given::Known(texts.iter().map(|text| Given::from(*text)).collect());
    let draft = Draft {
        name: "deployer".into(),
        kind: "ci_pipeline".into(),
        technical_owner: "team:payments".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Deploys the payments service".into(),
            task: "Release pipeline, job deploy".into(),
            ticket: Given::Absent,
        }),
        environment: "production".into(),
        ttl: "168h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
            actions: known(actions),
        })]),
        revoked_by: known(&["ttl"]),
        ..Draft::default()
    };
    draft.check(&nhi_governance::Policy::default()).declaration.unwrap()
}

/// A folder with keys, a trust root and one request that calls for two approvals.
struct House {
    folder: TempDir,
    request: Request,
    root_digest: String,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let person = |name: &str, rest: &str| {
        format!(
            "person {name:?} {{\n  keys = [{:?}]\n{rest}}}\n",
            key(folder.path(), name)
        )
    };
    let root = format!(
        "organisation = \"example\"\nversion = 1\nthreshold = 2\n{}{}{}",
        person("alice", "  roles = [\"policy_owner\"]\n  teams = [\"team:iam\"]\n"),
        person("bob", ""),
        person("carol", "  roles = [\"security\"]\n  logins = [\"carol-gh\"]\n"),
    );
    std::fs::write(folder.path().join("approvers.hcl"), &root).unwrap();
    let organisation = Name::parse("example").unwrap();
    let context = RequestContext {
        organisation: &organisation,
        policy: &nhi_governance::Policy::default(),
        registry_id: "r",
        incarnations: 0,
    };
    let request = Request::for_identity(&context, None, &declaration(&["ecs:UpdateService"]));
    assert_eq!(request.terms.tier.as_str(), "high");
    disk::write_request(&folder.path().join("approvals"), &request).unwrap();
    key(folder.path(), "mallory");
    House {
        folder,
        request,
        root_digest: nhi_governance::Digest::of(root.as_bytes()).to_string(),
    }
}

impl House {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["approvals", "verify", "--approvers-digest", &self.root_digest];
        arguments.extend(more);
        run(self.path(), &arguments)
    }

    fn approval_of(&self, name: &str) -> PathBuf {
        disk::directory(&self.path().join("approvals"), self.request.digest()).join(format!("{name}.dsse.json"))
    }
}

#[test]
fn from_a_request_to_an_approval() {
    let house = house();
    let digest = house.request.digest().to_string();
    let shown = run(house.path(), &["request", "show"]).exits(0);
    says(
        &shown,
        &[
            "deployer",
            "becomes possible",
            "+ writes",
            "ecs:UpdateService",
            "high",
            &digest,
            "a new one",
        ],
    );
    let json = run(house.path(), &["request", "show", &digest, "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(json["digest"], digest.as_str());
    assert_eq!(json["request"]["nonce"], "r/0");
    assert_eq!(json["difference"]["gained"][0]["action"], "ecs:UpdateService");

    says(
        &house.verify(&[]).exits(1),
        &[
            "not approved",
            "2 more approvals (0 of 2)",
            "the policy owner `team:iam`",
        ],
    );
    let approved = run(house.path(), &["approve", "--key", "bob", "--yes"]).exits(0);
    says(
        &approved,
        &[
            "becomes possible",
            "approved by bob",
            "bob.dsse.json",
            "1 more approval (1 of 2)",
        ],
    );
    says(
        &house.verify(&[&digest]).exits(1),
        &["counts   bob", "the policy owner"],
    );
    run(
        house.path(),
        &["approve", &digest, "--key", "alice", "--yes", "--valid-for", "24h"],
    )
    .exits(0);
    says(
        &house.verify(&[]).exits(0),
        &["approved: deployer", "counts   alice", "counts   bob"],
    );

    let json = house.verify(&["--format", "json"]).exits(0).json();
    assert_eq!(json["requests"][0]["verdict"], "approved");
    assert_eq!(json["requests"][0]["accepted"][0]["person"], "alice");
    assert_eq!(json["requests"][0]["accepted"].as_array().unwrap().len(), 2);

    // An hour before alice's approval ends it counts, after its end it does not.
    let later = |hours: i64| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Timestamp::from_unix(i64::try_from(now).unwrap() + hours * 3600).to_string()
    };
    house.verify(&["--at", &later(23)]).exits(0);
    says(
        &house.verify(&["--at", &later(25)]).exits(1),
        &["alice.dsse.json: it expired"],
    );
    says(
        &house.verify(&["--requester", "bob"]).exits(1),
        &["who asks does not approve"],
    );
    house.verify(&["--requester", "carol-gh"]).exits(0);
}

#[test]
fn what_is_refused() {
    let house = house();
    let approve = |more: &[&str]| {
        let mut arguments = vec!["approve"];
        arguments.extend(more);
        run(house.path(), &arguments)
    };
    says(
        &approve(&["--key", "bob"]).exits(2),
        &["nobody is there to confirm", "--yes"],
    );
    says(&approve(&["--yes"]).exits(2), &["no ssh agent", "--key"]);
    says(
        &approve(&["--key", "mallory", "--yes"]).exits(2),
        &["gives the key", "to nobody"],
    );
    says(&approve(&["--key", "nothing", "--yes"]).exits(2), &["there is no key"]);
    says(
        &approve(&["--key", "approvers.hcl", "--yes"]).exits(3),
        &["NHI-APPROVAL-KEY"],
    );
    says(
        &approve(&["--key", "bob", "--person", "alice", "--yes"]).exits(2),
        &["belongs to `bob`"],
    );
    says(
        &approve(&["--key", "bob", "--requester", "bob", "--yes"]).exits(2),
        &["who asks does not approve"],
    );
    says(
        &approve(&["--key", "carol", "--requester", "CAROL-gh", "--yes"]).exits(2),
        &["who asks does not approve"],
    );
    says(
        &approve(&["--key", "bob", "--valid-for", "169h", "--yes"]).exits(2),
        &["7 days at most"],
    );
    let other = nhi_governance::Digest::of(b"other").to_string();
    says(
        &approve(&[&other, "--key", "bob", "--yes"]).exits(3),
        &["NHI-APPROVAL-FILE"],
    );
    assert!(!house.approval_of("bob").exists(), "nothing was signed");

    says(
        &run(house.path(), &["approvals", "verify"]).exits(2),
        &["--approvers-digest"],
    );
    let foreign = run(house.path(), &["approvals", "verify", "--approvers-digest", &other]).exits(3);
    says(&foreign, &["NHI-APPROVERS-PIN", &house.root_digest]);

    // A request that is another than its directory says.
    let directory = disk::directory(&house.path().join("approvals"), house.request.digest());
    let text = house
        .request
        .to_canonical_json()
        .replace("ecs:UpdateService", "ecs:ListServices");
    std::fs::write(directory.join("request.json"), text).unwrap();
    says(&approve(&["--key", "bob", "--yes"]).exits(3), &["NHI-APPROVAL-REQUEST"]);
    says(
        &run(house.path(), &["request", "show"]).exits(3),
        &["NHI-APPROVAL-REQUEST"],
    );
    house.verify(&[]).exits(3);
    std::fs::remove_dir_all(house.path().join("approvals")).unwrap();
    house.verify(&[]).exits(3);
}

#[test]
fn somebody_says_no() {
    let house = house();
    for name in ["alice", "bob"] {
        run(house.path(), &["approve", "--key", name, "--yes"]).exits(0);
    }
    house.verify(&[]).exits(0);
    says(
        &run(house.path(), &["approve", "--key", "carol", "--yes", "--reject"]).exits(0),
        &["rejected by carol"],
    );
    says(&house.verify(&[]).exits(1), &["the agreement of carol, who rejects it"]);
    run(house.path(), &["approve", "--key", "carol", "--yes"]).exits(0);
    house.verify(&[]).exits(0);
}

#[test]
fn a_trust_root_changes_hands() {
    let house = house();
    let path = house.path().join("approvers.hcl");
    let first = std::fs::read_to_string(&path).unwrap();
    let show = run(house.path(), &["approvers", "show"]).exits(0);
    says(
        &show,
        &[
            "example, version 1",
            &house.root_digest,
            "alice",
            "policy_owner, team:iam",
            "SHA256:",
        ],
    );
    says(
        &run(house.path(), &["approvers", "sign", "--key", "alice"]).exits(2),
        &["first version"],
    );

    let mallory = key(house.path(), "mallory");
    let second = first
        .replace(
            "version = 1",
            &format!("version = 2\nprevious = {:?}", house.root_digest),
        )
        .replace("threshold = 2", "threshold = 1");
    std::fs::write(
        &path,
        format!("{second}person \"mallory\" {{\n  keys = [{mallory:?}]\n}}\n"),
    )
    .unwrap();
    std::fs::write(house.path().join("before.hcl"), &first).unwrap();
    let verify = || {
        run(
            house.path(),
            &["approvers", "verify", "--approvers-digest", &house.root_digest],
        )
    };
    says(&verify().exits(1), &["not trusted", "which is not there"]);
    says(
        &run(
            house.path(),
            &["approvers", "sign", "--key", "mallory", "--previous", "before.hcl"],
        )
        .exits(2),
        &["to nobody"],
    );
    says(
        &run(
            house.path(),
            &["approvers", "sign", "--key", "alice", "--previous", "before.hcl"],
        )
        .exits(0),
        &["signed by 1 of the 2"],
    );
    says(&verify().exits(1), &["signed by 1 of the 2 people", "bob, carol"]);
    says(
        &run(house.path(), &["approvers", "sign", "--key", "carol"]).exits(0),
        &["that is enough"],
    );
    says(&verify().exits(0), &["trusted: version 2", "signed by alice, carol"]);
    let json = run(
        house.path(),
        &[
            "approvers",
            "verify",
            "--approvers-digest",
            &house.root_digest,
            "--format",
            "json",
        ],
    );
    assert_eq!(json.exits(0).json()["verdict"], "trusted");
    says(
        &run(
            house.path(),
            &["approvers", "sign", "--key", "alice", "--previous", "approvers.hcl"],
        )
        .exits(2),
        &["names"],
    );
    // What the new people sign counts from then on.
    run(house.path(), &["approve", "--key", "mallory", "--yes"]).exits(0);
    says(&house.verify(&[]).exits(1), &["counts   mallory"]);
    std::fs::write(&path, "version = 3").unwrap();
    verify().exits(3);
}
