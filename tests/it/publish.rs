//! A module is signed, published, fetched elsewhere and verified there, against real registries.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::registries::{self, Registry};
use support::{Nhi, Outcome, programs};

/// A publisher or a pipeline: a folder with a store of its own.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn nhi(&self, arguments: &[&str]) -> anyhow::Result<Nhi> {
        Ok(self.at(Nhi::new(self.folder.path())?, arguments))
    }

    /// The same in a network in which there is nothing, where the machine allows that.
    pub(crate) fn offline(&self, arguments: &[&str]) -> anyhow::Result<Option<Nhi>> {
        let nhi = Nhi::without_network(self.folder.path())?;
        Ok(nhi.map(|nhi| self.at(nhi, arguments)))
    }

    fn at(&self, nhi: Nhi, arguments: &[&str]) -> Nhi {
        let store = self.path("store").display().to_string();
        nhi.args(["module"])
            .args(arguments.iter().copied())
            .env("NHI_MODULE_STORE", &store)
    }

    /// A component: the example, under this version; `mark` makes it another one of the same version.
    pub(crate) fn component(&self, version: &str, mark: &str) -> anyhow::Result<()> {
        std::fs::write(self.path("team.wasm"), component(version, mark)?)?;
        Ok(())
    }

    /// A key, and a policy file that trusts its holder.
    pub(crate) fn key(&self) -> Outcome {
        self.nhi(&["keygen", "--output", "ann.pem"])?.run()?.succeeds()?;
        Ok(())
    }

    /// Signs the component and publishes it.
    pub(crate) fn publish(&self, repository: &str) -> Outcome {
        self.nhi(&["sign", "team.wasm", "--key", "ann.pem"])?
            .run()?
            .succeeds()?;
        self.nhi(&["push", "team.wasm", repository])?.run()?.succeeds()?;
        Ok(())
    }

    /// Trusts what the key of another place signs.
    pub(crate) fn trusts(&self, publisher: &Self) -> Outcome {
        let key = std::fs::read_to_string(publisher.path("ann.pem.pub"))?;
        let key = key.trim_end().replace('\n', "\\n");
        let text =
            format!("signer \"ann\" {{\n  key = \"{key}\"\n}}\ntrust \"oci://*\" {{\n  all_of = [\"ann\"]\n}}\n");
        std::fs::write(self.path("nhi.hcl"), text)?;
        Ok(())
    }

    /// The files in the store whose names are digests; each has to be what its name says.
    pub(crate) fn blobs(&self) -> anyhow::Result<usize> {
        let folder = self.path("store/blobs/sha256");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return Ok(0);
        };
        let mut count = 0;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Ok(digest) = nhi_governance::Digest::parse(&name) {
                ensure!(
                    nhi_governance::Digest::of(&std::fs::read(&path)?) == digest,
                    "{name} is not what it says"
                );
                count += 1;
            }
        }
        Ok(count)
    }
}

pub(crate) fn component(version: &str, mark: &str) -> anyhow::Result<Vec<u8>> {
    const OWN: &[u8] = b"team-policy0.1.0";
    ensure!(version.len() == 5, "a version of five characters");
    let mut bytes = std::fs::read(programs::file("example-policy-module.wasm")?)?;
    let at = bytes
        .windows(OWN.len())
        .position(|window| window == OWN)
        .context("the module's version")?;
    let place = bytes
        .get_mut(at + OWN.len() - 5..at + OWN.len())
        .context("the version")?;
    place.copy_from_slice(version.as_bytes());
    if !mark.is_empty() {
        // A custom section, which no reader minds.
        let length = u8::try_from(mark.len())?;
        bytes.extend([0, length + 1, length]);
        bytes.extend(mark.as_bytes());
    }
    Ok(bytes)
}

/// The digest of the manifest, out of an answer in JSON.
fn manifest(answer: &Value) -> anyhow::Result<String> {
    Ok(answer["manifest"].as_str().context("manifest")?.to_owned())
}

#[test]
fn what_is_published_is_fetched_and_verified_elsewhere() -> Outcome {
    for registry in registries::all()? {
        whole_way(&registry).with_context(|| registry.name)?;
    }
    Ok(())
}

