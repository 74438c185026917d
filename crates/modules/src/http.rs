//! Speaking to a registry: requests with a limit on every answer, and the two ways in that registries know.
//!
//! A registry says in its first refusal how it wants to be asked: with name and password, or with a token that some
//! other server gives for them. The OCI client that others use reads answers of any length into memory, ends the
//! process where a registry leaves a header out, and brings eighty crates; what is needed of the protocol is small.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nhi_governance::Problem;
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, SendBody};
use zeroize::Zeroizing;

use crate::code::REGISTRY;
use crate::login::{Access, Credentials};

/// The longest answer of a server that gives tokens.
const TOKEN_BYTES_MAX: u64 = 64 << 10;

/// A registry and what is known of the way in.
pub(crate) struct Http {
    agent: Agent,
    registry: String,
    repository: String,
    credentials: Credentials,
    /// Whether it is spoken to without TLS.
    is_plain: bool,
    watch: Option<RefCell<Box<Watch>>>,
}

/// Is told how many bytes of how many have gone over.
type Watch = dyn FnMut(u64, u64);

/// What is read of an answer, or of what is sent, before the caller is told.
const STEP_BYTES: u64 = 64 << 10;

/// What is asked of a registry.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    /// After the name of the repository, or a whole address of the same registry.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: &'a [u8],
    /// The longest answer that is read, in bytes.
    pub(crate) most: u64,
}

