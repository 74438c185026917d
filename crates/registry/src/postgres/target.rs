//! Which server a URL means, how it is reached, and with which secret; nothing here shows the secret again.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use super::tls::Files;
use crate::RegistryError;

const PORT_DEFAULT: u16 = 5432;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that does not answer for this long is taken for gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A server and a database on it.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    /// Nothing where the connection is not encrypted.
    pub(super) tls: Option<Files>,
    passfile: Option<PathBuf>,
    place: String,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.place).finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.place)
    }
}

/// Whether a text is meant as the URL of a server.
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    matches!(scheme, Some("postgres" | "postgresql"))
}

impl Target {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, RegistryError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut own = Own::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !own.take(name, value)? {
                rest.push(pair);
            }
        }
        // What the parser says is not repeated: it may quote the password.
        let parsed = Config::from_str(&format!("{base}?{}", rest.join("&")));
        let mut config = parsed.map_err(|_| bad("it is not a URL that PostgreSQL knows".to_owned()))?;
        if config.get_hosts().is_empty() {
            return Err(bad("it names no host".to_owned()));
        }
        let tls = own.tls(&config)?;
        config.ssl_mode(if tls.is_some() {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("nhi");
        }
        config.keepalives_idle(SILENCE_MAX).tcp_user_timeout(SILENCE_MAX);
        let place = place_of(&config);
        let passfile = own.passfile;
        Ok(Self {
            config,
            tls,
            passfile,
            place,
        })
    }

    /// How to connect. What the URL leaves out of the password is looked for now: `PGPASSWORD`, `PGPASSFILE` and
    /// `~/.pgpass`.
    pub(super) fn config(&self) -> Result<Config, RegistryError> {
        let mut config = self.config.clone();
        if config.get_password().is_none()
            && let Some(password) = password(&config, self.passfile.as_deref())?
        {
            config.password(password);
        }
        Ok(config)
    }
}

/// The parameters that the client library does not know.
#[derive(Debug, Default)]
struct Own {
    mode: Option<String>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    passfile: Option<PathBuf>,
}

impl Own {
    fn take(&mut self, name: &str, value: &str) -> Result<bool, RegistryError> {
        let text = || decoded(value).ok_or_else(|| bad(format!("its parameter `{name}` is not well encoded")));
        match name {
            "sslmode" => self.mode = Some(text()?),
            "sslrootcert" => self.roots = Some(text()?.into()).filter(|path: &PathBuf| path != Path::new("system")),
            "sslcert" => self.certificate = Some(text()?.into()),
            "sslkey" => self.key = Some(text()?.into()),
            "passfile" => self.passfile = Some(text()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Plain text is for sockets and loopback, or for whoever asks for it in so many words; there is no falling back.
    fn tls(&self, config: &Config) -> Result<Option<Files>, RegistryError> {
        let is_encrypted = match self.mode.as_deref() {
            None => !config.get_hosts().iter().all(is_local),
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => {
                return Err(bad(
                    "its `sslmode` is neither `verify-full` nor `disable`: a connection that may fall back to plain \
                     text is as good as one in plain text"
                        .to_owned(),
                ));
            }
        };
        let client = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(bad("it names only one of `sslcert` and `sslkey`".to_owned())),
        };
        Ok(is_encrypted.then(|| Files {
            roots: self.roots.clone(),
            client,
        }))
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

/// The URL again, with nothing in it but user, host, port and database.
fn place_of(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let ports = config.get_ports();
    let mut sockets = String::new();
    let hosts: Vec<String> = (config.get_hosts().iter().enumerate())
        .filter_map(|(position, host)| match host {
            Host::Tcp(name) => {
                let port = ports.get(position).or(ports.first()).copied().unwrap_or(PORT_DEFAULT);
                let port = if port == PORT_DEFAULT {
                    String::new()
                } else {
                    format!(":{port}")
                };
                Some(format!("{name}{port}"))
            }
            Host::Unix(path) => {
                sockets = format!("?host={}", path.display());
                None
            }
        })
        .collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    let text = format!("postgres://{user}{}/{database}{sockets}", hosts.join(","));
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The password that the URL does not hold.
fn password(config: &Config, file: Option<&Path>) -> Result<Option<String>, RegistryError> {
    if let Some(password) = std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty()) {
        return Ok(Some(password));
    }
    let is_named = file.is_some();
    let from_environment = || std::env::var_os("PGPASSFILE").map(PathBuf::from);
    let of_home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".pgpass"));
    let Some(path) = file.map(Path::to_owned).or_else(from_environment).or_else(of_home) else {
        return Ok(None);
    };
    if !path.exists() && !is_named {
        return Ok(None);
    }
    let at = |source| RegistryError::Io {
        what: "read the passwords in",
        path: path.clone(),
        source,
    };
    let mode = fs::metadata(&path).map_err(at)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RegistryError::PasswordsExposed { path, mode });
    }
    let text = fs::read_to_string(&path).map_err(at)?;
    Ok(text.lines().find_map(|line| password_of(line, config)))
}