fn whole_way(registry: &Registry) -> Outcome {
    let (here, there) = (Place::new()?, Place::new()?);
    let repository = registry.repository("policy/team");
    let reference = format!("{repository}:0.1.0");
    here.component("0.1.0", "")?;
    here.key()?;
    std::fs::write(here.path("sbom.json"), SBOM)?;
    let sign = ["sign", "team.wasm", "--key", "ann.pem", "--sbom", "sbom.json"];
    here.nhi(&sign)?
        .run()?
        .succeeds()?
        .says(&["signed team-policy 0.1.0"])?;
    let pushed = here
        .nhi(&["push", "team.wasm", &repository, "--format", "json"])?
        .json(0)?;
    ensure!(pushed["signatures"] == 1 && pushed["sbom"] == true, "{pushed}");
    // Once more changes nothing, and adds nothing.
    here.nhi(&sign)?.run()?.succeeds()?.says(&["had signed"])?;
    let again = here
        .nhi(&["push", "team.wasm", &reference, "--format", "json"])?
        .json(0)?;
    ensure!(again == pushed, "{again}");

    // Whoever trusts nobody gets nothing.
    there
        .nhi(&["pull", &reference])?
        .run()?
        .exits(3)?
        .says(&["nhi.hcl", "--key"])?;
    there.trusts(&here)?;
    let pulled = there.nhi(&["pull", &reference, "--format", "json"])?.json(0)?;
    ensure!(
        manifest(&pulled)? == manifest(&pushed)? && pulled["signers"][0] == "ann",
        "{pulled}"
    );
    ensure!(there.blobs()? == 3, "manifest, configuration and module");
    there
        .nhi(&["verify", &reference])?
        .run()?
        .succeeds()?
        .says(&["trusted", "ann"])?;
    there
        .nhi(&["verify", &manifest(&pulled)?])?
        .run()?
        .exits(2)?
        .says(&["--source"])?;
    all_is_shown(&there, &reference, &pulled)?;
    a_second_person_signs(&here, &there, &repository)
}

fn all_is_shown(there: &Place, reference: &str, pulled: &Value) -> Outcome {
    for arguments in [vec!["inspect", reference], vec!["inspect", reference, "--remote"]] {
        let shown = there.nhi(&arguments)?.args(["--format", "json"]).json(0)?;
        let attached = &shown["attached"];
        ensure!(attached["manifest"] == pulled["manifest"], "{shown}");
        ensure!(
            attached["signatures"].as_array().is_some_and(|all| all.len() == 1),
            "{attached}"
        );
        ensure!(attached["signatures"][0]["signer"] == "ann", "{attached}");
        ensure!(attached["sbom"][0]["format"] == "CycloneDX 1.6", "{attached}");
        ensure!(attached["sbom"][0]["components"][0] == "left-pad 1.0.0", "{attached}");
    }
    let stranger = Place::new()?;
    let shown = stranger.nhi(&["inspect", reference, "--remote"])?.run()?.succeeds()?;
    shown.says(&["a key that is not known here", "left-pad 1.0.0"])?;
    ensure!(stranger.blobs()? == 0, "looking at it keeps nothing");
    Ok(())
}

/// Who signs what is published needs no source, and no right but to push.
fn a_second_person_signs(here: &Place, there: &Place, repository: &str) -> Outcome {
    let reference = format!("{repository}:0.1.0");
    there.nhi(&["keygen", "--output", "ben.pem"])?.run()?.succeeds()?;
    there
        .nhi(&["sign", &reference, "--key", "ben.pem"])?
        .run()?
        .succeeds()?;
    let both = |place: &Place| -> anyhow::Result<Nhi> {
        let nhi = place
            .nhi(&["pull", &reference, "--key"])?
            .path(&here.path("ann.pem.pub"));
        Ok(nhi.args(["--key"]).path(&there.path("ben.pem.pub")))
    };
    let third = Place::new()?;
    both(&third)?
        .run()?
        .exits(3)?
        .says(&["needs the signature of the key in", "ben.pem.pub"])?;
    ensure!(third.blobs()? == 0, "one of two is not enough");
    there.nhi(&["push", &reference, repository])?.run()?.succeeds()?;
    both(&third)?.run()?.succeeds()?;
    Ok(())
}

const SBOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"left-pad","version":"1.0.0"}]}"#;

#[test]
fn how_a_module_was_made_goes_along_under_its_signers_name() -> Outcome {
    let Some(registry) = registries::go_containerregistry()? else {
        return Ok(());
    };
    let (here, there) = (Place::new()?, Place::new()?);
    let repository = registry.repository("policy/team");
    here.key()?;
    // A folder as `nhi module new` makes it, with a component where `nhi module build` puts it.
    here.nhi(&["new", "team-policy", "--path", "own"])?.run()?.succeeds()?;
    std::fs::create_dir(here.path("own/target"))?;
    std::fs::write(here.path("own/target/team.wasm"), component("0.1.0", "")?)?;
    here.nhi(&["sign", "own/target/team.wasm", "--key", "ann.pem"])?
        .run()?
        .succeeds()?;
    here.nhi(&["push", "own/target/team.wasm", &repository])?
        .run()?
        .succeeds()?;
    there.trusts(&here)?;
    let reference = format!("{repository}:0.1.0");
    there.nhi(&["pull", &reference])?.run()?.succeeds()?;
    let shown = there.nhi(&["inspect", &reference, "--format", "json"])?.json(0)?;
    let attached = &shown["attached"];
    let made = &attached["provenance"][0];
    ensure!(made["signer"] == "ann" && made["signed"] == true, "{attached}");
    let listed = &attached["sbom"][0];
    ensure!(
        listed["format"] == "CycloneDX 1.5" && listed["vouched_for_by"] == "ann",
        "{attached}"
    );
    let components = listed["components"].as_array().context("components")?;
    ensure!(
        components
            .iter()
            .any(|name| name.as_str().is_some_and(|name| name.starts_with("wit-bindgen ")))
    );

    // Without a key it is told all the same, and said to be nobody's word.
    let elsewhere = registry.repository("policy/unsigned");
    let unsigned = Place::new()?;
    let component_file = here.path("own/target/team.wasm").display().to_string();
    let pushed = unsigned
        .nhi(&["push", &component_file, &elsewhere])?
        .run()?
        .succeeds()?;
    pushed.says(&["none: nobody can pull it"])?;
    let shown = unsigned
        .nhi(&["inspect", &format!("{elsewhere}:0.1.0"), "--remote"])?
        .run()?
        .succeeds()?;
    shown.says(&["nobody: `nhi module sign` signs it", "nobody has signed it"])?;
    Ok(())
}

