//! The same with the tools of OpenSSH: keys that it made, an agent that it runs.

use super::*;

/// Whether OpenSSH is there; a run that must not skip says so in `CI`.
fn has_openssh() -> bool {
    let is_there = ["ssh-keygen", "ssh-agent", "ssh-add"]
        .into_iter()
        .all(|tool| Command::new(tool).arg("-?").stdin(Stdio::null()).output().is_ok());
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "OpenSSH is missing, and CI must not skip what it shows"
    );
    is_there
}

fn ssh(tool: &str, folder: &Path, arguments: &[&str]) {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{tool} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn ssh_keygen_signs() {
    if !has_openssh() {
        return;
    }
    let house = house();
    let written = run(
        house.path(),
        &["approve", "--person", "alice", "--write-statement", "s"],
    )
    .exits(0);
    says(
        &written,
        &[
            "ssh-keygen -Y sign -n nhi-approval -f KEY s",
            "nhi approve --statement s",
        ],
    );
    ssh(
        "ssh-keygen",
        house.path(),
        &["-q", "-Y", "sign", "-n", "nhi-approval", "-f", "alice", "s"],
    );
    says(
        &run(house.path(), &["approve", "--statement", "s"]).exits(0),
        &["approved by alice", "counts   alice"],
    );
    // Signed by somebody else: the approval that is there stays.
    std::fs::remove_file(house.path().join("s.sig")).unwrap();
    ssh(
        "ssh-keygen",
        house.path(),
        &["-q", "-Y", "sign", "-n", "nhi-approval", "-f", "bob", "s"],
    );
    says(
        &run(house.path(), &["approve", "--statement", "s"]).exits(2),
        &["is not one of `alice`"],
    );
    says(&house.verify(&[]).exits(1), &["counts   alice"]);
    std::fs::write(house.path().join("s"), "something else").unwrap();
    says(
        &run(house.path(), &["approve", "--statement", "s"]).exits(3),
        &["not one of an approval"],
    );
}

#[test]
fn passphrases() {
    if !has_openssh() {
        return;
    }
    let house = house();
    ssh(
        "ssh-keygen",
        house.path(),
        &["-q", "-p", "-a", "4", "-N", "correct horse", "-P", "", "-f", "alice"],
    );
    std::fs::write(house.path().join("right"), "correct horse\n").unwrap();
    std::fs::write(house.path().join("wrong"), "battery staple\n").unwrap();
    let with = |file: &str| {
        run(
            house.path(),
            &["approve", "--key", "alice", "--yes", "--passphrase-file", file],
        )
    };
    let refused = with("wrong").exits(3);
    says(&refused, &["NHI-APPROVAL-KEY", "passphrase"]);
    assert!(
        !format!("{}{}", refused.stdout, refused.stderr).contains("battery"),
        "{refused:?}"
    );
    with("right").exits(0);
    let script = house.path().join("askpass");
    std::fs::write(&script, "#!/bin/sh\necho 'correct horse'\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::remove_file(house.approval_of("alice")).unwrap();
    let asked = nhi(house.path(), &["approve", "--key", "alice", "--yes"]).env("SSH_ASKPASS", &script);
    asked.env("SSH_ASKPASS_REQUIRE", "force").run().exits(0);
    assert!(house.approval_of("alice").exists());
}

#[test]
fn an_agent_signs() {
    if !has_openssh() {
        return;
    }
    let house = house();
    let socket = house.path().join("agent.sock");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_up = |_: &u32| {
        std::thread::yield_now();
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    };
    assert!((0..5_000_000).find(is_up).is_some(), "the agent does not start");
    let add = |name: &str| {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(house.path().join(name))
            .env("SSH_AUTH_SOCK", &socket)
            .output();
        assert!(added.unwrap().status.success());
    };
    let approve = |more: &[&str]| {
        let mut arguments = vec!["approve", "--yes"];
        arguments.extend(more);
        nhi(house.path(), &arguments).env("SSH_AUTH_SOCK", &socket).run()
    };
    add("mallory");
    says(&approve(&[]).exits(2), &["none of the 1 Ed25519 keys of the agent"]);
    add("alice");
    says(&approve(&[]).exits(0), &["approved by alice"]);
    add("bob");
    says(&approve(&[]).exits(2), &["alice and bob", "--person"]);
    says(&approve(&["--person", "bob"]).exits(0), &["approved by bob"]);
    house.verify(&[]).exits(0);
    let _ = agent.kill();
    let _ = agent.wait();
    approve(&["--person", "bob"]).exits(3);
}
