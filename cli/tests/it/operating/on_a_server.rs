//! A registry on a server says the same as the file that it was moved from, whatever is asked.

use super::reporting::house;
use crate::server::shared;

#[test]
fn a_server_says_what_the_file_said() {
    let Some(server) = shared() else { return };
    let house = house();
    let (file, url) = ("nhi-registry.db", server.url(&server.database()));
    house
        .run(&["registry", "migrate", "--from", file, "--to", &url])
        .exits(0);
    let said = |place: &str, arguments: &[&str]| {
        let ran = house.run(&[arguments, &["--registry", place]].concat()).exits(0);
        ran.stdout.replace(place, "the registry")
    };
    for arguments in [
        &["report"][..],
        &["report", "--format", "json"],
        &["report", "--format", "markdown"],
        &["identities"],
        &["identities", "--format", "json"],
        &["audit", "verify"],
        &["audit", "list", "--format", "json"],
        &["audit", "export", "--format", "ocsf"],
    ] {
        let of_file = said(file, arguments);
        assert!(of_file.len() > 30, "{arguments:?}: {of_file}");
        assert_eq!(said(&url, arguments), of_file, "{arguments:?}");
    }
    // And it is changed in the same way.
    for place in [file, &url] {
        house
            .run(&["revoke", "odd", "--reason", "INC-7: it was theirs", "--registry", place])
            .exits(0);
        assert!(said(place, &["audit", "verify"]).starts_with("intact"), "{place}");
    }
    assert_eq!(said(&url, &["sweep"]), said(file, &["sweep"]));
    let live = |place: &str| {
        let report: serde_json::Value = serde_json::from_str(&said(place, &["report", "--format", "json"])).unwrap();
        report["population"]["live"].clone()
    };
    assert_eq!(live(file), live(&url));
}
