//! What goes wrong between a publisher and a pipeline, by accident or on purpose: nothing of it reaches a store.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context as _, ensure};
use support::registries::{self, Registry};
use support::{Nhi, Outcome};

use crate::publish::{Place, is_empty};

#[test]
fn what_no_run_would_take_is_not_published() -> Outcome {
    for registry in registries::all()? {
        let place = Place::new()?;
        let repository = registry.repository("policy/team");
        let push = ["push", "team.wasm", &repository];
        // A component that imports an instance, and nothing else.
        let importing = b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\x00\x0a\x0a\x01\x00\x05a:b/c\x05\x00";
        let not_one: [(&[u8], &str); 3] = [
            (importing, "NHI-MODULE-IMPORT"),
            (b"\0asm\x01\0\0\0", "NHI-MODULE-"),
            (b"\0asm\x0d\0\x01\0", "NHI-MODULE-"),
        ];
        for (bytes, code) in not_one {
            std::fs::write(place.path("team.wasm"), bytes)?;
            place
                .nhi(&push)?
                .run()?
                .exits(3)?
                .says(&[code])
                .context(registry.name)?;
        }
        std::fs::write(place.path("team.wasm"), "a text")?;
        place.nhi(&push)?.run()?.exits(3)?;
        place.component("x.1.0", "")?;
        let told = place.nhi(&push)?.run()?.exits(3)?;
        told.says(&["its version is `x.1.0`, which cannot be published", "1.2.3"])?;
        place.component("0.1.0", "")?;
        let other = format!("{repository}:0.2.0");
        place
            .nhi(&["push", "team.wasm", &other])?
            .run()?
            .exits(2)?
            .says(&["version 0.1.0, not 0.2.0"])?;
        std::fs::write(
            place.path("sbom.json"),
            r#"{"bomFormat":"CycloneDX","specVersion":"1.4"}"#,
        )?;
        place
            .nhi(&push)?
            .args(["--sbom", "sbom.json"])
            .run()?
            .exits(3)?
            .says(&["NHI-MODULE-SBOM"])?;
        place
            .nhi(&["pull", &repository, "--key", "missing.pub"])?
            .run()?
            .exits(2)?;

        // The near miss of all these; then another module under the same version.
        place.nhi(&push)?.run()?.succeeds()?;
        place.component("0.1.0", "another")?;
        let told = place.nhi(&push)?.run()?.exits(3)?;
        told.says(&["version 0.1.0 is published already", "Give the module a new version"])?;
        place.component("0.2.0", "another")?;
        place.nhi(&push)?.run()?.succeeds()?;
    }
    Ok(())
}

#[test]
fn what_is_not_signed_by_the_right_key_does_not_enter_a_store() -> Outcome {
    for registry in registries::all()? {
        let (ann, eve, pipeline) = (Place::new()?, Place::new()?, Place::new()?);
        for place in [&ann, &eve] {
            place.key()?;
        }
        pipeline.trusts(&ann)?;
        let refused = |repository: &str, words: &[&str]| -> Outcome {
            let reference = format!("{repository}:0.1.0");
            pipeline
                .nhi(&["pull", &reference])?
                .run()?
                .exits(3)?
                .says(words)
                .context(registry.name)?;
            ensure!(
                is_empty(&pipeline.path("store")),
                "{repository}: something is in the store"
            );
            Ok(())
        };
        // Nobody's, and a stranger's.
        let repository = registry.repository("policy/unsigned");
        ann.component("0.1.0", "")?;
        ann.nhi(&["push", "team.wasm", &repository])?.run()?.succeeds()?;
        refused(&repository, &["needs the signature of `ann`", "nhi module sign"])?;
        let repository = registry.repository("policy/strange");
        eve.component("0.1.0", "")?;
        eve.publish(&repository)?;
        refused(&repository, &["needs the signature of `ann`", "none that counts"])?;

        // A good signature, put beside another module of the same name and version.
        let repository = registry.repository("policy/borrowed");
        ann.publish(&registry.repository("policy/team"))?;
        eve.component("0.1.0", "with a hole")?;
        eve.nhi(&["sign", "team.wasm", "--key", "ann.pem"])?.run()?.succeeds()?;
        for signed in std::fs::read_dir(eve.path("store/signatures"))? {
            for good in std::fs::read_dir(ann.path("store/signatures"))? {
                for file in std::fs::read_dir(good?.path())? {
                    let file = file?;
                    std::fs::copy(
                        file.path(),
                        signed
                            .as_ref()
                            .map_err(|e| anyhow::anyhow!("{e}"))?
                            .path()
                            .join(file.file_name()),
                    )?;
                }
            }
        }
        eve.nhi(&["push", "team.wasm", &repository])?.run()?.succeeds()?;
        refused(&repository, &["needs the signature of `ann`"])?;
        // The near miss: the module that the signature is of.
        let good = format!("{}:0.1.0", registry.repository("policy/team"));
        pipeline.nhi(&["pull", &good])?.run()?.succeeds()?;
        let stranger = eve.path("ann.pem.pub").display().to_string();
        pipeline
            .nhi(&["verify", &good, "--key", &stranger])?
            .run()?
            .exits(1)?
            .says(&["not trusted"])?;
    }
    Ok(())
}

