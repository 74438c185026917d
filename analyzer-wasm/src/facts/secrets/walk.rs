//! Goes through the values of a block and proves what the automaton announced.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use nhi_plan::Severity;
use nhi_plan::json::{self, Trail, Value};

use super::needles::{NEEDLES, Needle};
use super::shapes::AWS_KEY_ID;
use super::{Hit, base64, jwt, named, pem};
use crate::facts::Block;

/// Layers of base64 and nested JSON that are opened.
const DEPTH_MAX: u32 = 2;
/// Hits of one block; more of them say nothing new.
const HITS_MAX: usize = 32;

const AWS_SECRET: &str = "AWS secret access key";
const TEMPORARY_ID: &str = "temporary AWS access key id";

/// Every credential in the values, the expressions and the provisioners of a block.
pub(crate) fn scan(block: &Block<'_>) -> Vec<Hit> {
    let mut scanner = Scanner {
        now: block.now,
        ..Scanner::default()
    };
    let change = block.change;
    if change.after.as_deref().is_some_and(|text| NEEDLES.any(text)) {
        scanner.origin = Origin::Planned;
        block.after().into_iter().for_each(|root| scanner.values(root));
    }
    if change.configuration.as_deref().is_some_and(|text| NEEDLES.any(text)) {
        scanner.origin = Origin::Expressions;
        block.configuration().into_iter().for_each(|root| scanner.values(root));
    }
    let provisioners = change.attributes.iter().find(|(key, _)| key == "provisioners");
    if let Some((_, text)) = provisioners.filter(|(_, text)| NEEDLES.any(text))
        && let Ok(document) = json::parse(text)
    {
        scanner.origin = Origin::Provisioners;
        scanner.values(document.root());
    }
    scanner.finish()
}

/// Which part of a block is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    #[default]
    Planned,
    Expressions,
    Provisioners,
}

#[derive(Default)]
struct Scanner<'n> {
    now: &'n str,
    origin: Origin,
    hits: Vec<Hit>,
    /// Kind and hash of values that were told: one value in `tags` and `tags_all` is one hit.
    told: BTreeSet<(&'static str, u64)>,
    /// Where an AWS secret key may stand, in case its id shows up.
    candidates: Vec<Hit>,
}

/// Where the text at hand stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    path: &'p dyn Fn() -> String,
    depth: u32,
    encoded: bool,
}

