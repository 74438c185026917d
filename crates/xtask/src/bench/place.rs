//! Where a registry is: in a file, or on a PostgreSQL server of the bench's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::shell::Run;

/// Where distributions put the programs of a PostgreSQL server.
const SERVERS: [&str; 3] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
];

/// Where the registry is.
#[derive(Debug)]
pub(super) enum Place {
    Embedded,
    Server(Server),
}

impl Place {
    /// Those that can be had here.
    pub(super) fn all(folder: &Path) -> Vec<Self> {
        let mut places = vec![Self::Embedded];
        match Server::start(folder) {
            Ok(server) => places.push(Self::Server(server)),
            Err(error) => eprintln!("SKIPPED: PostgreSQL is not measured: {error:#}"),
        }
        places
    }

    /// A new registry of this name: below `folder`, or on the server.
    pub(super) fn registry(&self, folder: &Path, name: &str) -> Result<String> {
        match self {
            Self::Embedded => Ok(folder.join(name).with_extension("db").display().to_string()),
            Self::Server(server) => server.database(name),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "SQLite",
            Self::Server(_) => "PostgreSQL",
        }
    }
}

/// A PostgreSQL server of the bench's own; it ends with this value.
#[derive(Debug)]
pub(super) struct Server {
    programs: PathBuf,
    folder: PathBuf,
}

impl Server {
    fn start(folder: &Path) -> Result<Self> {
        let programs = SERVERS
            .iter()
            .map(PathBuf::from)
            .find(|place| place.join("initdb").exists());
        let programs = programs.context("no `initdb` is installed")?;
        fs::create_dir(folder)?;
        for folder in [folder.parent().unwrap_or(folder), folder] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
        }
        let server = Self {
            programs,
            folder: folder.to_owned(),
        };
        let data = folder.join("data");
        let data = data.to_string_lossy();
        server.run(
            "initdb",
            &["-U", "nhi", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", &data],
        )?;
        let socket = format!("-k {} -c listen_addresses=''", folder.display());
        let log = folder.join("log");
        server.run(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &log.to_string_lossy(), "-o", &socket, "start"],
        )?;
        Ok(server)
    }

    /// A new database; the text is what the provider is told.
    fn database(&self, name: &str) -> Result<String> {
        let socket = self.folder.to_string_lossy();
        self.run("createdb", &["-h", &socket, "-U", "nhi", name])?;
        Ok(format!("postgres://nhi@/{name}?host={socket}"))
    }

    /// Runs a program of the server, which refuses to run as root.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let user = Run::new("id").arg("-u").output()?;
        let is_root = user.stdout == b"0\n";
        let run = if is_root {
            Run::new("runuser").args(["-u", "postgres", "--"]).arg(&program)
        } else {
            Run::new(&program)
        };
        let output = run.args(arguments).directory(Path::new("/")).output();
        output.map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        if let Err(error) = self.run("pg_ctl", &["-D", &data.to_string_lossy(), "-m", "immediate", "stop"]) {
            eprintln!("the server in `{}` did not stop: {error:#}", data.display());
        }
    }
}