#[test]
fn a_tag_that_was_moved_is_noticed() -> Outcome {
    for registry in registries::all()? {
        let (ann, pipeline) = (Place::new()?, Place::new()?);
        ann.key()?;
        pipeline.trusts(&ann)?;
        let (team, other) = (registry.repository("policy/team"), registry.repository("policy/other"));
        ann.component("0.1.0", "")?;
        ann.publish(&team)?;
        let reference = format!("{team}:0.1.0");
        pipeline.nhi(&["pull", &reference])?.run()?.succeeds()?;
        // An old version under a new tag: its signature is good.
        let copied = copy(&registry, "policy/team:0.1.0", "policy/team:0.9.0")?;
        if !copied {
            return Ok(());
        }
        let relabelled = pipeline.nhi(&["pull", &format!("{team}:0.9.0")])?.run()?.exits(3)?;
        relabelled.says(&["NHI-MODULE-MOVED", "says that it is version `0.1.0`"])?;
        // Another module under the old tag, signed by the same key.
        ann.component("0.1.0", "another")?;
        ann.publish(&other)?;
        copy(&registry, "policy/other:0.1.0", "policy/team:0.1.0")?;
        let before = pipeline.blobs()?;
        let moved = pipeline.nhi(&["pull", &reference])?.run()?.exits(3)?;
        moved
            .says(&["NHI-MODULE-MOVED", "and is now sha256:", "@sha256:"])
            .context(registry.name)?;
        ensure!(pipeline.blobs()? == before, "something came into the store");
        // What the machine has is still what it was.
        pipeline.nhi(&["verify", &reference])?.run()?.succeeds()?;
    }
    Ok(())
}

/// Copies in a registry as anybody with a password can; false where the program is not here.
fn copy(registry: &Registry, from: &str, to: &str) -> anyhow::Result<bool> {
    let address = |name: &str| format!("{}/{name}", registry.host);
    let output = Command::new(registries::crane())
        .args(["copy", "--insecure", &address(from), &address(to)])
        .env("HOME", registry.folder())
        .output();
    match output {
        Ok(output) => {
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Ok(true)
        }
        Err(error) => {
            support::cores::say(&format!("SKIPPED: tags that are moved: `crane` cannot be run: {error}"));
            Ok(false)
        }
    }
}

#[test]
fn a_layer_that_was_changed_in_the_registry_is_refused() -> Outcome {
    let Some(registry) = registries::docker()? else {
        return Ok(());
    };
    let (ann, pipeline) = (Place::new()?, Place::new()?);
    ann.key()?;
    pipeline.trusts(&ann)?;
    ann.component("0.1.0", "")?;
    let repository = registry.repository("policy/team");
    ann.publish(&repository)?;
    let layer = largest(registry.folder())?.context("the layer")?;
    let mut bytes = std::fs::read(&layer)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("a byte")? ^= 1;
    std::fs::write(&layer, &bytes)?;
    let reference = format!("{repository}:0.1.0");
    let told = pipeline.nhi(&["pull", &reference])?.run()?.exits(3)?;
    told.says(&["NHI-MODULE-DIGEST", "is not the one that the manifest names"])?;
    ensure!(is_empty(&pipeline.path("store")));
    *bytes.get_mut(middle).context("a byte")? ^= 1;
    std::fs::write(&layer, &bytes)?;
    pipeline.nhi(&["pull", &reference])?.run()?.succeeds()?;
    Ok(())
}

fn largest(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut best: Option<(u64, PathBuf)> = None;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if best.as_ref().is_none_or(|(length, _)| *length < metadata.len()) {
                best = Some((metadata.len(), entry.path()));
            }
        }
    }
    Ok(best.map(|(_, path)| path))
}

