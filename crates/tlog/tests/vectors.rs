//! Published vectors, properties against a reference written from the definitions, and what must be refused.

use proptest::prelude::*;
use tlog::{
    Checkpoint, Frontier, Hash, Note, NoteKey, Tile, Tree, Untrusted, empty_root, files_between, leaf_hash,
    verify_consistency, verify_inclusion,
};

/// The definition of RFC 6962, section 2.1, as it stands there.
fn mth(leaves: &[Hash]) -> Hash {
    use sha2::{Digest as _, Sha256};
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            let node = [&[1][..], &mth(left), &mth(right)].concat();
            Sha256::digest(node).into()
        }
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Entries and roots of the test vectors of Certificate Transparency's reference implementations.
#[test]
fn the_roots_are_those_of_certificate_transparency() {
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let (mut tree, mut frontier) = (Tree::default(), Frontier::default());
    for (entry, root) in entries.into_iter().zip(roots) {
        tree.push(entry);
        frontier.push(entry);
        assert_eq!(
            (hex(&tree.root()), hex(&frontier.root())),
            (root.to_owned(), root.to_owned())
        );
    }
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex(&Tree::default().root()), empty);
}

fn first(leaves: &[Hash], count: u64) -> &[Hash] {
    leaves
        .get(..usize::try_from(count).unwrap_or(usize::MAX))
        .unwrap_or(leaves)
}

fn tree_of(size: u64) -> (Tree, Vec<Hash>) {
    let leaves: Vec<Hash> = (0..size).map(|number| leaf_hash(&number.to_be_bytes())).collect();
    let mut tree = Tree::default();
    for leaf in &leaves {
        tree.push_leaf(*leaf);
    }
    (tree, leaves)
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other_does() {
    let (tree, leaves) = tree_of(70);
    for new in 0..=70_u64 {
        let root = mth(first(&leaves, new));
        assert_eq!(tree.root_at(new), Some(root));
        for old in 0..=new {
            let old_root = mth(first(&leaves, old));
            let proof = tree.prove_consistency(old, new).unwrap();
            assert!(verify_consistency(old, &old_root, new, &root, &proof), "{old} {new}");
            if old > 0 && old < new {
                assert!(!verify_consistency(old, &leaf_hash(b"x"), new, &root, &proof));
                assert!(!verify_consistency(old, &old_root, new, &leaf_hash(b"x"), &proof));
                assert!(!verify_consistency(
                    old,
                    &old_root,
                    new,
                    &root,
                    &[&proof[..], &[root]].concat()
                ));
                assert!(!verify_consistency(old, &old_root, new, &root, &proof[1..]));
                if old + 1 < new {
                    assert!(!verify_consistency(old + 1, &old_root, new, &root, &proof));
                }
            }
            if old < new {
                let leaf = tree.leaf(old).unwrap();
                let proof = tree.prove_inclusion(old, new).unwrap();
                assert!(verify_inclusion(&leaf, old, new, &proof, &root), "{old} of {new}");
                assert!(!verify_inclusion(&leaf_hash(b"x"), old, new, &proof, &root));
                assert!(!verify_inclusion(&leaf, new, new, &proof, &root));
                assert!(!verify_inclusion(
                    &leaf,
                    old,
                    new,
                    &[&proof[..], &[root]].concat(),
                    &root
                ));
                if old + 1 < new {
                    assert!(!verify_inclusion(&leaf, old + 1, new, &proof, &root));
                }
            }
        }
    }
    assert_eq!(tree.root_at(71), None);
    assert_eq!(tree.prove_inclusion(3, 71), None);
    assert_eq!(tree.prove_consistency(3, 2), None);
}

proptest! {
    #[test]
    fn a_frontier_that_was_stored_goes_on_as_if_it_had_not_been(size in 0_u64..2000, more in 0_u64..50) {
        let (tree, leaves) = tree_of(size + more);
        let mut frontier = Frontier::default();
        (0..size).for_each(|number| frontier.push(&number.to_be_bytes()));
        let mut taken_up = Frontier::from_parts(size, frontier.roots().to_vec()).unwrap();
        (size..size + more).for_each(|number| taken_up.push(&number.to_be_bytes()));
        prop_assert_eq!(taken_up.root(), tree.root());
        prop_assert_eq!(taken_up.root(), mth(&leaves));
        prop_assert!(Frontier::from_parts(size + 1, frontier.roots().to_vec()).is_none_or(|_| (size + 1).count_ones() == size.count_ones()));
    }

    #[test]
    fn a_note_of_foreign_text_never_panics_and_what_is_read_is_written_the_same(text in "(?s).{0,200}") {
        if let Ok(note) = Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text.clone());
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert!(text.starts_with(&checkpoint.to_string()));
        }
        let _ = NoteKey::parse(&text);
    }
}

