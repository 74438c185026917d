//! Signatures of modules as a publisher makes them and a pipeline judges them, and the store between the two.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use nhi_governance::Digest;
    use nhi_modules::{
        Artifact, Attachment, Facts, KeyKind, Named, PublicKey, SigningKey, Store, hear, hear_keys, sign, verify,
    };
    use nhi_policy_file::{ModulesTerms, Source, Version, read_modules};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn pem(label: &str, der: &[u8]) -> String {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(der)
        )
    }

    /// Ed25519 from 32 bytes, in the form of RFC 8410.
    fn ed25519(seed: u8) -> SigningKey {
        let mut der = vec![48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
        der.extend([seed; 32]);
        read(&pem("PRIVATE KEY", &der))
    }

    fn p256() -> SigningKey {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        read(&pem("PRIVATE KEY", der.as_ref()))
    }

    fn read(text: &str) -> SigningKey {
        SigningKey::read(text.as_bytes(), || panic!("no passphrase is needed")).unwrap()
    }

    fn artifact(wasm: &[u8]) -> Artifact {
        let facts = Facts {
            name: "naming".to_owned(),
            version: "1.2.3".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        };
        Artifact::pack(&facts, wasm.to_vec())
    }

    #[test]
    fn a_signature_counts_for_its_key_and_its_manifest_only() {
        let manifest = artifact(b"one").manifest;
        let other = artifact(b"two").manifest;
        for (key, stranger) in [(ed25519(1), ed25519(2)), (p256(), p256()), (ed25519(1), p256())] {
            let bundle = sign(&key, &manifest).unwrap();
            verify(&bundle, key.public(), &manifest).unwrap();
            let wrong = verify(&bundle, key.public(), &other).unwrap_err();
            assert_eq!(wrong.code.id, "NHI-MODULE-SIGNATURE");
            verify(&bundle, stranger.public(), &manifest).unwrap_err();
            // What a reader of PEM has is the same key.
            let again = PublicKey::parse(&key.public().to_pem()).unwrap();
            assert_eq!(&again, key.public());
        }
    }

    #[test]
    fn a_bundle_that_was_changed_does_not_count() {
        let key = ed25519(1);
        let manifest = artifact(b"one").manifest;
        let good: Value = serde_json::from_slice(&sign(&key, &manifest).unwrap()).unwrap();
        let statement = STANDARD
            .decode(good["dsseEnvelope"]["payload"].as_str().unwrap())
            .unwrap();
        let statement: Value = serde_json::from_slice(&statement).unwrap();
        let other = Digest::of(&artifact(b"two").manifest).to_string();
        let payload = |value: &Value| json!(STANDARD.encode(value.to_string()));
        let mut subject = statement.clone();
        subject["subject"][0]["digest"]["sha256"] = json!(other);
        let signature = good["dsseEnvelope"]["signatures"][0].clone();
        let table: Vec<(&str, &str, Value)> = vec![
            ("another subject", "/dsseEnvelope/payload", payload(&subject)),
            ("another type", "/dsseEnvelope/payloadType", json!("application/json")),
            ("no signature", "/dsseEnvelope/signatures", json!([])),
            ("an empty signature", "/dsseEnvelope/signatures/0/sig", json!("")),
            (
                "half a signature",
                "/dsseEnvelope/signatures/0/sig",
                json!(STANDARD.encode([1; 32])),
            ),
            (
                "zeros",
                "/dsseEnvelope/signatures/0/sig",
                json!(STANDARD.encode([0; 64])),
            ),
            (
                "two signatures",
                "/dsseEnvelope/signatures",
                json!([signature, signature]),
            ),
            (
                "another form of bundle",
                "/mediaType",
                json!("application/vnd.dev.sigstore.bundle.v9+json"),
            ),
            (
                "a certificate",
                "/verificationMaterial",
                json!({ "certificate": { "rawBytes": "AAAA" } }),
            ),
        ];
        for (what, pointer, value) in table {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert_ne!(bad, good, "{what}");
            assert!(
                verify(bad.to_string().as_bytes(), key.public(), &manifest).is_err(),
                "{what}"
            );
        }
        // A hint decides nothing.
        let mut hinted = good;
        hinted["verificationMaterial"]["publicKey"]["hint"] = json!("somebody else");
        verify(hinted.to_string().as_bytes(), key.public(), &manifest).unwrap();
        for text in ["", "{}", "[]", "null", "{\"mediaType\":1}"] {
            verify(text.as_bytes(), key.public(), &manifest).unwrap_err();
        }
        verify(&vec![b' '; 300 << 10], key.public(), &manifest).unwrap_err();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_changed_statement_or_signature_counts(position in any::<prop::sample::Index>(), bit in 0_u8..8, in_payload: bool) {
            let key = ed25519(1);
            let manifest = artifact(b"one").manifest;
            let mut bundle: Value = serde_json::from_slice(&sign(&key, &manifest).unwrap()).unwrap();
            let pointer = if in_payload { "/dsseEnvelope/payload" } else { "/dsseEnvelope/signatures/0/sig" };
            let field = bundle.pointer_mut(pointer).unwrap();
            let mut bytes = STANDARD.decode(field.as_str().unwrap()).unwrap();
            let at = position.index(bytes.len());
            bytes[at] ^= 1 << bit;
            *field = json!(STANDARD.encode(&bytes));
            prop_assert!(verify(bundle.to_string().as_bytes(), key.public(), &manifest).is_err());
        }

        #[test]
        fn foreign_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[ -~\n]{0,200}") {
            let manifest = artifact(b"one").manifest;
            prop_assert!(verify(&bytes, ed25519(1).public(), &manifest).is_err());
            prop_assert!(PublicKey::parse(&text).is_err());
            prop_assert!(SigningKey::read(&bytes, || panic!("no passphrase is needed")).is_err());
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let small_order = pem(
            "PUBLIC KEY",
            &[&[48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0][..], &[0; 32]].concat(),
        );
        let mut off_curve = vec![
            48, 89, 48, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7, 3, 66, 0, 4,
        ];
        off_curve.extend([1; 64]);
        let off_curve = pem("PUBLIC KEY", &off_curve);
        let private = "-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----".to_owned();
        let good = ed25519(1).public().to_pem();
        let twice = format!("{good}{good}");
        for text in [
            "",
            "ssh-rsa AAAA",
            "ssh-ed25519 AAAA",
            &small_order,
            &off_curve,
            &private,
            &twice,
        ] {
            let problem = PublicKey::parse(text).unwrap_err();
            assert_eq!(problem.code.id, "NHI-MODULE-KEY");
            assert!(!problem.message.contains("SECRET"));
        }
    }

    #[test]
    fn keys_of_the_usual_tools_sign() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let (plain, locked, ed, ec) = (file("plain"), file("locked"), file("ed.pem"), file("ec.pem"));
        let runs: [(&str, &[&str]); 4] = [
            ("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &plain]),
            (
                "ssh-keygen",
                &["-q", "-t", "ed25519", "-N", "open sesame", "-f", &locked],
            ),
            ("openssl", &["genpkey", "-algorithm", "ed25519", "-out", &ed]),
            (
                "openssl",
                &[
                    "genpkey",
                    "-algorithm",
                    "EC",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-out",
                    &ec,
                ],
            ),
        ];
        let manifest = artifact(b"one").manifest;
        for ((program, args), path) in runs.into_iter().zip([&plain, &locked, &ed, &ec]) {
            match Command::new(program).args(args).status() {
                Ok(status) => assert!(status.success(), "{program} {args:?}"),
                Err(error) => {
                    println!("SKIPPED: {program} cannot be run: {error}");
                    continue;
                }
            }
            let key = SigningKey::read(&fs::read(path).unwrap(), || {
                Ok(Zeroizing::new("open sesame".to_owned()))
            })
            .unwrap();
            let bundle = sign(&key, &manifest).unwrap();
            let public = if program == "ssh-keygen" {
                fs::read_to_string(format!("{path}.pub")).unwrap()
            } else {
                let shown = Command::new("openssl")
                    .args(["pkey", "-in", path, "-pubout"])
                    .output()
                    .unwrap();
                String::from_utf8(shown.stdout).unwrap()
            };
            verify(&bundle, &PublicKey::parse(&public).unwrap(), &manifest).unwrap();
        }
    }

    /// The signers that count, or a part of the message.
    type Verdict<'v> = Result<&'v [&'v str], &'v str>;

    fn terms(trust: &str) -> ModulesTerms {
        let signer = |name: &str, seed: u8| {
            let key = ed25519(seed).public().to_pem().replace('\n', "\\n");
            format!("signer \"{name}\" {{\n  key = \"{key}\"\n}}\n")
        };
        let text = format!("{}{}{}{trust}", signer("ann", 1), signer("ben", 2), signer("cleo", 3));
        read_modules("nhi.hcl", text.as_bytes()).unwrap()
    }

    #[test]
    fn every_trust_block_that_matches_has_to_be_met() {
        let manifest = artifact(b"one").manifest;
        let by = |seeds: &[u8]| -> Vec<Vec<u8>> {
            seeds
                .iter()
                .map(|seed| sign(&ed25519(*seed), &manifest).unwrap())
                .collect()
        };
        let any = "trust \"oci://r.example/*\" {\n  any_of = [\"ann\", \"ben\"]\n}\n";
        let all = "trust \"oci://r.example/*\" {\n  all_of = [\"ann\", \"ben\"]\n}\n";
        let two = format!("{any}trust \"oci://r.example/policy/*\" {{\n  all_of = [\"cleo\"]\n}}\n");
        let table: [(&str, &str, &[u8], Verdict<'_>); 11] = [
            (any, "oci://r.example/policy/a", &[1], Ok(&["ann"])),
            (any, "oci://r.example/policy/a", &[2, 3], Ok(&["ben", "cleo"])),
            (any, "oci://r.example/policy/a", &[3], Err("one of `ann`, `ben`")),
            (any, "oci://r.example/policy/a", &[], Err("it has none that counts")),
            (any, "oci://r.example.evil/policy/a", &[1], Err("nobody is trusted")),
            (all, "oci://r.example/policy/a", &[1], Err("of `ben`")),
            (all, "oci://r.example/policy/a", &[1, 1, 1], Err("of `ben`")),
            (all, "oci://r.example/policy/a", &[2, 1], Ok(&["ann", "ben"])),
            (&two, "oci://r.example/policy/a", &[1], Err("of `cleo`")),
            (&two, "oci://r.example/policy/a", &[1, 3], Ok(&["ann", "cleo"])),
            ("", "./a.wasm", &[], Ok(&[])),
        ];
        for (trust, source, seeds, expected) in table {
            let heard = hear(&terms(trust), &Source::parse(source).unwrap(), &manifest, &by(seeds));
            match (heard, expected) {
                (Ok(heard), Ok(signers)) => assert_eq!(heard.signers, signers, "{trust} {source} {seeds:?}"),
                (Err(problem), Err(part)) => assert!(problem.message.contains(part), "{part}: {problem}"),
                (heard, _) => panic!("{trust} {source} {seeds:?}: {heard:?}"),
            }
        }
        // A signature under another manifest is nobody's.
        let other = sign(&ed25519(1), &artifact(b"two").manifest).unwrap();
        let source = Source::parse("oci://r.example/policy/a").unwrap();
        assert!(hear(&terms(any), &source, &manifest, &[other]).is_err());
        // One key under two names would count twice.
        let mut doubled = terms(all);
        let key = doubled.signers["ann"].clone();
        doubled.signers.insert("ben".to_owned(), key);
        assert!(
            hear(&doubled, &source, &manifest, &by(&[1]))
                .unwrap_err()
                .message
                .contains("same key")
        );
    }

    fn blob(store: &Store, digest: &Digest) -> std::path::PathBuf {
        store.folder().join("blobs/sha256").join(digest.to_string())
    }

    fn tampered(store: &Store, path: &Path, bytes: &[u8], code: &str) {
        let before = fs::read(path).unwrap();
        let manifest = artifact(b"one").digest();
        fs::write(path, bytes).unwrap();
        assert_eq!(store.artifact(&manifest).unwrap_err().code.id, code);
        fs::write(path, before).unwrap();
        assert!(store.artifact(&manifest).unwrap().is_some());
    }

    #[test]
    fn a_version_in_the_store_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let named = |source: &str, version: &str, bytes: &[u8]| Named {
            source: Source::parse(source).unwrap(),
            version: Version::parse(version).unwrap(),
            manifest: Digest::of(bytes),
        };
        let one = named("oci://r.example/a", "1.0.0", b"one");
        assert_eq!(store.named(&one.source, &one.version).unwrap(), None);
        store.name(&one, false).unwrap();
        store.name(&one, false).unwrap();
        // Neither another version nor another source is meant.
        store.name(&named("oci://r.example/a", "1.0.1", b"two"), false).unwrap();
        store.name(&named("oci://r.example/b", "1.0.0", b"two"), false).unwrap();
        assert_eq!(store.named(&one.source, &one.version).unwrap(), Some(one.manifest));
        let moved = named("oci://r.example/a", "1.0.0", b"two");
        let problem = store.name(&moved, false).unwrap_err();
        assert_eq!(problem.code.id, "NHI-MODULE-MOVED");
        assert!(
            problem
                .help
                .contains(&format!("oci://r.example/a:1.0.0@sha256:{}", moved.manifest)),
            "{}",
            problem.help
        );
        assert_eq!(store.named(&one.source, &one.version).unwrap(), Some(one.manifest));
        store.name(&moved, true).unwrap();
        assert_eq!(store.named(&one.source, &one.version).unwrap(), Some(moved.manifest));
        // What somebody wrote there by hand is not believed.
        let mut files = Vec::new();
        for source in fs::read_dir(folder.path().join("names")).unwrap() {
            files.extend(
                fs::read_dir(source.unwrap().path())
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
        }
        assert_eq!(files.len(), 3);
        let texts: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        for file in &files {
            // Each gets the text of another, or none.
            let other = texts.iter().find(|text| **text != fs::read(file).unwrap()).unwrap();
            fs::write(file, other).unwrap();
        }
        assert_eq!(
            store.named(&one.source, &one.version).unwrap_err().code.id,
            "NHI-MODULE-STORE"
        );
        for file in &files {
            fs::write(file, b"{}").unwrap();
        }
        assert_eq!(
            store.named(&one.source, &one.version).unwrap_err().code.id,
            "NHI-MODULE-STORE"
        );
    }

    #[test]
    fn every_key_that_is_named_has_to_have_signed() {
        let manifest = artifact(b"one").manifest;
        let (ann, ben) = (ed25519(1), p256());
        let keys = |keys: &[&SigningKey]| -> Vec<(String, PublicKey)> {
            let named = keys.iter().enumerate();
            named
                .map(|(n, key)| (format!("{n}.pub"), key.public().clone()))
                .collect()
        };
        let by_ann = vec![sign(&ann, &manifest).unwrap()];
        let by_both = vec![by_ann[0].clone(), sign(&ben, &manifest).unwrap()];
        let heard = |named: &[&SigningKey], bundles: &[Vec<u8>]| hear_keys(&keys(named), &manifest, bundles);
        assert_eq!(heard(&[&ann], &by_ann).unwrap().signers, ["0.pub"]);
        assert_eq!(heard(&[&ann, &ben], &by_both).unwrap().signers, ["0.pub", "1.pub"]);
        for (named, bundles) in [
            (vec![&ann, &ben], by_ann.clone()),
            (vec![&ben], by_ann.clone()),
            (vec![&ann], Vec::new()),
            (vec![&ann], vec![b"{}".to_vec()]),
        ] {
            assert_eq!(heard(&named, &bundles).unwrap_err().code.id, "NHI-MODULE-SIGNATURE");
        }
        let told = heard(&[&ann, &ben], &by_ann).unwrap_err().message;
        assert!(
            told.contains("needs the signature of the key in `1.pub`") && told.contains("`0.pub`"),
            "{told}"
        );
        let told = heard(&[&ben], &by_ann).unwrap_err().message;
        assert!(told.contains("not by this key"), "{told}");
        let other = artifact(b"two").manifest;
        assert!(hear_keys(&keys(&[&ann]), &other, &by_ann).is_err());
    }

    #[test]
    fn keys_that_are_made_here_are_read_by_the_usual_tools() {
        for kind in [KeyKind::Ed25519, KeyKind::P256] {
            let pem = SigningKey::generate(kind).unwrap();
            let key = read(&pem);
            assert_ne!(*SigningKey::generate(kind).unwrap(), *pem);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("key.pem");
            fs::write(&path, pem.as_bytes()).unwrap();
            let output = Command::new("openssl")
                .args(["pkey", "-pubout", "-in"])
                .arg(&path)
                .output();
            match output {
                Ok(output) => assert_eq!(String::from_utf8(output.stdout).unwrap(), key.public().to_pem()),
                Err(error) => println!("SKIPPED: openssl cannot be run: {error}"),
            }
        }
    }

    #[test]
    fn the_store_gives_out_what_was_put_in_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("deep/store"));
        let good = artifact(b"one");
        assert_eq!(store.artifact(&good.digest()).unwrap(), None);
        assert_eq!(store.put(&good).unwrap(), good.digest());
        store.put(&good).unwrap();
        assert_eq!(store.artifact(&good.digest()).unwrap(), Some(good.clone()));
        assert!(store.bundles(&good.digest()).unwrap().is_empty());
        let bundle = sign(&ed25519(1), &good.manifest).unwrap();
        store
            .attach(&good.digest(), &Attachment::bundle(bundle.clone()))
            .unwrap();
        store
            .attach(&good.digest(), &Attachment::bundle(bundle.clone()))
            .unwrap();
        assert_eq!(store.bundles(&good.digest()).unwrap(), [bundle]);

        let wasm = blob(&store, &Digest::of(&good.wasm));
        tampered(&store, &wasm, b"two", "NHI-MODULE-DIGEST");
        tampered(&store, &wasm, b"", "NHI-MODULE-DIGEST");
        tampered(&store, &wasm, &[b'x'; 1000], "NHI-MODULE-DIGEST");
        tampered(
            &store,
            &blob(&store, &Digest::of(&good.config)),
            b"{}",
            "NHI-MODULE-DIGEST",
        );
        tampered(&store, &blob(&store, &good.digest()), b"{}", "NHI-MODULE-DIGEST");
        fs::remove_file(&wasm).unwrap();
        assert_eq!(store.artifact(&good.digest()).unwrap_err().code.id, "NHI-MODULE-STORE");
        // A store that is a file cannot be used, and says so.
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(Store::at(&file).put(&good).unwrap_err().code.id, "NHI-MODULE-STORE");
    }
}