#[test]
fn an_archive_with_one_bit_flipped_is_refused() -> Outcome {
    let (ann, pipeline) = (Place::new()?, Place::new()?);
    ann.key()?;
    ann.component("0.1.0", "")?;
    ann.nhi(&["sign", "team.wasm", "--key", "ann.pem"])?.run()?.succeeds()?;
    ann.nhi(&["save", "team.wasm", "--output", "team.tar"])?
        .run()?
        .succeeds()?;
    std::fs::copy(ann.path("ann.pem.pub"), pipeline.path("ann.pem.pub"))?;
    let good = std::fs::read(ann.path("team.tar"))?;
    let archive = pipeline.path("team.tar");
    // Every file of the archive gets a bit flipped where its bytes begin, and one far inside.
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(header) = good.get(at..at + 512).filter(|header| header.first() != Some(&0)) {
        let digits = std::str::from_utf8(header.get(124..135).context("size")?)?;
        let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8)?;
        places.extend([at + 512, at + 512 + size / 2, at + 512 + size - 1]);
        at += 512 + size.div_ceil(512) * 512;
    }
    ensure!(
        places.len() >= 6 * 3,
        "layout, index, manifest, configuration, module, signature: {}",
        places.len()
    );
    for place in places {
        let mut bad = good.clone();
        *bad.get_mut(place).context("a byte")? ^= 4;
        std::fs::write(&archive, &bad)?;
        let ran = pipeline
            .nhi(&["load", "team.tar", "--key", "ann.pem.pub"])?
            .run()?
            .exits(3);
        ran.with_context(|| format!("byte {place} of {}", good.len()))?
            .says(&["NHI-MODULE-"])?;
        ensure!(is_empty(&pipeline.path("store")), "byte {place}");
    }
    std::fs::write(&archive, &good)?;
    pipeline
        .nhi(&["load", "team.tar", "--key", "ann.pem.pub"])?
        .run()?
        .succeeds()?;
    Ok(())
}

#[test]
fn two_pushes_at_once_leave_one_module_under_the_tag() -> Outcome {
    for registry in registries::all()? {
        let repository = registry.repository("policy/team");
        let places = [Place::new()?, Place::new()?];
        for (place, mark) in places.iter().zip(["one", "two"]) {
            place.component("0.1.0", mark)?;
        }
        let push = ["push", "team.wasm", &repository];
        let started = [places[0].nhi(&push)?.start()?, places[1].nhi(&push)?.start()?];
        let mut won = 0;
        for started in started {
            let ran = started.wait()?;
            ensure!(
                matches!(ran.status.code(), Some(0 | 3)),
                "{}: {}",
                registry.name,
                ran.said()
            );
            won += usize::from(ran.status.success());
        }
        ensure!(won > 0, "{}: somebody gets through", registry.name);
        // From then on it is clear which one it is, to both of them.
        let codes = [places[0].nhi(&push)?.run()?, places[1].nhi(&push)?.run()?].map(|ran| ran.status.code());
        ensure!(
            [[Some(0), Some(3)], [Some(3), Some(0)]].contains(&codes),
            "{}: {codes:?}",
            registry.name
        );
    }
    Ok(())
}

#[test]
fn the_same_push_twice_at_once_is_one_push() -> Outcome {
    for registry in registries::all()? {
        let repository = registry.repository("policy/team");
        let (ann, pipeline) = (Place::new()?, Place::new()?);
        ann.key()?;
        ann.component("0.1.0", "")?;
        ann.nhi(&["sign", "team.wasm", "--key", "ann.pem"])?.run()?.succeeds()?;
        let push = ["push", "team.wasm", &repository];
        for started in [ann.nhi(&push)?.start()?, ann.nhi(&push)?.start()?] {
            started.wait()?.succeeds().context(registry.name)?;
        }
        pipeline.trusts(&ann)?;
        pipeline
            .nhi(&["pull", &format!("{repository}:0.1.0")])?
            .run()?
            .succeeds()?;
    }
    Ok(())
}

#[test]
fn a_pull_that_is_killed_midway_leaves_the_store_sound() -> Outcome {
    let Some(registry) = registries::docker()? else {
        return Ok(());
    };
    let (ann, pipeline) = (Place::new()?, Place::new()?);
    ann.key()?;
    pipeline.trusts(&ann)?;
    ann.component("0.1.0", "")?;
    ann.publish(&registry.repository("policy/team"))?;
    // Between the two stands somebody who passes on only the first half of what is large.
    let (port, stalled) = half_way(&registry.host)?;
    let slow = format!("oci://127.0.0.1:{port}/policy/team:0.1.0");
    let started = pipeline.nhi(&["pull", &slow])?.start()?;
    stalled
        .recv_timeout(std::time::Duration::from_mins(1))
        .context("the transfer begins")?;
    started.signal("KILL")?;
    ensure!(!started.wait()?.status.success());
    pipeline.blobs()?;
    pipeline
        .nhi(&["verify", &slow])?
        .run()?
        .exits(3)?
        .says(&["is not in the store"])?;
    let reference = format!("{}:0.1.0", registry.repository("policy/team"));
    pipeline.nhi(&["pull", &reference])?.run()?.succeeds()?;
    pipeline.nhi(&["verify", &reference])?.run()?.succeeds()?;
    ensure!(pipeline.blobs()? == 3);
    Ok(())
}

