//! Against real registries: one that lists referrers and one that does not. Those that are not at hand are skipped, and
//! said to be.

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::thread;

    use nhi_governance::Digest;
    use nhi_modules::{Artifact, Attachment, Facts, Kind, Remote, SigningKey, hear, sign};
    use nhi_policy_file::{Source, Version, read_modules};

    /// A registry that ends with the test.
    struct Registry {
        name: &'static str,
        child: Child,
        port: u16,
        _folder: tempfile::TempDir,
    }

    impl Drop for Registry {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    impl Registry {
        /// Starts a program that says on standard error where it listens.
        fn start(
            name: &'static str,
            program: &PathBuf,
            args: &[&str],
            folder: tempfile::TempDir,
            before: &str,
        ) -> Option<Self> {
            let spawned = Command::new(program)
                .args(args)
                .current_dir(folder.path())
                .env("HOME", folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn();
            let mut child = match spawned {
                Ok(child) => child,
                Err(error) => {
                    println!("SKIPPED: {} cannot be run: {error}", program.display());
                    return None;
                }
            };
            let mut lines = BufReader::new(child.stderr.take().unwrap());
            let port = loop {
                let mut line = String::new();
                assert_ne!(
                    lines.read_line(&mut line).unwrap(),
                    0,
                    "{name} ended before it listened"
                );
                let digits = line
                    .split(before)
                    .nth(1)
                    .map(|rest| rest.chars().take_while(char::is_ascii_digit));
                if let Some(port) = digits.and_then(|digits| digits.collect::<String>().parse().ok()) {
                    break port;
                }
            };
            // A full pipe would hold it up.
            thread::spawn(move || {
                let mut rest = Vec::new();
                let _ = lines.read_to_end(&mut rest);
            });
            Some(Self {
                name,
                child,
                port,
                _folder: folder,
            })
        }

        fn source(&self, repository: &str) -> Source {
            Source::parse(&format!("oci://127.0.0.1:{}/{repository}", self.port)).unwrap()
        }
    }

    /// The registry of go-containerregistry, which lists referrers, and Docker's, version 2, which does not.
    fn registries() -> Vec<Registry> {
        let program =
            |variable: &str, name: &str| std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
        let crane = Registry::start(
            "go-containerregistry",
            &program("NHI_TEST_CRANE", "crane"),
            &["registry", "serve", "--address", "127.0.0.1:0"],
            tempfile::tempdir().unwrap(),
            "serving on port ",
        );
        let folder = tempfile::tempdir().unwrap();
        let config = "version: 0.1\nstorage: { inmemory: {} }\nhttp: { addr: '127.0.0.1:0' }\n";
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        let docker = Registry::start(
            "docker-registry",
            &program("NHI_TEST_DOCKER_REGISTRY", "docker-registry"),
            &["serve", "config.yml"],
            folder,
            "listening on 127.0.0.1:",
        );
        crane.into_iter().chain(docker).collect()
    }

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

    fn key(seed: u8) -> SigningKey {
        use base64::Engine as _;
        let der = [
            &[48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32][..],
            &[seed; 32],
        ]
        .concat();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        SigningKey::read(pem.as_bytes(), || panic!("no passphrase is needed")).unwrap()
    }

    #[test]
    fn what_is_pushed_is_pulled_with_its_signatures() {
        for registry in registries() {
            let name = registry.name;
            let source = registry.source("policy/naming");
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
            for seed in [1, 2, 1] {
                let bundle = sign(&key(seed), &first.manifest).unwrap();
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
            let pem = |seed: u8| key(seed).public().to_pem().replace('\n', "\\n");
            let text = format!(
                "signer \"ann\" {{\n  key = \"{}\"\n}}\nsigner \"ben\" {{\n  key = \"{}\"\n}}\ntrust \"oci://*\" {{\n  all_of = \
                 [\"ann\", \"ben\"]\n}}\n",
                pem(1),
                pem(2)
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
    }

    #[test]
    fn what_is_no_module_is_refused() {
        for registry in registries() {
            let name = registry.name;
            let remote = Remote::of(&registry.source("policy/naming")).unwrap();
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
}
