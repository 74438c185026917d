//! Modules carried in one file.

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use nhi_governance::{Digest, Problem};
    use nhi_modules::{Artifact, Attachment, Facts, Store, Wanted, open, save};
    use proptest::prelude::*;
    use tar::{Builder, EntryType, Header};

    fn artifact(wasm: &[u8]) -> Artifact {
        let facts = Facts {
            name: "naming".to_owned(),
            version: "1.0.0".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        };
        Artifact::pack(&facts, wasm.to_vec())
    }

    /// Puts all that an archive holds into a store.
    fn load(store: &Store, archive: &[u8]) -> Result<Vec<Digest>, Problem> {
        open(archive)?
            .iter()
            .map(|archived| store.put_archived(archived))
            .collect()
    }

    fn wanted(manifests: &[Digest]) -> Vec<Wanted> {
        let wanted = |manifest: &Digest| Wanted {
            manifest: *manifest,
            source: None,
        };
        manifests.iter().map(wanted).collect()
    }

    fn attach(store: &Store, digest: &Digest) {
        store
            .attach(digest, &Attachment::bundle(b"{\"a\":1}".to_vec()))
            .unwrap();
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("store"));
        (folder, store)
    }

    fn saved() -> (Vec<u8>, Digest) {
        let (_folder, store) = store();
        let digest = store.put(&artifact(b"module")).unwrap();
        attach(&store, &digest);
        let mut archive = Vec::new();
        save(&store, &wanted(&[digest]), &mut archive).unwrap();
        (archive, digest)
    }

    #[test]
    fn what_is_saved_is_loaded_elsewhere() {
        let (_folder, here) = store();
        let (one, two) = (artifact(b"one"), artifact(b"two"));
        let digests = [here.put(&one).unwrap(), here.put(&two).unwrap()];
        attach(&here, &digests[0]);
        let (mut archive, mut again) = (Vec::new(), Vec::new());
        save(&here, &wanted(&digests), &mut archive).unwrap();
        save(&here, &wanted(&digests), &mut again).unwrap();
        assert_eq!(archive, again);

        let (_folder, there) = store();
        assert_eq!(load(&there, &archive[..]).unwrap(), digests);
        assert_eq!(there.artifact(&digests[0]).unwrap(), Some(one));
        assert_eq!(there.artifact(&digests[1]).unwrap(), Some(two));
        assert_eq!(there.bundles(&digests[0]).unwrap(), [b"{\"a\":1}"]);
        assert!(there.bundles(&digests[1]).unwrap().is_empty());
        let missing = save(&there, &wanted(&[Digest::of(b"x")]), &mut Vec::new()).unwrap_err();
        assert!(missing.help.contains("nhi module pull"));
    }

    /// An archive of entries: name, kind, what a link leads to, bytes.
    fn archive(entries: &[(&str, EntryType, &str, &[u8])]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, target, bytes) in entries {
            let mut header = Header::new_ustar();
            // Written into the header itself, for the writer refuses what a hostile one would not.
            let old = header.as_old_mut();
            old.name[..name.len()].copy_from_slice(name.as_bytes());
            old.linkname[..target.len()].copy_from_slice(target.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    const LAYOUT: (&str, EntryType, &str, &[u8]) = (
        "oci-layout",
        EntryType::Regular,
        "",
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    );

    /// An index that lists one blob, of this kind.
    fn listing(media: &str) -> String {
        let digest = Digest::of(b"x");
        format!(r#"{{"manifests":[{{"mediaType":"{media}","digest":"sha256:{digest}","size":1}}]}}"#)
    }

    /// Archives with entries that no image layout has.
    fn strange_entries() -> Vec<(&'static str, Vec<u8>)> {
        let regular = EntryType::Regular;
        let blob = format!("blobs/sha256/{}", Digest::of(b"x"));
        let index: &[u8] = br#"{"manifests":[]}"#;
        vec![
            ("nothing", Vec::new()),
            ("no tar", vec![b'x'; 2000]),
            ("no layout", archive(&[("index.json", regular, "", index)])),
            ("no index", archive(&[LAYOUT])),
            (
                "a path outside",
                archive(&[
                    LAYOUT,
                    ("../../evil", regular, "", b"x"),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "an absolute path",
                archive(&[
                    LAYOUT,
                    ("/etc/evil", regular, "", b"x"),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "a blob that climbs",
                archive(&[
                    LAYOUT,
                    ("blobs/sha256/../../evil", regular, "", b"x"),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "a symbolic link",
                archive(&[
                    LAYOUT,
                    (&blob, EntryType::Symlink, "/etc/passwd", b""),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "a hard link",
                archive(&[
                    LAYOUT,
                    (&blob, EntryType::Link, "/etc/passwd", b""),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "a device",
                archive(&[
                    LAYOUT,
                    (&blob, EntryType::Char, "", b""),
                    ("index.json", regular, "", index),
                ]),
            ),
            (
                "a name twice",
                archive(&[LAYOUT, LAYOUT, ("index.json", regular, "", index)]),
            ),
        ]
    }

    /// Archives that list what they do not hold, or what no store takes.
    fn strange_contents() -> Vec<(&'static str, Vec<u8>)> {
        let regular = EntryType::Regular;
        let blob = format!("blobs/sha256/{}", Digest::of(b"x"));
        let manifest = listing("application/vnd.oci.image.manifest.v1+json");
        let image = listing("application/vnd.oci.image.layer.v1.tar");
        let bundle = listing("application/vnd.dev.sigstore.bundle.v0.3+json");
        vec![
            (
                "a part that is not there",
                archive(&[LAYOUT, ("index.json", regular, "", manifest.as_bytes())]),
            ),
            (
                "another blob",
                archive(&[
                    LAYOUT,
                    (&blob, regular, "", b"y"),
                    ("index.json", regular, "", manifest.as_bytes()),
                ]),
            ),
            (
                "no manifest",
                archive(&[
                    LAYOUT,
                    (&blob, regular, "", b"x"),
                    ("index.json", regular, "", manifest.as_bytes()),
                ]),
            ),
            (
                "an image",
                archive(&[
                    LAYOUT,
                    (&blob, regular, "", b"x"),
                    ("index.json", regular, "", image.as_bytes()),
                ]),
            ),
            (
                "a signature of nothing",
                archive(&[
                    LAYOUT,
                    (&blob, regular, "", b"x"),
                    ("index.json", regular, "", bundle.as_bytes()),
                ]),
            ),
            (
                "an index that is none",
                archive(&[LAYOUT, ("index.json", regular, "", b"[]")]),
            ),
        ]
    }

    #[test]
    fn what_no_image_layout_has_is_refused_and_nothing_is_written() {
        for (what, bytes) in strange_entries().into_iter().chain(strange_contents()) {
            let (folder, store) = store();
            let problem = load(&store, &bytes[..]).expect_err(what);
            assert!(
                ["NHI-MODULE-ARCHIVE", "NHI-MODULE-DIGEST", "NHI-MODULE-ARTIFACT"].contains(&problem.code.id),
                "{what}"
            );
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{what}");
        }
    }

    #[test]
    fn a_size_that_is_announced_is_not_believed() {
        let mut header = Header::new_ustar();
        header.set_path(format!("blobs/sha256/{}", Digest::of(b"x"))).unwrap();
        header.set_entry_type(EntryType::Regular);
        header.set_size(1 << 40);
        header.set_cksum();
        let mut bytes = archive(&[LAYOUT]);
        bytes.truncate(1024);
        bytes.write_all(header.as_bytes()).unwrap();
        bytes.resize(4096, 0);
        let (_folder, store) = store();
        let problem = load(&store, &bytes[..]).unwrap_err();
        assert!(problem.message.contains("too large"), "{problem}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn a_changed_archive_brings_the_same_modules_or_none(position in any::<prop::sample::Index>(), byte: u8) {
            let (mut bytes, digest) = saved();
            let at = position.index(bytes.len());
            bytes[at] = byte;
            let (_folder, store) = store();
            if let Ok(loaded) = load(&store, &bytes[..]) {
                prop_assert!(loaded == [digest] || loaded.is_empty());
                for digest in loaded {
                    prop_assert_eq!(store.artifact(&digest).unwrap().map(|artifact| artifact.wasm), Some(b"module".to_vec()));
                }
            }
        }

        #[test]
        fn half_an_archive_is_none(end in any::<prop::sample::Index>()) {
            let (bytes, _) = saved();
            let end = end.index(bytes.len());
            let (_folder, store) = store();
            // The last kilobyte of an archive is padding.
            prop_assume!(end + 1536 < bytes.len());
            prop_assert!(load(&store, &bytes[..end]).is_err());
        }
    }
}
