//! Trust roots: what is refused, and how one comes after another.

use nhi_approvals::{Person, Succession, TrustRoot, disk};
use nhi_governance::Digest;

use crate::house::{at, key, person, public, root_text};

fn refused(text: &str) -> String {
    TrustRoot::parse(text.as_bytes()).map_or_else(|problem| problem.message, |_| "accepted".to_owned())
}

#[test]
fn what_is_no_trust_root() {
    assert_eq!(refused(&root_text()), "accepted");
    let cases: [(&str, &str, &str); 16] = [
        ("version = 1", "version = 0", "do not fit"),
        ("version = 1", "version = 2", "do not fit"),
        ("version = 1", "version = 1\nprevious = \"aa\"", "64 hexadecimal digits"),
        ("threshold = 2", "threshold = 0", "threshold"),
        ("threshold = 2", "threshold = 6", "threshold"),
        ("threshold = 2", "threshold = -1", "cannot be read"),
        ("threshold = 2", "threshold = 2\nthreshold = 1", "redefined"),
        ("threshold = 2", "threshold = 2\nadmin = true", "cannot be read"),
        ("organisation = \"example\"", "", "cannot be read"),
        (
            "organisation = \"example\"",
            "organisation = \"Example Ltd\"",
            "organisation",
        ),
        ("\"security\"", "\"securty\"", "role"),
        ("\"team:data\"", "\"user:dave\"", "not a team"),
        ("person \"bob\"", "person \"alice\"", "twice"),
        ("person \"bob\"", "group \"bob\"", "block"),
        ("\"alice-gh\"", "\"Bob\"", "a login in common"),
        (
            "person \"erin\" {",
            "person \"erin\" {\n  roles = []\n  roles = []",
            "redefined",
        ),
    ];
    for (from, to, why) in cases {
        let text = root_text();
        assert!(text.contains(from), "{from}");
        let told = refused(&text.replacen(from, to, 1));
        assert!(told.contains(why), "{from} → {to}: {told}");
    }
    let shared = root_text().replace(&public("bob", 1), &public("alice", 2));
    assert!(
        refused(&shared).contains("`alice` and `bob` a key in common"),
        "{}",
        refused(&shared)
    );
    let rsa = root_text().replace(&public("bob", 1), "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ");
    assert!(
        refused(&rsa).contains("person `bob`: the key `ssh-rsa"),
        "{}",
        refused(&rsa)
    );
}

/// A directory with a trust root and the version that comes after it.
struct Place {
    directory: tempfile::TempDir,
    first: String,
    second: String,
}

impl Place {
    fn new(change: impl Fn(&str) -> String) -> Self {
        let first = root_text();
        let second = first.replace(
            "version = 1",
            &format!("version = 2\nprevious = \"{}\"", Digest::of(first.as_bytes())),
        );
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            first,
            second: change(&second),
        };
        std::fs::write(place.path(), &place.second).unwrap();
        disk::keep_root(&place.path(), place.first.as_bytes()).unwrap();
        place
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("approvers.hcl")
    }

    fn sign(&self, name: &str, signer: &str, number: u8) {
        let root = TrustRoot::parse(self.second.as_bytes()).unwrap();
        let text = Succession::new(&root, person(name), at(0))
            .unwrap()
            .sign(&mut key(signer, number))
            .unwrap();
        disk::write_succession(&self.path(), root.digest, &person(name), &text).unwrap();
    }

    fn trusted(&self) -> Result<Vec<Person>, String> {
        let trust =
            disk::read_trust(&self.path(), Digest::of(self.first.as_bytes())).map_err(|problem| problem.message)?;
        assert_eq!(trust.root.digest, Digest::of(self.second.as_bytes()));
        Ok(trust.steps.into_iter().flat_map(|step| step.signed_by).collect())
    }
}

fn lower(text: &str) -> String {
    text.replace("threshold = 2", "threshold = 1")
}

