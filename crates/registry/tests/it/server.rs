//! A PostgreSQL server of the tests' own: on a socket in a directory that goes away, one database for each test.
//!
//! Where no server is installed, that is said loudly and the tests that need one end at once; with
//! `NHI_REQUIRE_POSTGRES` they fail instead, so that a run that has to cover them cannot pass without.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Where distributions put the programs of the server, newest first.
const PLACES: [&str; 6] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/14/bin",
    "/usr/pgsql-16/bin",
    "/opt/homebrew/opt/postgresql@16/bin",
];

/// A server that ends with this value.
pub(crate) struct Server {
    directory: PathBuf,
    programs: PathBuf,
    databases: AtomicU32,
}

fn programs() -> Option<PathBuf> {
    PLACES
        .iter()
        .map(PathBuf::from)
        .find(|place| place.join("initdb").exists())
}

/// Says that something is not shown, unless it has to be.
fn skip() {
    assert!(
        std::env::var_os("NHI_REQUIRE_POSTGRES").is_none(),
        "no PostgreSQL server is installed, and NHI_REQUIRE_POSTGRES asks for one"
    );
    eprintln!("SKIPPED: no PostgreSQL server is installed (initdb); this case shows nothing");
}

/// A command of the server, as a user that it accepts: it refuses to run as root.
fn command(program: &Path) -> Command {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout == b"0\n");
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null()).env_remove("PGPASSWORD");
    command
}

fn run(mut command: Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Server {
    /// Starts one; nothing where none is installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip();
            return None;
        };
        let directory = tempfile::Builder::new()
            .prefix("nhi-pg-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        let server = Self {
            directory,
            programs,
            databases: AtomicU32::new(0),
        };
        let mut initdb = command(&server.programs.join("initdb"));
        initdb.args([
            "-U",
            "nhi",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        initdb.arg(server.data());
        run(initdb);
        server.resume();
        Some(server)
    }

    /// Starts it anew, with more options and reachable by an address of this host.
    pub(crate) fn restart_with(&self, port: u16, more: &str) {
        let mut stop = command(&self.programs.join("pg_ctl"));
        stop.arg("-D").arg(self.data()).args(["-w", "-m", "fast", "stop"]);
        run(stop);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c log_min_messages=fatal {more}",
            self.directory.display()
        );
        let log = self.directory.join("log");
        self.control(&["-o", &options, "-l", log.to_str().unwrap(), "start"]);
    }

    /// Writes a file that only the server may read; its path.
    pub(crate) fn keep(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|id| id.stdout == b"0\n")
        {
            let status = Command::new("chown").arg("postgres").arg(&path).status().unwrap();
            assert!(status.success(), "the server cannot own {}", path.display());
        }
        path
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Where its socket is.
    pub(crate) fn socket(&self) -> &Path {
        &self.directory
    }

    fn control(&self, arguments: &[&str]) {
        let mut control = command(&self.programs.join("pg_ctl"));
        control.arg("-D").arg(self.data()).arg("-w").args(arguments);
        control.stdout(Stdio::null()).stderr(Stdio::null());
        let status = control.status().unwrap();
        assert!(status.success(), "{control:?}");
    }

    /// Starts it again after it was stopped.
    pub(crate) fn resume(&self) {
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={} -c max_connections=200 -c log_min_messages=fatal",
            self.directory.display()
        );
        let log = self.directory.join("log");
        self.control(&["-o", &options, "-l", log.to_str().unwrap(), "start"]);
    }

    /// Ends it as a crash does: no transaction is ended properly.
    pub(crate) fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// A database that nobody has used; its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://nhi@/{database}?host={}", self.socket().display())
    }

    /// A connection past the registry.
    pub(crate) fn raw(&self, database: &str) -> postgres::Client {
        postgres::Client::connect(&self.url(database), postgres::NoTls).unwrap()
    }

    pub(crate) fn sql(&self, database: &str, statements: &str) -> Result<(), postgres::Error> {
        self.raw(database).batch_execute(statements)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut control = command(&self.programs.join("pg_ctl"));
        control
            .arg("-D")
            .arg(self.data())
            .args(["-m", "immediate", "-w", "stop"]);
        let _ = control.output();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The server that the tests of this process share.
///
/// A static is never dropped, so that its keeper, a process of its own, ends the server when this one has ended.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let server = SERVER.get_or_init(|| Server::start().inspect(keep)).as_ref();
    if server.is_none() {
        skip();
    }
    server
}

/// Starts a process that waits for this one to end, and ends the server then, however that came about.
fn keep(server: &Server) {
    let script = format!(
        "read -r _; server=$(head -n 1 {data}/postmaster.pid); kill -QUIT $server
         while kill -0 $server; do sleep 0.1; done; rm -rf {directory}",
        data = server.data().display(),
        directory = server.directory.display()
    );
    let keeper = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The pipe stays open until this process ends.
    std::mem::forget(keeper);
}