#[test]
fn a_key_is_for_its_owner_only_and_is_never_overwritten() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    for kind in ["ed25519", "p256"] {
        let place = Place::new()?;
        let keygen = ["keygen", "--output", "ann.pem", "--kind", kind];
        place.nhi(&keygen)?.run()?.succeeds()?.says(&["signer \"NAME\""])?;
        // A folder that is not there is made, and nobody else may look into it.
        place
            .nhi(&["keygen", "--output", "keys/of/ann.pem"])?
            .run()?
            .succeeds()?;
        for folder in ["keys", "keys/of"] {
            let mode = std::fs::metadata(place.path(folder))?.permissions().mode();
            ensure!(mode & 0o777 == 0o700, "{folder}: {mode:o}");
        }
        place
            .nhi(&["keygen", "--output", "ann.pem/ben.pem"])?
            .run()?
            .exits(3)?
            .says(&["ann.pem` cannot be made"])?;
        let path = place.path("ann.pem");
        let mode = std::fs::metadata(&path)?.permissions().mode();
        ensure!(mode & 0o7777 == 0o600, "{mode:o}");
        let before = std::fs::read(&path)?;
        place.nhi(&keygen)?.run()?.exits(2)?.says(&["is there already"])?;
        ensure!(std::fs::read(&path)? == before);
        // Its public half alone is enough to stop it as well: somebody trusts it.
        std::fs::remove_file(&path)?;
        place.nhi(&keygen)?.run()?.exits(2)?.says(&["ann.pem.pub"])?;
        ensure!(!path.exists());
        std::fs::write(&path, before)?;
        place.component("0.1.0", "")?;
        let sign = ["sign", "team.wasm", "--key", "ann.pem"];
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
        place
            .nhi(&sign)?
            .run()?
            .exits(2)?
            .says(&["others may read", "chmod 600"])?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        place.nhi(&sign)?.run()?.succeeds()?;
        place
            .nhi(&["verify", "team.wasm", "--key", "ann.pem.pub"])?
            .run()?
            .succeeds()?;
        // The two halves are not taken for one another.
        place
            .nhi(&["verify", "team.wasm", "--key", "ann.pem"])?
            .run()?
            .exits(3)?
            .says(&["a private key stands"])?;
    }
    Ok(())
}

#[test]
fn an_archive_carries_modules_to_where_there_is_no_network() -> Outcome {
    let (here, there) = (Place::new()?, Place::new()?);
    here.component("0.1.0", "")?;
    here.key()?;
    here.nhi(&["save", "team.wasm", "--output", "team.tar"])?
        .run()?
        .exits(3)?
        .says(&["not in the store"])?;
    here.nhi(&["sign", "team.wasm", "--key", "ann.pem"])?
        .run()?
        .succeeds()?;
    here.nhi(&["save", "team.wasm", "--output", "team.tar"])?
        .run()?
        .succeeds()?;
    there.trusts(&here)?;
    for name in ["team.tar", "ann.pem.pub", "team.wasm"] {
        std::fs::copy(here.path(name), there.path(name))?;
    }
    let source = "oci://127.0.0.1:5000/policy/team";
    let commands: [(&[&str], i32); 6] = [
        (&["verify", "team.tar", "--key", "ann.pem.pub"], 0),
        (&["verify", "team.tar", "--source", source], 0),
        (&["verify", "team.tar"], 2),
        (&["load", "team.tar", "--source", source], 0),
        (&["verify", "team.wasm", "--key", "ann.pem.pub"], 0),
        (&["verify", "oci://127.0.0.1:5000/policy/team:0.1.0"], 0),
    ];
    for (arguments, code) in commands {
        let Some(nhi) = there.offline(arguments)? else {
            return Ok(());
        };
        nhi.run()?.exits(code)?;
    }
    // That network really is empty.
    if let Some(nhi) = there.offline(&["pull", &format!("{source}:0.1.0")])? {
        nhi.run()?.exits(3)?.says(&["cannot be reached"])?;
    }
    Ok(())
}

/// What nobody may write to, so that a store stays as it was.
pub(crate) fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none())
}
