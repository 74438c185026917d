//! Proves what the automaton announced in one text.

use nhi_plan::Severity;
use nhi_plan::json;

use super::needles::{NEEDLES, Needle};
use super::pairs::{self, Pair};
use super::shapes::{AWS_KEY_ID, TEMPORARY_ID};
use super::strength::{self, Trust};
use super::walk::{AWS_SECRET, Place, Scanner};
use super::{assign, decode, jwt, named, pem};

/// Layers of base64, compression, percent-encoding and nested JSON that are opened.
pub(super) const DEPTH_MAX: u32 = 4;

/// What the needles in a text said.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says that one kind of needle was seen"
)]
#[derive(Default)]
struct Seen {
    any: bool,
    hides: bool,
    hex: bool,
    percent: bool,
    escapes: bool,
    key_id: bool,
    /// Names of secrets.
    names: Vec<(usize, usize)>,
    /// Where secrets are proven already.
    claims: Vec<(usize, usize)>,
}

impl Seen {
    fn note(&mut self, needle: Needle, place: (usize, usize)) {
        self.any = true;
        match needle {
            // The parts of a web token are base64.
            Needle::Base64 | Needle::Jwt => self.hides = true,
            Needle::Hex => self.hex = true,
            Needle::Percent => self.percent = true,
            Needle::Escape => self.escapes = true,
            Needle::Name => self.names.push(place),
            _ => {}
        }
    }

    fn claim(&mut self, text: &str, part: &str) {
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        self.claims.push((start, start + part.len()));
    }

    fn is_claimed(&self, start: usize, end: usize) -> bool {
        self.claims.iter().any(|(from, to)| start < *to && *from < end)
    }
}

