//! Against the real `ssh-keygen` and `ssh-agent`: what they sign counts here, and they agree with what is signed here.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nhi_approvals::agent::Agent;
use nhi_approvals::{FileKey, PublicKey, Signer, read_armoured};
use zeroize::Zeroizing;

use crate::house::approval;

/// The tools of OpenSSH, or nothing where there are none; a run that must not skip says so in `CI`.
fn openssh() -> Option<()> {
    let is_there = |tool: &str| Command::new(tool).arg("-?").stdin(Stdio::null()).output().is_ok();
    if ["ssh-keygen", "ssh-agent", "ssh-add"].into_iter().all(is_there) {
        return Some(());
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "OpenSSH is missing, and CI must not skip what it shows"
    );
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: OpenSSH is missing, so nothing was compared with it"
    );
    None
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A key of `ssh-keygen`, under a passphrase or not.
fn generated(directory: &Path, name: &str, kind: &str, passphrase: &str, more: &[&str]) -> PathBuf {
    let path = directory.join(name);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", kind, "-C", name, "-N", passphrase, "-f"])
        .arg(&path)
        .args(more);
    run(&mut command);
    path
}

fn public(path: &Path) -> PublicKey {
    PublicKey::parse(&std::fs::read_to_string(path.with_extension("pub")).unwrap()).unwrap()
}

/// Whether `ssh-keygen -Y verify` takes a signature of ours.
fn ssh_keygen_agrees(directory: &Path, key: &PublicKey, message: &[u8], signature: &[u8], namespace: &str) -> bool {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(signature);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let armoured = format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    );
    let [signers, file] = ["allowed_signers", "message.sig"].map(|name| directory.join(name));
    std::fs::write(&signers, format!("alice {}\n", key.to_openssh())).unwrap();
    std::fs::write(&file, armoured).unwrap();
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-Y", "verify", "-I", "alice", "-n", namespace, "-f"])
        .arg(signers)
        .arg("-s")
        .arg(file);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn what_is_signed_here_verifies_there() {
    let Some(()) = openssh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = generated(directory.path(), "plain", "ed25519", "", &[]);
    let mut key = FileKey::read(&std::fs::read(&path).unwrap(), || panic!("it is not encrypted")).unwrap();
    assert_eq!(key.public_key(), &public(&path));
    let listed = run(Command::new("ssh-keygen").args(["-l", "-f"]).arg(&path)).stdout;
    assert!(
        String::from_utf8(listed)
            .unwrap()
            .contains(&key.public_key().fingerprint())
    );
    let message = approval("alice").to_be_signed();
    let signature = key.sign(&message).unwrap();
    let agrees = |message: &[u8], namespace| {
        ssh_keygen_agrees(directory.path(), key.public_key(), message, &signature, namespace)
    };
    assert!(agrees(&message, "nhi-approval"));
    assert!(!agrees(&message, "file"));
    assert!(!agrees(&message[1..], "nhi-approval"));
}

#[test]
fn what_is_signed_there_verifies_here() {
    let Some(()) = openssh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = generated(directory.path(), "plain", "ed25519", "", &[]);
    let message = directory.path().join("message");
    std::fs::write(&message, approval("alice").to_be_signed()).unwrap();
    let sign = |arguments: &[&str]| {
        let _ = std::fs::remove_file(directory.path().join("message.sig"));
        run(Command::new("ssh-keygen")
            .args(["-Y", "sign", "-f"])
            .arg(&path)
            .args(arguments)
            .arg(&message));
        std::fs::read(directory.path().join("message.sig")).unwrap()
    };
    let (key, bytes) = read_armoured(&sign(&["-n", "nhi-approval"])).unwrap();
    assert_eq!(key, public(&path));
    assert_eq!(key.verify(&approval("alice").to_be_signed(), &bytes), Ok(()));
    assert!(key.verify(&approval("bob").to_be_signed(), &bytes).is_err());
    assert!(
        read_armoured(&sign(&["-n", "git"]))
            .unwrap_err()
            .message
            .contains("namespace")
    );
    let weaker = sign(&["-n", "nhi-approval", "-O", "hashalg=sha256"]);
    assert!(read_armoured(&weaker).unwrap_err().message.contains("sha512"));
}

#[test]
fn weaker_keys_are_refused_by_name() {
    let Some(()) = openssh() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (kind, more) in [("rsa", &["-b", "2048"][..]), ("ecdsa", &[])] {
        let path = generated(directory.path(), kind, kind, "", more);
        let text = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        assert!(
            PublicKey::parse(&text)
                .unwrap_err()
                .message
                .contains("not an Ed25519 key"),
            "{kind}"
        );
        let read = FileKey::read(&std::fs::read(&path).unwrap(), || panic!("it is not encrypted"));
        assert!(read.unwrap_err().message.contains("not an Ed25519 key"), "{kind}");
        let message = directory.path().join(format!("{kind}.message"));
        std::fs::write(&message, approval("alice").to_be_signed()).unwrap();
        run(Command::new("ssh-keygen")
            .args(["-Y", "sign", "-n", "nhi-approval", "-f"])
            .arg(&path)
            .arg(&message));
        let signature = std::fs::read(directory.path().join(format!("{kind}.message.sig"))).unwrap();
        assert!(read_armoured(&signature).is_err(), "{kind}");
    }
}