/// Passes connections on to a registry, until a large answer is half through; then it waits for ever, and says so.
fn half_way(host: &str) -> anyhow::Result<(u16, Receiver<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (sender, stalled) = channel();
    let host = host.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (host, sender) = (host.clone(), sender.clone());
            std::thread::spawn(move || drop(pass_on(&stream, &host, &sender)));
        }
    });
    Ok((port, stalled))
}

fn pass_on(client: &TcpStream, host: &str, stalled: &Sender<()>) -> anyhow::Result<()> {
    const HALF: usize = 64 << 10;
    let server = TcpStream::connect(host)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || drop(std::io::copy(&mut from_client, &mut to_server)));
    let (mut server, mut client, mut passed) = (server, client.try_clone()?, 0);
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = server.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        client.write_all(buffer.get(..read).unwrap_or_default())?;
        passed += read;
        if passed > HALF {
            stalled.send(())?;
            // Until the other side is gone.
            let _ = client.read(&mut buffer)?;
            std::thread::park();
        }
    }
}

/// A registry that wants name and password, and notes what it was told.
fn doorkeeper() -> anyhow::Result<(String, Receiver<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let host = format!("127.0.0.1:{}", listener.local_addr()?.port());
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            drop(refuse(&stream, &sender));
        }
    });
    Ok((host, told))
}

fn refuse(mut stream: &TcpStream, told: &Sender<String>) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(how) = line
            .to_lowercase()
            .starts_with("authorization:")
            .then(|| line.trim().to_owned())
        {
            told.send(how)?;
        }
    }
    let answer = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes())?;
    Ok(())
}

#[test]
fn a_password_goes_to_the_registry_and_is_shown_to_nobody() -> Outcome {
    let place = Place::new()?;
    place.component("0.1.0", "")?;
    let (host, told) = doorkeeper()?;
    let repository = format!("oci://{host}/policy/team");
    // `ann:hunter2-password` in base64.
    let expected = "Basic YW5uOmh1bnRlcjItcGFzc3dvcmQ=";
    let push = || place.nhi(&["push", "team.wasm", &repository]);
    let config = place.path("docker");
    std::fs::create_dir(&config)?;
    let text = format!(r#"{{"auths":{{"{host}":{{"auth":"YW5uOmh1bnRlcjItcGFzc3dvcmQ="}}}}}}"#);
    std::fs::write(config.join("config.json"), text)?;
    let config = config.display().to_string();
    let by_variables = |nhi: Nhi| {
        nhi.env("NHI_REGISTRY_USERNAME", "ann")
            .env("NHI_REGISTRY_PASSWORD", "hunter2-password")
    };
    let nobody = place.path("nobody").display().to_string();
    let ways: [(&str, Nhi, bool); 5] = [
        ("docker login", push()?.env("DOCKER_CONFIG", &config), true),
        ("variables", by_variables(push()?).env("DOCKER_CONFIG", &nobody), true),
        (
            "variables for this registry",
            by_variables(push()?)
                .env("NHI_REGISTRY_HOST", &host)
                .env("DOCKER_CONFIG", &nobody),
            true,
        ),
        (
            "variables for another registry",
            by_variables(push()?)
                .env("NHI_REGISTRY_HOST", "registry.example")
                .env("DOCKER_CONFIG", &nobody),
            false,
        ),
        ("nothing", push()?.env("DOCKER_CONFIG", &nobody), false),
    ];
    for (way, nhi, is_told) in ways {
        let ran = nhi.run()?.exits(3)?.says(&["does not let you in", "docker login"])?;
        ensure!(
            !ran.said().contains("hunter2") && !ran.said().contains("YW5u"),
            "{way}: {}",
            ran.said()
        );
        let all: Vec<String> = told.try_iter().collect();
        ensure!(
            all.iter().any(|line| line.ends_with(expected)) == is_told,
            "{way}: {all:?}"
        );
    }
    let half = push()?.env("NHI_REGISTRY_USERNAME", "ann").run()?.exits(2)?;
    half.says(&["set without the other"])?;
    Ok(())
}
