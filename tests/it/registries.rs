//! `nhi-modules` against real registries: one that lists referrers and one that does not. Those that are not at hand are
//! skipped, and said to be.

use nhi_governance::Digest;
use nhi_modules::{Artifact, Attachment, Facts, Kind, Remote, hear, sign};
use nhi_policy_file::{Source, Version, read_modules};
use support::Outcome;
use support::registries;

use crate::pinned::key;

fn artifact(version: &str, wasm: &[u8]) -> Artifact {
    let facts = Facts {
        name: "naming".to_owned(),
        version: version.to_owned(),
        abi: "nhi:policy@1.0.0".to_owned(),
        exports: vec!["nhi:policy/policy@1.0.0".to_owned()],
        imports: Vec::new(),
    };
    Artifact::pack(&facts, wasm.to_vec())
}

#[test]
fn what_is_pushed_is_pulled_with_its_signatures() -> Outcome {
    for registry in registries::all()? {
        let name = registry.name;
        let source = Source::parse(&registry.repository("policy/naming")).unwrap();
        let remote = Remote::of(&source).unwrap();
        let (one, two) = (Version::new(1, 0, 0), Version::new(1, 10, 0));
        let missing = remote.resolve(&one).unwrap_err();
        assert_eq!(missing.code.id, "NHI-MODULE-REGISTRY", "{name}");
        assert!(missing.help.contains("nhi module push"), "{name}: {missing:?}");

        // A module of some size goes through in parts.
        let wasm: Vec<u8> = (0..3_000_000_u32)
            .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        let first = artifact("1.0.0", &wasm);
        assert_eq!(remote.push(&first, &one).unwrap(), first.digest(), "{name}");
        remote.push(&first, &one).unwrap();
        let second = artifact("1.10.0", b"two");
        remote.push(&second, &two).unwrap();
        assert_eq!(remote.versions().unwrap(), [one.clone(), two.clone()], "{name}");
        assert_eq!(remote.resolve(&one).unwrap().0, first.digest(), "{name}");
        assert_eq!(remote.pull(&first.digest()).unwrap(), first, "{name}");

        // A published version is never exchanged.
        let exchanged = remote.push(&artifact("1.0.0", b"other"), &one).unwrap_err();
        assert!(
            exchanged.message.contains("is published already"),
            "{name}: {exchanged:?}"
        );
        assert_eq!(remote.resolve(&one).unwrap().0, first.digest(), "{name}");

        assert!(remote.bundles(&first.digest()).unwrap().is_empty(), "{name}");
        let keys = [key()?, key()?];
        for signer in [0, 1, 0] {
            let bundle = sign(&keys[signer], &first.manifest).unwrap();
            remote.attach(&first.manifest, &Attachment::bundle(bundle)).unwrap();
        }
        let sbom = Attachment {
            kind: Kind::Sbom,
            bytes: b"{\"bomFormat\":\"CycloneDX\"}".to_vec(),
        };
        remote.attach(&first.manifest, &sbom).unwrap();
        let bundles = remote.bundles(&first.digest()).unwrap();
        assert_eq!(bundles.len(), 2, "{name}");
        let all = remote.attachments(&first.digest()).unwrap();
        assert_eq!(all.len(), 3, "{name}");
        assert!(all.contains(&sbom), "{name}");
        let pem = |signer: usize| keys[signer].public().to_pem().replace('\n', "\\n");
        let text = format!(
            "signer \"ann\" {{\n  key = \"{}\"\n}}\nsigner \"ben\" {{\n  key = \"{}\"\n}}\ntrust \"oci://*\" {{\n  all_of = \
             [\"ann\", \"ben\"]\n}}\n",
            pem(0),
            pem(1)
        );
        let terms = read_modules("nhi.hcl", text.as_bytes()).unwrap();
        assert_eq!(
            hear(&terms, &source, &first.manifest, &bundles).unwrap().signers,
            ["ann", "ben"]
        );
        // Signatures of one version are not those of another.
        let none = remote.bundles(&second.digest()).unwrap();
        assert!(hear(&terms, &source, &second.manifest, &none).is_err(), "{name}");
    }
    Ok(())
}

#[test]
fn what_is_no_module_is_refused() -> Outcome {
    for registry in registries::all()? {
        let name = registry.name;
        let remote = Remote::of(&Source::parse(&registry.repository("policy/naming")).unwrap()).unwrap();
        assert_eq!(
            remote.pull(&Digest::of(b"nothing")).unwrap_err().code.id,
            "NHI-MODULE-REGISTRY",
            "{name}"
        );
        // The manifest of something else, under a version.
        let mut image = artifact("2.0.0", b"tar");
        let text = String::from_utf8(image.manifest).unwrap();
        image.manifest = text
            .replace("application/wasm", "application/vnd.oci.image.layer.v1.tar+gzip")
            .into_bytes();
        remote.push(&image, &Version::new(2, 0, 0)).unwrap();
        assert_eq!(
            remote.pull(&image.digest()).unwrap_err().code.id,
            "NHI-MODULE-ARTIFACT",
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn a_registry_that_is_none_is_told_without_what_it_was_told() {
    // Nothing listens there: the port was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let source = Source::parse(&format!("oci://127.0.0.1:{port}/policy/naming")).unwrap();
    let problem = Remote::of(&source).unwrap().versions().unwrap_err();
    assert_eq!(problem.code.id, "NHI-MODULE-REGISTRY");
    assert!(problem.message.ends_with("cannot be reached"), "{problem:?}");
    let file = Source::parse("./rules.wasm").unwrap();
    assert!(Remote::of(&file).is_err());
}
