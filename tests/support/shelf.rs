//! A registry of modules that only gives: what a test puts on its shelf, over loopback, for as long as the test runs.
//!
//! Real registries are spoken to in the tests of `nhi-modules`; here a test needs one that does what a real one must
//! not do, such as to exchange a version or to forget one.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use nhi_governance::Digest;
use nhi_modules::{Artifact, BUNDLE_TYPE, Facts, SigningKey, sign};
use serde_json::{Value, json};

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Answers by path.
type Answers = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// The registry.
#[derive(Debug)]
pub struct Shelf {
    port: u16,
    answers: Answers,
    asked: Arc<AtomicUsize>,
}

impl Shelf {
    /// An empty one.
    pub fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listen on loopback")?;
        let port = listener.local_addr()?.port();
        let (answers, asked) = (Answers::default(), Arc::new(AtomicUsize::new(0)));
        let (shared, counter) = (Arc::clone(&answers), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::Relaxed);
                // Whoever asks sees a connection that ended; the test then says so.
                drop(answer(stream, &shared));
            }
        });
        Ok(Self { port, answers, asked })
    }

    /// The source of a repository, as a policy file names it.
    pub fn source(&self, repository: &str) -> String {
        format!("oci://127.0.0.1:{}/{repository}", self.port)
    }

    /// How often it was asked for anything.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn put(&self, path: String, bytes: Vec<u8>) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path, bytes);
    }

    /// Puts a version there, in the place of what stands under it, with the signatures of these keys.
    pub fn publish(
        &self,
        repository: &str,
        name: &str,
        version: &str,
        wasm: &[u8],
        keys: &[&SigningKey],
    ) -> Result<Digest> {
        let facts = Facts {
            name: name.to_owned(),
            version: version.to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        };
        let artifact = Artifact::pack(&facts, wasm.to_vec());
        let digest = artifact.digest();
        let mut listed = Vec::new();
        for key in keys {
            let bundle = sign(key, &artifact.manifest).map_err(|problem| anyhow::anyhow!("{problem}"))?;
            let referrer = json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": BUNDLE_TYPE,
                "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2 },
                "layers": [{ "mediaType": BUNDLE_TYPE, "digest": digest_of(&bundle), "size": bundle.len() }],
                "subject": { "mediaType": MANIFEST_TYPE, "digest": format!("sha256:{digest}"), "size": artifact.manifest.len() },
            });
            let referrer = referrer.to_string().into_bytes();
            listed.push(json!({
                "mediaType": MANIFEST_TYPE,
                "artifactType": BUNDLE_TYPE,
                "digest": digest_of(&referrer),
                "size": referrer.len(),
            }));
            self.put(format!("{repository}/manifests/{}", digest_of(&referrer)), referrer);
            self.put(format!("{repository}/blobs/{}", digest_of(&bundle)), bundle);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": listed });
        self.put(
            format!("{repository}/referrers/sha256:{digest}"),
            index.to_string().into_bytes(),
        );
        for part in [&artifact.wasm, &artifact.config] {
            self.put(format!("{repository}/blobs/{}", digest_of(part)), part.clone());
        }
        for reference in [version.to_owned(), format!("sha256:{digest}")] {
            self.put(format!("{repository}/manifests/{reference}"), artifact.manifest.clone());
        }
        self.list(repository);
        Ok(digest)
    }

    /// Takes a version away.
    pub fn forget(&self, repository: &str, version: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&format!("{repository}/manifests/{version}"));
        drop(answers);
        self.list(repository);
    }

    /// Writes the list of tags.
    fn list(&self, repository: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let start = format!("{repository}/manifests/");
        let references = answers.keys().filter_map(|path| path.strip_prefix(&start));
        let tags: Vec<Value> = references
            .filter(|reference| !reference.contains(':'))
            .map(|tag| json!(tag))
            .collect();
        let list = json!({ "name": repository, "tags": tags });
        answers.insert(format!("{repository}/tags/list"), list.to_string().into_bytes());
    }
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", Digest::of(bytes))
}

/// One request, one answer, one connection.
fn answer(mut stream: TcpStream, answers: &Answers) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/v2/").unwrap_or_default();
    let found = answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(path)
        .cloned();
    let (status, kind) = match (&found, path) {
        (None, _) => ("404 Not Found", "application/json"),
        (_, path) if path.contains("/manifests/") => ("200 OK", MANIFEST_TYPE),
        (_, path) if path.contains("/referrers/") => ("200 OK", INDEX_TYPE),
        (_, path) if path.contains("/blobs/") => ("200 OK", "application/octet-stream"),
        _ => ("200 OK", "application/json"),
    };
    let body = found.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat())?;
    Ok(())
}