/// What a registry answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where something is.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// With the credentials of the caller, or those that `docker login` keeps. A registry of this machine is spoken to
    /// without TLS, another one only where the caller says so.
    pub(crate) fn new(registry: &str, repository: &str, access: Access) -> Result<Self, Problem> {
        let is_plain = access.plain_http || is_loopback(registry);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(authorities())
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!is_plain)
            .user_agent(concat!("nhi/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_global(Some(Duration::from_mins(5)))
            .tls_config(tls)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            // Over a network that others read along, nobody's password is sent.
            credentials: if is_plain && !is_loopback(registry) {
                Credentials::None
            } else {
                Credentials::of(registry, access.login)?
            },
            is_plain,
            watch: None,
        })
    }

    /// Tells the caller about transfers.
    pub(crate) fn watch(&mut self, watch: impl FnMut(u64, u64) + 'static) {
        self.watch = Some(RefCell::new(Box::new(watch)));
    }

    fn tell(&self, done: u64, total: u64) {
        if let Some(watch) = &self.watch
            && let Ok(mut watch) = watch.try_borrow_mut()
        {
            watch(done, total);
        }
    }

    fn origin(&self) -> String {
        let scheme = if self.is_plain { "http" } else { "https" };
        format!("{scheme}://{}", self.registry)
    }

    /// The address of a path; of another registry there is none, for it would be told the way in.
    pub(crate) fn address(&self, path: &str) -> Option<String> {
        let origin = self.origin();
        if path.starts_with("//") {
            return None;
        }
        if let Some(path) = path.strip_prefix('/') {
            return Some(format!("{origin}/{path}"));
        }
        if path.contains("://") {
            let rest = path.strip_prefix(&origin)?;
            return (rest.starts_with('/')).then(|| path.to_owned());
        }
        Some(format!("{origin}/v2/{}/{path}", self.repository))
    }

    /// Asks, and where the registry refuses asks again the way it wants to be asked.
    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let address = self.address(ask.path).ok_or_else(|| self.strange())?;
        let first = self.send(ask, &address, None)?;
        if first.status().as_u16() != 401 {
            return self.answer(first, ask.most);
        }
        let challenges = first.headers().get_all("www-authenticate").iter();
        let challenges: Vec<String> = challenges
            .filter_map(|text| text.to_str().ok().map(str::to_owned))
            .collect();
        let is_push = !matches!(ask.method, "GET" | "HEAD");
        let way_in = challenges
            .iter()
            .find_map(|text| self.way_in(text, is_push).transpose());
        let Some(authorization) = way_in.transpose()? else {
            return Err(self.closed());
        };
        let second = self.send(ask, &address, Some(&authorization))?;
        match second.status().as_u16() {
            401 | 403 => Err(self.closed()),
            _ => self.answer(second, ask.most),
        }
    }

    fn send(&self, ask: &Ask<'_>, address: &str, authorization: Option<&str>) -> Result<Response<Body>, Problem> {
        let mut request = Request::builder().method(ask.method).uri(address);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if ask.body.len() as u64 <= STEP_BYTES {
            let request = request.body(ask.body).map_err(|_| self.strange())?;
            return self.agent.run(request).map_err(|error| self.failed(&error));
        }
        let request = request.header("content-length", ask.body.len());
        let mut body = Told {
            http: self,
            rest: ask.body,
            total: ask.body.len(),
        };
        let request = request
            .body(SendBody::from_reader(&mut body))
            .map_err(|_| self.strange())?;
        self.agent.run(request).map_err(|error| self.failed(&error))
    }

    fn answer(&self, mut response: Response<Body>, most: u64) -> Result<Answer, Problem> {
        let location = response.headers().get("location").and_then(|text| text.to_str().ok());
        let location = location.map(str::to_owned);
        let mut body = Vec::new();
        // One more than the limit, so that a longer answer is told from one that fits.
        let mut reader = response.body_mut().as_reader().take(most.saturating_add(1));
        loop {
            let read = reader.by_ref().take(STEP_BYTES).read_to_end(&mut body);
            if read.map_err(|_| self.unreachable())? == 0 {
                break;
            }
            self.tell(body.len() as u64, most);
        }
        if u64::try_from(body.len()).unwrap_or(u64::MAX) > most {
            return Err(self.strange());
        }
        Ok(Answer {
            status: response.status().as_u16(),
            location,
            body,
        })
    }

    /// What to say to a registry that wants this: RFC 9110, section 11, and the token protocol of the distribution
    /// project.
    fn way_in(&self, challenge: &str, is_push: bool) -> Result<Option<String>, Problem> {
        let (scheme, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(self.basic().map(|text| text.to_string()));
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Ok(None);
        }
        let Some(realm) = parameter(parameters, "realm") else {
            return Ok(None);
        };
        // Name and password go there: only over TLS, or to this machine where the registry is this machine.
        let is_safe = realm.starts_with("https://") || (is_loopback(&self.registry) && is_local_address(&realm));
        if !is_safe {
            return Err(self.strange());
        }
        let actions = if is_push { "pull,push" } else { "pull" };
        let mut query = format!("scope=repository:{}:{actions}", self.repository);
        if let Some(service) = parameter(parameters, "service") {
            query = format!("service={}&{query}", escaped(&service).as_str());
        }
        let address = if realm.contains('?') {
            format!("{realm}&{query}")
        } else {
            format!("{realm}?{query}")
        };
        self.token(&address, &query).map(Some)
    }

    fn token(&self, address: &str, query: &str) -> Result<String, Problem> {
        let response = match &self.credentials {
            // OAuth 2.0, "refresh_token", as the distribution project has it.
            Credentials::Identity(token) => {
                let realm = address.split('?').next().unwrap_or(address);
                let form = Zeroizing::new(format!(
                    "grant_type=refresh_token&client_id=nhi&refresh_token={}&{query}",
                    escaped(token).as_str()
                ));
                let request = Request::post(realm)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.as_bytes());
                self.agent.run(request.map_err(|_| self.strange())?)
            }
            _ => {
                let mut request = Request::get(address);
                if let Some(basic) = self.basic() {
                    request = request.header("authorization", basic.as_str());
                }
                self.agent.run(request.body(&[][..]).map_err(|_| self.strange())?)
            }
        };
        let answer = self.answer(response.map_err(|error| self.failed(&error))?, TOKEN_BYTES_MAX)?;
        if answer.status != 200 {
            return Err(self.closed());
        }
        let answer: Value = serde_json::from_slice(&answer.body).map_err(|_| self.strange())?;
        let token = ["token", "access_token"]
            .iter()
            .find_map(|name| answer.get(name)?.as_str());
        token
            .map(|token| format!("Bearer {token}"))
            .ok_or_else(|| self.strange())
    }

    fn basic(&self) -> Option<Zeroizing<String>> {
        match &self.credentials {
            Credentials::Basic(pair) => {
                let text = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                Some(Zeroizing::new(format!("Basic {}", text.as_str())))
            }
            _ => None,
        }
    }

    /// What went wrong on the way; never an address, which may hold what lets others in.
    #[cold]
    fn failed(&self, error: &Error) -> Problem {
        match error {
            Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => Problem::new(
                &REGISTRY,
                format!("`{}` does not prove by TLS that it is itself", self.registry),
                "Add the authority of its certificate to those of this machine, or look at its name.",
            ),
            Error::Protocol(_)
            | Error::Http(_)
            | Error::BadUri(_)
            | Error::RedirectFailed
            | Error::TooManyRedirects => self.strange(),
            _ => self.unreachable(),
        }
    }

    #[cold]
    fn unreachable(&self) -> Problem {
        Problem::new(
            &REGISTRY,
            format!("`{}` cannot be reached", self.registry),
            "Look at its name and at your network.",
        )
    }

    #[cold]
    fn closed(&self) -> Problem {
        Problem::new(
            &REGISTRY,
            format!("`{}` does not let you in", self.registry),
            format!(
                "Log in with `docker login {}`, or ask for access to `{}`.",
                self.registry, self.repository
            ),
        )
    }

    #[cold]
    pub(crate) fn strange(&self) -> Problem {
        Problem::new(
            &REGISTRY,
            format!("`{}` does not answer as a registry does", self.registry),
            "Look at its name: it has to speak the OCI distribution specification.",
        )
    }
}

