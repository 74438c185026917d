//! Files: where they lie, and what is not read.

use nhi_approvals::{Request, disk};

use crate::house::{request, request_in, signed};

#[test]
fn a_request_lies_under_its_digest() {
    let directory = tempfile::tempdir().unwrap();
    let path = disk::write_request(directory.path(), request()).unwrap();
    assert_eq!(
        path,
        directory
            .path()
            .join(request().digest().to_string())
            .join("request.json")
    );
    assert_eq!(&disk::read_request(&path).unwrap(), request());
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    disk::write_request(directory.path(), request()).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().modified().unwrap(),
        written,
        "it is not written again"
    );
    // Another request in its place.
    let other = request_in("example", "production", "registry-1", 0);
    std::fs::write(&path, other.to_canonical_json()).unwrap();
    assert_eq!(disk::read_request(&path).unwrap_err().code.id, "NHI-APPROVAL-REQUEST");
    // Elsewhere any request may lie.
    let loose = directory.path().join("request.json");
    std::fs::write(&loose, other.to_canonical_json()).unwrap();
    assert_eq!(disk::read_request(&loose).unwrap(), other);
}

#[test]
fn a_request_is_read_in_one_way() {
    let text = request().to_canonical_json();
    assert_eq!(Request::parse(text.as_bytes()).unwrap().digest(), request().digest());
    for (from, to) in [
        ("\"previous_revision\":0", "\"previous_revision\":0.0"),
        ("\"previous_revision\":0", "\"previous_revision\":1"),
        ("\"previous_revision\":0", "\"previous_revision\": 0"),
        (
            "\"previous_revision\":0",
            "\"previous_revision\":0,\"previous_revision\":0",
        ),
        ("nhi.request.v1", "nhi.request.v2"),
        ("{\"environment\"", "{\"admin\":true,\"environment\""),
        ("\"tier\":\"low\"", "\"tier\":\"none\""),
        ("\"subject\":{", "\"subject\":{\"a\":1.5,"),
        ("\"subject\":{", "\"subject\":{\"kind\":\"bot\","),
    ] {
        if from.contains("tier") {
            assert!(text.contains("\"tier\":"), "{text}");
        }
        let from = if text.contains(from) {
            from
        } else {
            "\"tier\":\"moderate\""
        };
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(
            Request::parse(changed.as_bytes()).unwrap_err().code.id,
            "NHI-APPROVAL-REQUEST",
            "{to}"
        );
    }
}

#[test]
fn approvals_are_found_by_digest() {
    let directory = tempfile::tempdir().unwrap();
    let digest = request().digest();
    assert_eq!(disk::read_approvals(directory.path(), digest).unwrap(), []);
    for name in ["dave", "alice"] {
        disk::write_approval(directory.path(), &signed(name)).unwrap();
    }
    let place = disk::directory(directory.path(), digest);
    std::fs::write(place.join("README.md"), "notes").unwrap();
    let found = disk::read_approvals(directory.path(), digest).unwrap();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["alice.dsse.json", "dave.dsse.json"]);
    assert_eq!(found[0].1.as_ref().unwrap(), &signed("alice").to_text().into_bytes());
    let leftovers = std::fs::read_dir(&place).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().starts_with(".nhi-")
    });
    assert_eq!(leftovers.count(), 0);
}

#[cfg(unix)]
#[test]
fn links_and_huge_files_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    let digest = request().digest();
    let place = disk::directory(directory.path(), digest);
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::symlink(&secret, place.join("alice.dsse.json")).unwrap();
    std::fs::write(place.join("bob.dsse.json"), vec![b'x'; (64 << 10) + 1]).unwrap();
    std::fs::create_dir(place.join("carol.dsse.json")).unwrap();
    std::fs::write(place.join("dave.dsse.json"), vec![b'x'; 64 << 10]).unwrap();
    let found = disk::read_approvals(directory.path(), digest).unwrap();
    let codes: Vec<&str> = found
        .iter()
        .map(|(_, bytes)| bytes.as_ref().map_or_else(|problem| problem.code.id, |_| "read"))
        .collect();
    assert_eq!(
        codes,
        ["NHI-APPROVAL-FILE", "NHI-APPROVAL-FILE", "NHI-APPROVAL-FILE", "read"]
    );
    // Nothing is written through a link, nor over what is no file.
    assert!(disk::write_approval(directory.path(), &signed("alice")).is_err());
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "hunter2");
    std::fs::remove_dir_all(&place).unwrap();
    let elsewhere = directory.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
    assert!(disk::read_approvals(directory.path(), digest).is_err());
    assert!(disk::write_approval(directory.path(), &signed("dave")).is_err());
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}