/// The example of the specification: 70,000 entries.
#[test]
fn a_log_of_70_000_entries_has_the_tiles_of_the_specification() {
    let (tree, _) = tree_of(70_000);
    let files = files_between(&tree, 0, 70_000);
    let of = |level| {
        files
            .iter()
            .filter(|(tile, _)| tile.level == Some(level))
            .collect::<Vec<_>>()
    };
    let widths = |level| of(level).iter().map(|(tile, _)| tile.width).collect::<Vec<_>>();
    assert_eq!(widths(0).iter().filter(|width| **width == 256).count(), 273);
    assert_eq!(widths(0).last(), Some(&112));
    assert_eq!(widths(1), [256, 17]);
    assert_eq!(widths(2), [1]);
    assert!(
        files
            .iter()
            .all(|(tile, bytes)| bytes.len() == usize::from(tile.width) * 32)
    );
    assert_eq!(of(2)[0].0.path(), "tile/2/000.p/1");

    // Whoever followed the log at 69,900 needs only what came since.
    let since: Vec<String> = files_between(&tree, 69_900, 70_000)
        .iter()
        .map(|(tile, _)| tile.path())
        .collect();
    assert_eq!(since, ["tile/0/273.p/112"]);
    let tile = |level, index, width| Tile { level, index, width }.path();
    assert_eq!(tile(Some(0), 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(None, 1_234_067, 8), "tile/entries/x001/x234/067.p/8");
}

fn verify(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, public);
    key.verify(message, signature).is_ok()
}

/// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`.
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_published_note_is_verified_and_a_changed_one_is_not() {
    let key = NoteKey::parse(NEUMANN).unwrap();
    assert_eq!(key.to_string(), NEUMANN);
    let note = Note::parse(NOTE).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert!(note.verified_by(&key, verify).unwrap().starts_with("If you think"));

    let changed = Note::parse(&NOTE.replace("answer", "riddle")).unwrap();
    assert_eq!(
        changed.verified_by(&key, verify),
        Err(Untrusted::Wrong("PeterNeumann".into()))
    );
    let stranger = NoteKey::new("PeterNeumann", [7; 32]).unwrap();
    assert_eq!(
        note.verified_by(&stranger, verify),
        Err(Untrusted::Unsigned("PeterNeumann".into()))
    );
    // A good signature does not make up for a wrong one of the same key.
    let line = NOTE.rsplit_once("\n\n").unwrap().1;
    let forged = format!("{NOTE}{}", line.replace("x08go/ZJ", "x08go/ZK"));
    assert_eq!(
        Note::parse(&forged).unwrap().verified_by(&key, verify),
        Err(Untrusted::Wrong("PeterNeumann".into()))
    );
}

#[test]
fn what_is_no_note_key_or_checkpoint_is_refused() {
    for text in [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a AAAA\n",
        "text\n\n— a+b AAAAAAA=\n",
        "a\tb\n\n— a AAAAAAA=\n",
        "text\n\n- a AAAAAAA=\n",
    ] {
        assert!(Note::parse(text).is_err(), "{text:?}");
    }
    for text in [
        "",
        "a",
        "a+b",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(NoteKey::parse(text).is_err(), "{text:?}");
    }
    let good = "example.com/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint = Checkpoint::parse(good).unwrap();
    assert_eq!((checkpoint.size, checkpoint.to_string().as_str()), (20_852_163, good));
    assert_eq!(Checkpoint::parse(&format!("{good}extension\n")).unwrap(), checkpoint);
    for (what, bad) in [
        ("no end of line", good.trim_end().to_owned()),
        ("leading zero", good.replace("2085", "02085")),
        ("sign", good.replace("2085", "+2085")),
        ("short root", good.replace("CsUY", "")),
        ("no origin", good.replace("example.com/log", "")),
        ("empty extension", format!("{good}\n")),
    ] {
        assert!(Checkpoint::parse(&bad).is_err(), "{what}");
    }
}