impl Scanner<'_> {
    fn values(&mut self, root: Value<'_>) {
        let mut sibling: Option<(String, String)> = None;
        root.walk(|trail, text| {
            let path = || attribute_path(trail, self.origin);
            let key = trail.last_key().unwrap_or_default();
            let owner = || {
                trail
                    .path()
                    .rsplit_once('.')
                    .map(|(owner, _)| owner.to_owned())
                    .unwrap_or_default()
            };
            if matches!(&*key, "name" | "key") {
                sibling = Some((owner(), text.to_string()));
            }
            let under_name = &*key == "value"
                && sibling
                    .as_ref()
                    .is_some_and(|(at, name)| named::names_aws_secret(name) && *at == owner());
            let path = path();
            if named::is_aws_secret(&text) {
                let is_named = under_name || named::names_aws_secret(&constant_name(trail, self.origin));
                let hit = self.hit(&path, AWS_SECRET, Severity::High, text.len(), false);
                if !is_named {
                    self.candidates.push(hit);
                } else if self.is_new(AWS_SECRET, &text) {
                    self.hits.push(hit);
                }
            }
            self.text(
                &text,
                Place {
                    path: &|| path.clone(),
                    depth: 0,
                    encoded: false,
                },
            );
        });
    }

    fn hit(&self, path: &str, kind: &'static str, severity: Severity, length: usize, encoded: bool) -> Hit {
        Hit {
            path: path.to_owned(),
            kind,
            length,
            severity,
            encoded,
            in_configuration: self.origin != Origin::Planned,
        }
    }

    fn is_new(&mut self, kind: &'static str, value: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.told.insert((kind, hasher.finish()))
    }

    fn tell(&mut self, kind: &'static str, severity: Severity, value: &str, length: usize, place: Place<'_>) {
        if self.hits.len() < HITS_MAX && self.is_new(kind, value) {
            let hit = self.hit(&(place.path)(), kind, severity, length, place.encoded);
            self.hits.push(hit);
        }
    }

    fn text(&mut self, text: &str, place: Place<'_>) {
        let (mut hides, mut escapes, mut has_id, mut any) = (false, false, false, false);
        for (start, end, needle) in NEEDLES.find(text) {
            any = true;
            match needle {
                Needle::Shape(shape) => {
                    if let Some(token) = shape.prove(text, start) {
                        self.tell(shape.kind, shape.severity, token, token.len(), place);
                        has_id |= shape.kind == AWS_KEY_ID || shape.kind == TEMPORARY_ID;
                    }
                }
                Needle::Pem => self.key(text, start, place),
                Needle::Jwt => {
                    hides = true;
                    if let Some((token, severity)) = jwt::token(text, start, self.now) {
                        self.tell("JSON Web Token", severity, token, token.len(), place);
                    }
                }
                Needle::AwsSecretName => {
                    if let Some(secret) = named::aws_secret_after(text, end) {
                        self.tell(AWS_SECRET, Severity::High, secret, secret.len(), place);
                    }
                }
                Needle::Url => {
                    if let Some(password) = named::url_password(text, start, end) {
                        self.tell("password in a URL", Severity::High, password, password.len(), place);
                    }
                }
                Needle::Base64 => hides = true,
                Needle::Escape => escapes = true,
            }
        }
        if has_id {
            self.beside(text, place);
        }
        if place.depth < DEPTH_MAX {
            if hides || place.depth == 0 && holds_base64(&(place.path)()) {
                self.encoded(text, place);
            }
            if escapes {
                self.nested(text, place);
            }
            if any && let Some(plain) = unescaped(text) {
                let depth = place.depth + 1;
                self.text(&plain, Place { depth, ..place });
            }
        }
    }

    /// Secrets in the same text as a key id.
    fn beside(&mut self, text: &str, place: Place<'_>) {
        for secret in named::aws_secrets(text) {
            self.tell(AWS_SECRET, Severity::High, secret, secret.len(), place);
        }
    }

    fn key(&mut self, text: &str, start: usize, place: Place<'_>) {
        let Some(key) = pem::private_key(text, start) else {
            return;
        };
        let is_google = text.contains("service_account") && text.contains("private_key_id");
        let (kind, severity) = match (key.encrypted, is_google) {
            (true, _) => ("encrypted private key", Severity::Medium),
            (_, true) => ("Google service account key", Severity::High),
            _ => ("private key", Severity::High),
        };
        let value = text.get(start..).unwrap_or(text);
        let value = &unescaped(value).unwrap_or_else(|| value.to_owned());
        self.tell(kind, severity, value, key.length, place);
    }

    fn encoded(&mut self, text: &str, place: Place<'_>) {
        let inner = Place {
            depth: place.depth + 1,
            encoded: true,
            ..place
        };
        let joined: String = text.split_ascii_whitespace().collect();
        // Base64 broken into lines is one run.
        if joined.len() != text.len()
            && let Some(decoded) = decode(&joined)
        {
            self.text(&decoded, inner);
        }
        for run in base64::runs(text) {
            // Padding ends base64, any other `=` stands before it.
            let pieces = run.trim_end_matches('=').split('=');
            for decoded in pieces.filter_map(decode) {
                self.text(&decoded, inner);
            }
        }
    }

    fn nested(&mut self, text: &str, place: Place<'_>) {
        if text.trim_start().starts_with(['{', '['])
            && let Ok(document) = json::parse(text)
        {
            let inner = Place {
                depth: place.depth + 1,
                ..place
            };
            for string in document.strings() {
                self.text(&string, inner);
            }
        }
    }

    /// A key id with its secret is one credential; a temporary id without one is none.
    fn finish(mut self) -> Vec<Hit> {
        let has_id = self
            .hits
            .iter()
            .any(|hit| hit.kind == AWS_KEY_ID || hit.kind == TEMPORARY_ID);
        if has_id && !self.hits.iter().any(|hit| hit.kind == AWS_SECRET) {
            self.hits.extend(self.candidates.drain(..).take(1));
        }
        let has_secret = self.hits.iter().any(|hit| hit.kind == AWS_SECRET);
        self.hits
            .retain(|hit| hit.kind != TEMPORARY_ID && !(has_secret && hit.kind == AWS_KEY_ID));
        self.hits.sort();
        self.hits
    }
}

/// One byte of another encoding hides nothing: what is not UTF-8 is replaced.
fn decode(text: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&base64::decode(text)?).into_owned())
}

/// Whether an attribute of this name holds base64 without its text showing it.
fn holds_base64(path: &str) -> bool {
    ["_base64", "user_data", "custom_data"]
        .iter()
        .any(|name| path.ends_with(name))
}

/// Text with the line breaks and tabs that are escaped in it, where there are any: the letter of an escape is no part
/// of the token behind it.
fn unescaped(text: &str) -> Option<String> {
    let escapes = [("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t")];
    escapes.iter().any(|(escape, _)| text.contains(escape)).then(|| {
        escapes
            .iter()
            .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
    })
}

/// In the configuration a value stands under `constant_value`.
fn attribute_path(trail: &Trail<'_>, origin: Origin) -> String {
    let path = trail.path();
    match origin {
        Origin::Planned => path,
        Origin::Expressions => path.replacen(".constant_value", "", 1),
        Origin::Provisioners => {
            let own = path.replacen(".expressions", "", 1).replacen(".constant_value", "", 1);
            format!("provisioner{own}")
        }
    }
}

/// The name that a value stands under.
fn constant_name(trail: &Trail<'_>, origin: Origin) -> String {
    let path = attribute_path(trail, origin);
    let name = path.trim_end_matches(['"', ']']);
    name.rsplit(['.', '"', '[']).next().unwrap_or_default().to_owned()
}