/// What is sent, and how far that has come.
struct Told<'a> {
    http: &'a Http,
    rest: &'a [u8],
    total: usize,
}

impl io::Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(buffer)?;
        self.http.tell((self.total - self.rest.len()) as u64, self.total as u64);
        Ok(read)
    }
}

/// The authorities that this machine trusts; what it cannot read it does not trust.
fn authorities() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    let found = found
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned());
    RootCerts::from(found.collect::<Vec<Certificate<'static>>>())
}

/// A parameter of a challenge, quoted or not.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_matches([' ', ',', '\t']);
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = next;
    }
}

/// As part of a query or a form.
fn escaped(text: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            // INVARIANT: writing to a string does not fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

fn is_local_address(address: &str) -> bool {
    let host = address.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    host.is_some_and(is_loopback)
}

/// A registry of this machine, which nobody can listen in on.
pub(crate) fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => registry,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_local = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || address.parse().is_ok_and(is_local)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{Access, Http, escaped, is_loopback, parameter};
    use crate::login::Login;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for registry in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:5000",
            "127.9.9.9",
            "[::1]:5000",
            "[::1]",
        ] {
            assert!(is_loopback(registry), "{registry}");
        }
        let others = [
            "registry.example",
            "localhost.example",
            "127.0.0.1.example:5000",
            "10.0.0.1",
            "[2001:db8::1]:5000",
        ];
        for registry in others {
            assert!(!is_loopback(registry), "{registry}");
        }
    }

    #[test]
    fn nothing_is_sent_to_another_registry() {
        let http = Http::new("registry.example", "policy/naming", Access::default()).unwrap();
        let table = [
            ("tags/list", Some("https://registry.example/v2/policy/naming/tags/list")),
            (
                "/v2/x/blobs/uploads/1?state=2",
                Some("https://registry.example/v2/x/blobs/uploads/1?state=2"),
            ),
            ("https://registry.example/v2/x", Some("https://registry.example/v2/x")),
            ("https://registry.example.evil/v2/x", None),
            ("https://registry.example@evil/v2/x", None),
            ("http://registry.example/v2/x", None),
            ("//evil/v2/x", None),
        ];
        for (path, expected) in table {
            assert_eq!(http.address(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn nobodys_password_is_sent_in_the_clear() {
        for (registry, is_plain, has_credentials) in [
            ("registry.example", true, false),
            ("registry.example", false, true),
            ("127.0.0.1:5000", false, true),
            ("127.0.0.1:5000", true, true),
        ] {
            let login = Login {
                name: "ann".to_owned(),
                password: Zeroizing::new("secret".to_owned()),
            };
            let access = Access {
                plain_http: is_plain,
                login: Some(login),
            };
            assert!(!format!("{access:?}").contains("secret"));
            let http = Http::new(registry, "policy/naming", access).unwrap();
            assert_eq!(http.basic().is_some(), has_credentials, "{registry} {is_plain}");
            let is_clear = is_plain || is_loopback(registry);
            assert_eq!(http.origin().starts_with("http://"), is_clear, "{registry}");
        }
    }

    #[test]
    fn challenges_are_read() {
        let text =
            r#"realm="https://auth.example/token?a=b,c", service=registry.example ,scope="repository:x:pull,push""#;
        assert_eq!(
            parameter(text, "realm").as_deref(),
            Some("https://auth.example/token?a=b,c")
        );
        assert_eq!(parameter(text, "SERVICE").as_deref(), Some("registry.example"));
        assert_eq!(parameter(text, "scope").as_deref(), Some("repository:x:pull,push"));
        assert_eq!(parameter(text, "error"), None);
        assert_eq!(parameter("realm=\"open", "realm"), None);
        assert_eq!(escaped("a b&c=ä").as_str(), "a%20b%26c%3D%C3%A4");
    }
}