/// The password of a line `host:port:database:user:password`, if the line is about this server.
fn password_of(line: &str, config: &Config) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else {
        return None;
    };
    let ports = config.get_ports();
    let wanted_port = ports.first().copied().unwrap_or(PORT_DEFAULT).to_string();
    let is_host = |wanted: &Host| match wanted {
        Host::Tcp(name) => host == name,
        // As libpq has it, `localhost` also means the socket.
        Host::Unix(path) => host == "localhost" || Path::new(host) == path.as_path(),
    };
    let user_name = config.get_user().unwrap_or_default();
    let is_it = (host == "*" || config.get_hosts().iter().any(is_host))
        && (port == "*" || *port == wanted_port)
        && (database == "*" || database == config.get_dbname().unwrap_or(user_name))
        && (user == "*" || user == user_name);
    is_it.then(|| password.clone())
}

/// The fields of a line, in which a backslash takes the meaning from the character after it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            ':' => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next(),
            other => Some(other),
        };
        if let Some(last) = fields.last_mut() {
            last.extend(literal);
        }
    }
    fields
}

/// The text of a percent-encoded one.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cold]
fn bad(reason: String) -> RegistryError {
    RegistryError::BadUrl(reason)
}

#[cfg(test)]
mod tests {
    use super::{Target, fields, is_url, password_of};

    fn encrypted(url: &str) -> bool {
        Target::parse(url).unwrap().tls.is_some()
    }

    #[test]
    fn plain_text_only_where_nobody_listens_or_somebody_insists() {
        for (url, is_encrypted) in [
            ("postgres://nhi@db.example/nhi", true),
            ("postgresql://nhi@10.0.0.1:6432/nhi", true),
            ("postgres://nhi@db.example/nhi?sslmode=require", true),
            ("postgres://nhi@localhost/nhi?sslmode=verify-full", true),
            ("postgres://nhi@localhost/nhi", false),
            ("postgres://nhi@127.0.0.1/nhi", false),
            ("postgres://nhi@[::1]/nhi", false),
            ("postgres://nhi@%2Frun%2Fpostgresql/nhi", false),
            ("postgres:///nhi?host=/run/postgresql&user=nhi", false),
            ("postgres://nhi@localhost,db.example/nhi", true),
            ("postgres://nhi@localhost.evil.example/nhi", true),
            ("postgres://nhi@db.example/nhi?sslmode=disable", false),
        ] {
            assert_eq!(encrypted(url), is_encrypted, "{url}");
        }
        for url in [
            "postgres://nhi@db.example/nhi?sslmode=prefer",
            "postgres://nhi@db.example/nhi?sslmode=allow",
            "postgres://nhi@db.example/nhi?sslmode=",
            "postgres://nhi@db.example/nhi?sslcert=/a",
            "postgres://nhi@db.example/nhi?sslmode=%zz",
            "postgres://nhi@db.example:port/nhi",
            "postgres://nhi@db.example/nhi?unknown=1",
            "postgres:///nhi",
        ] {
            assert_eq!(Target::parse(url).unwrap_err().code(), "NHI-REGISTRY-URL", "{url}");
        }
        assert!(is_url("postgres://x") && is_url("postgresql://x"));
        assert!(!is_url("postgres.db") && !is_url("./postgres:/x") && !is_url("mysql://x"));
    }

    #[test]
    fn no_secret_is_shown() {
        for url in [
            "postgres://nhi:s3cr3t@db.example:6432/nhi",
            "postgres://nhi@db.example/nhi?password=s3cr3t",
            "postgres://nhi:s3cr3t@db.example:port/nhi",
            "postgres://nhi:s3cr3t%zz@db.example/nhi",
            "postgres://nhi:s3cr3t@db.example/nhi?sslmode=s3cr3t",
        ] {
            let told = match Target::parse(url) {
                Ok(target) => format!("{target} {target:?}"),
                Err(error) => format!("{error} {error:?} {}", error.help()),
            };
            assert!(!told.contains("s3cr3t"), "{told}");
        }
        let told = Target::parse("postgres://nhi:s3cr3t@db.example:6432/x")
            .unwrap()
            .to_string();
        assert_eq!(told, "postgres://nhi@db.example:6432/x");
    }

    #[test]
    fn lines_of_a_password_file() {
        let config = Target::parse("postgres://nhi@db.example/reg").unwrap().config;
        for (line, password) in [
            ("db.example:5432:reg:nhi:pass", Some("pass")),
            ("*:*:*:*:a\\:b\\\\c", Some("a:b\\c")),
            ("db.example:5433:reg:nhi:pass", None),
            ("other:5432:reg:nhi:pass", None),
            ("db.example:5432:reg:nhi", None),
            ("# *:*:*:*:pass", None),
            ("", None),
        ] {
            assert_eq!(password_of(line, &config).as_deref(), password, "{line}");
        }
        assert_eq!(fields("a:\\"), ["a", ""]);
    }
}