#[test]
fn encrypted_keys() {
    let Some(()) = openssh() else { return };
    let directory = tempfile::tempdir().unwrap();
    // The cipher that ssh-keygen chooses, and others that keys in use have.
    for (name, more) in [
        ("default", &["-a", "4"][..]),
        ("gcm", &["-a", "4", "-Z", "aes256-gcm@openssh.com"]),
        ("chacha", &["-a", "4", "-Z", "chacha20-poly1305@openssh.com"]),
        ("cbc", &["-a", "4", "-Z", "aes256-cbc"]),
    ] {
        let path = generated(directory.path(), name, "ed25519", "correct horse", more);
        let pem = std::fs::read(&path).unwrap();
        let read = |passphrase: &str| FileKey::read(&pem, || Ok(Zeroizing::new(passphrase.to_owned())));
        let mut key = read("correct horse").unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let message = approval("alice").to_be_signed();
        let signature = key.sign(&message).unwrap();
        assert!(
            ssh_keygen_agrees(directory.path(), key.public_key(), &message, &signature, "nhi-approval"),
            "{name}"
        );
        let problem = read("battery staple").unwrap_err();
        assert!(
            problem.message.contains("this passphrase") && !problem.message.contains("battery"),
            "{problem:?}"
        );
    }
    assert!(FileKey::read(b"hunter2", || panic!("it is no key")).is_err());
}

/// An agent that ends with the test.
struct RunningAgent(Child, PathBuf);

impl RunningAgent {
    fn start(directory: &Path) -> Self {
        let socket = directory.join("agent.sock");
        let mut command = Command::new("ssh-agent");
        let child = command
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self(child, socket);
        let is_up = |_: &i32| {
            std::os::unix::net::UnixStream::connect(&agent.1).is_ok() || {
                std::thread::yield_now();
                false
            }
        };
        assert!((0..5_000_000).find(is_up).is_some(), "the agent does not start");
        agent
    }

    fn add(&self, key: &Path) {
        run(Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.1));
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_agent_signs() {
    let Some(()) = openssh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let agent = RunningAgent::start(directory.path());
    assert_eq!(Agent::connect(&agent.1).unwrap().keys().unwrap(), []);
    let rsa = generated(directory.path(), "rsa", "rsa", "", &["-b", "2048"]);
    let path = generated(directory.path(), "ed25519", "ed25519", "", &[]);
    agent.add(&rsa);
    agent.add(&path);
    let mut connected = Agent::connect(&agent.1).unwrap();
    assert_eq!(connected.keys().unwrap(), [public(&path)], "the RSA key is passed over");
    let message = approval("alice").to_be_signed();
    let signature = connected.signer(public(&path)).sign(&message).unwrap();
    assert!(ssh_keygen_agrees(
        directory.path(),
        &public(&path),
        &message,
        &signature,
        "nhi-approval"
    ));
    // A key that it does not hold, and an agent that is gone.
    let other = generated(directory.path(), "other", "ed25519", "", &[]);
    let refused = Agent::connect(&agent.1).unwrap().signer(public(&other)).sign(&message);
    assert_eq!(refused.unwrap_err().code.id, "NHI-APPROVAL-AGENT");
    drop(agent);
    assert_eq!(
        Agent::connect(&directory.path().join("agent.sock"))
            .unwrap_err()
            .code
            .id,
        "NHI-APPROVAL-AGENT"
    );
}

/// There is no security key in a test; its signature is put together as the hardware does, and `ssh-keygen` is the judge
/// of whether it is one.
#[test]
fn security_keys() {
    use ed25519_dalek::Signer as _;
    use ssh_key::encoding::Encode as _;
    use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
    use ssh_key::{Algorithm, HashAlg, Signature, SshSig};
    let signing = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let data = KeyData::SkEd25519(SkEd25519::new(
        Ed25519PublicKey(signing.verifying_key().to_bytes()),
        "ssh:",
    ));
    let key = PublicKey::parse(&ssh_key::PublicKey::from(data.clone()).to_openssh().unwrap()).unwrap();
    let message = approval("alice").to_be_signed();
    let signed = |flags: u8, application: &str, namespace: &str| {
        let trailer = [flags, 0, 0, 0, 9];
        let inner = SshSig::signed_data(namespace, HashAlg::Sha512, &message).unwrap();
        let hash = |bytes: &[u8]| *nhi_governance::Digest::of(bytes).as_bytes();
        let challenge = [&hash(application.as_bytes())[..], &trailer, &hash(&inner)].concat();
        let bytes = [&signing.sign(&challenge).to_bytes()[..], &trailer].concat();
        let signature = Signature::new(Algorithm::SkEd25519, bytes).unwrap();
        SshSig::new(data.clone(), namespace, HashAlg::Sha512, signature)
            .unwrap()
            .encode_vec()
            .unwrap()
    };
    let touched = signed(1, "ssh:", "nhi-approval");
    assert_eq!(key.verify(&message, &touched), Ok(()));
    assert_eq!(key.verify(&message, &signed(5, "ssh:", "nhi-approval")), Ok(()));
    assert_eq!(
        key.verify(&message, &signed(0, "ssh:", "nhi-approval")),
        Err("nobody touched the security key")
    );
    for bad in [
        signed(1, "ssh:other", "nhi-approval"),
        signed(1, "ssh:", "git"),
        signing.sign(&message).to_bytes().to_vec(),
    ] {
        assert!(key.verify(&message, &bad).is_err());
    }
    if openssh().is_some() {
        let directory = tempfile::tempdir().unwrap();
        assert!(ssh_keygen_agrees(
            directory.path(),
            &key,
            &message,
            &touched,
            "nhi-approval"
        ));
    }
}