fn with_mallory(text: &str) -> String {
    format!(
        "{text}person \"mallory\" {{\n  keys = [{:?}]\n}}\n",
        public("mallory", 1)
    )
}

#[test]
fn the_people_of_before_sign_what_comes_after() {
    for change in [lower as fn(&str) -> String, with_mallory, str::to_owned] {
        let place = Place::new(change);
        assert!(place.trusted().unwrap_err().contains("signed by 0 of the 2 people"));
        place.sign("alice", "alice", 1);
        // One person with two keys is one person, and replaces what they signed before.
        place.sign("alice", "alice", 2);
        assert!(place.trusted().unwrap_err().contains("signed by 1 of the 2 people"));
        place.sign("dave", "dave", 1);
        assert_eq!(place.trusted(), Ok(vec![person("alice"), person("dave")]));
    }
}

#[test]
fn who_comes_in_does_not_let_themselves_in() {
    let place = Place::new(with_mallory);
    place.sign("mallory", "mallory", 1);
    place.sign("bob", "mallory", 1);
    place.sign("alice", "alice", 1);
    let why = place.trusted().unwrap_err();
    assert!(why.contains("signed by 1 of the 2 people"), "{why}");
    assert!(
        why.contains("no signature by a key that version 1 lists for `mallory`"),
        "{why}"
    );
    // A copy of alice's signature under another name is still alice's.
    let root = TrustRoot::parse(place.second.as_bytes()).unwrap();
    let chain = disk::chain_directory(&place.path());
    let [alices, carols] = ["alice", "carol"].map(|name| chain.join(format!("{}.{name}.dsse.json", root.digest)));
    std::fs::copy(alices, carols).unwrap();
    assert!(place.trusted().unwrap_err().contains("alice has signed already"));
}

#[test]
fn the_pin_decides() {
    let place = Place::new(str::to_owned);
    place.sign("alice", "alice", 1);
    place.sign("dave", "dave", 1);
    assert!(place.trusted().is_ok());
    let read = |pinned: Digest| disk::read_trust(&place.path(), pinned).map(|trust| trust.steps.len());
    // The version in use may be pinned itself; then nobody has to have signed it.
    assert_eq!(read(Digest::of(place.second.as_bytes())), Ok(0));
    assert_eq!(read(Digest::of(place.first.as_bytes())), Ok(1));
    let foreign = read(Digest::of(b"another")).unwrap_err();
    assert_eq!(foreign.code.id, "NHI-APPROVERS-PIN");
    // Whoever changes a letter after it was signed is on their own.
    std::fs::write(place.path(), format!("{}\n", place.second)).unwrap();
    assert!(place.trusted().unwrap_err().contains("signed by 0 of the 2 people"));
    // And so is whoever changes the version before.
    let kept = disk::chain_directory(&place.path()).join(format!("{}.hcl", Digest::of(place.first.as_bytes())));
    std::fs::write(place.path(), &place.second).unwrap();
    assert!(place.trusted().is_ok());
    std::fs::write(&kept, with_mallory(&place.first)).unwrap();
    assert!(place.trusted().unwrap_err().contains("which is not there"));
    std::fs::remove_file(&kept).unwrap();
    assert!(place.trusted().unwrap_err().contains("which is not there"));
}

#[test]
fn versions_follow_each_other() {
    let skipping = Place::new(|text| text.replace("version = 2", "version = 3"));
    skipping.sign("alice", "alice", 1);
    skipping.sign("dave", "dave", 1);
    assert!(skipping.trusted().is_err());
    let renamed = Place::new(|text| text.replace("\"example\"", "\"elsewhere\""));
    assert!(renamed.trusted().unwrap_err().contains("changes its organisation"));
    let first = TrustRoot::parse(root_text().as_bytes()).unwrap();
    assert!(Succession::new(&first, person("alice"), at(0)).is_err());
}