impl Scanner<'_> {
    /// Looks into a text, and into what it hides.
    pub(super) fn text(&mut self, text: &str, place: Place<'_>) {
        let mut seen = Seen::default();
        for (start, end, needle) in NEEDLES.find(text) {
            seen.note(needle, (start, end));
            self.needle(text, (start, end), needle, &mut seen, place);
        }
        if seen.key_id {
            for secret in named::aws_secrets(text) {
                seen.claim(text, secret);
                self.tell(AWS_SECRET, Severity::High, secret.as_bytes(), secret.len(), place);
            }
        }
        if place.depth < DEPTH_MAX {
            self.layers(text, &mut seen, place);
        }
        if self.by_name {
            self.assignments(text, &seen, place);
        }
    }

    fn needle(&mut self, text: &str, (start, end): (usize, usize), needle: Needle, seen: &mut Seen, place: Place<'_>) {
        let high = |kind: &'static str| {
            move |secret| Pair {
                secret,
                kind,
                severity: Severity::High,
            }
        };
        let pair = match needle {
            Needle::Shape(shape) => {
                let secret = shape.prove(text, start);
                seen.key_id |= secret.is_some() && (shape.kind == AWS_KEY_ID || shape.kind == TEMPORARY_ID);
                secret.map(|secret| Pair {
                    secret,
                    kind: shape.kind,
                    severity: shape.severity,
                })
            }
            Needle::Jwt => jwt::token(text, start, self.now).map(|(secret, severity)| Pair {
                secret,
                kind: "JSON Web Token",
                severity,
            }),
            Needle::AwsSecretName => named::aws_secret_after(text, end).map(high(AWS_SECRET)),
            Needle::Url => named::url_password(text, end).map(high("password in a URL")),
            Needle::Basic => pairs::encoded(text, end),
            Needle::Bearer => pairs::bearer(text, end),
            Needle::UserOption => pairs::option(text, end),
            Needle::Command => pairs::command(text, start, end),
            Needle::PgPass => pairs::pgpass(text, start),
            Needle::Hash => pairs::hash(text, start),
            Needle::Signature => pairs::signature(text, end, self.now),
            Needle::Putty => pairs::putty(text, start),
            Needle::Pem => {
                self.key(text, start, seen, place);
                None
            }
            Needle::Name | Needle::Base64 | Needle::Hex | Needle::Percent | Needle::Escape => None,
        };
        if let Some(pair) = pair {
            seen.claim(text, pair.secret);
            self.tell(
                pair.kind,
                pair.severity,
                pair.secret.as_bytes(),
                pair.secret.len(),
                place,
            );
        }
    }

    fn key(&mut self, text: &str, start: usize, seen: &mut Seen, place: Place<'_>) {
        let Some(key) = pem::private_key(text, start) else {
            return;
        };
        let is_google = text.contains("service_account") && text.contains("private_key_id");
        let (kind, severity) = match (key.encrypted, is_google) {
            (true, _) => ("encrypted private key", Severity::Medium),
            (_, true) => ("Google service account key", Severity::High),
            _ => ("private key", Severity::High),
        };
        seen.claims.push((start.saturating_sub(32), start + key.span));
        self.tell(kind, severity, key.payload.as_bytes(), key.payload.len(), place);
    }

    /// Opens what the text hides.
    fn layers(&mut self, text: &str, seen: &mut Seen, place: Place<'_>) {
        let inner = place.deeper();
        let is_wrapped = place.encoded && decode::is_base64(text);
        if seen.hides || is_wrapped || place.depth == 0 && decode::holds_base64(&(place.path)()) {
            self.encoded(text, seen, inner.encoded());
        }
        if seen.hex {
            for run in decode::hex_runs(text) {
                if let Some(bytes) = decode::hex(run) {
                    self.claiming(text, run, seen, |scanner| scanner.bytes(&bytes, inner.encoded()));
                }
            }
        }
        if seen.percent
            && let Some(plain) = decode::percent(text)
        {
            self.spend(plain.len());
            self.text(&plain, inner);
        }
        if seen.any
            && text.trim_start().starts_with(['{', '['])
            && text.len() > 8
            && let Ok(document) = json::parse(text)
        {
            if self.spend(text.len()) {
                self.nested(document.root(), inner);
            }
            return;
        }
        if seen.any
            && let Some(plain) = decode::unescaped(text)
            && self.spend(plain.len())
        {
            self.text(&plain, inner);
        }
        if seen.escapes
            && let Some(plain) = decode::letters(text)
            && self.spend(plain.len())
        {
            self.text(&plain, inner);
        }
    }

    fn encoded(&mut self, text: &str, seen: &mut Seen, inner: Place<'_>) {
        // Base64 broken into lines is one run.
        for block in decode::broken_lines(text) {
            if let Some(bytes) = super::base64::decode(block) {
                self.claiming(text, block, seen, |scanner| scanner.bytes(&bytes, inner));
            }
        }
        for run in super::base64::runs(text) {
            // Padding ends base64, any other `=` stands before it.
            for piece in run.trim_end_matches('=').split('=') {
                if let Some(bytes) = super::base64::decode(piece) {
                    self.claiming(text, piece, seen, |scanner| scanner.bytes(&bytes, inner));
                }
            }
        }
    }

    /// Claims `part` where what is in it proves something.
    fn claiming(&mut self, text: &str, part: &str, seen: &mut Seen, look: impl FnOnce(&mut Self)) {
        let before = self.proven;
        look(self);
        if self.proven > before {
            seen.claim(text, part);
        }
    }

    fn bytes(&mut self, bytes: &[u8], place: Place<'_>) {
        if bytes.is_empty() || !self.spend(bytes.len()) {
            return;
        }
        if let Some((kind, severity)) = super::der::key_file(bytes) {
            self.tell(kind, severity, bytes, bytes.len(), place);
            return;
        }
        if place.depth < DEPTH_MAX
            && let Some(open) = super::inflate::open(bytes, self.budget)
        {
            self.bytes(&open, place.deeper());
            return;
        }
        self.text(&decode::lossy(bytes), place);
    }

    fn assignments(&mut self, text: &str, seen: &Seen, place: Place<'_>) {
        for (start, end) in &seen.names {
            let Some(found) = assign::at(text, *start, *end) else {
                continue;
            };
            let range = found.value;
            if seen.is_claimed(range.start, range.end) {
                continue;
            }
            let value = text.get(range).unwrap_or_default();
            let trust = if found.in_connection {
                Trust::Context
            } else {
                Trust::Name
            };
            if let Some(judged) = strength::judge(found.class, value, trust) {
                let (kind, severity) = if found.in_connection {
                    ("password in a connection string", Severity::High)
                } else {
                    (judged.kind, judged.severity)
                };
                let place = if judged.encoded { place.encoded() } else { place };
                self.tell(kind, severity, value.as_bytes(), value.len(), place);
            }
        }
    }
}
