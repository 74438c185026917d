//! Runs programs with a limit, in a process group of their own, so that nothing outlives a test.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

/// No step of any test takes this long, even on a slow machine that runs several.
const LIMIT: Duration = Duration::from_mins(3);

/// What a program left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command, for messages.
    pub shown: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ran {
    /// Its exit code must be this one.
    pub fn exits(self, code: i32) -> Result<Self> {
        if self.status.code() == Some(code) {
            return Ok(self);
        }
        bail!(
            "`{}` ended with {}, not with exit code {code}\n{}",
            self.shown,
            self.status,
            self.said()
        )
    }

    /// It must succeed.
    pub fn succeeds(self) -> Result<Self> {
        self.exits(0)
    }

    /// It must fail with exit code 1 and say this.
    pub fn fails_with(self, words: &[&str]) -> Result<Self> {
        self.exits(1)?.says(words)
    }

    /// It must say all of this, on either stream; line breaks and the frames of diagnostics do not count.
    pub fn says(self, words: &[&str]) -> Result<Self> {
        let flat = flat(&self.said());
        for word in words {
            if !flat.contains(&self::flat(word)) {
                bail!("`{}` does not say `{word}`\n{}", self.shown, self.said());
            }
        }
        Ok(self)
    }

    /// Both streams.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// Text on one line without the bars that cores draw beside diagnostics.
fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A program that is running in a process group of its own.
#[derive(Debug)]
pub struct Started {
    shown: String,
    group: u32,
    ended: mpsc::Receiver<Result<Ran>>,
}

impl Started {
    /// Starts it; standard input is empty unless `input` is given.
    pub fn new(mut command: Command, input: Option<Vec<u8>>) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let program = Path::new(command.get_program())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let arguments: Vec<_> = command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let shown = format!("{program} {}", arguments.join(" "));
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let child = command.spawn().with_context(|| format!("start `{shown}`"))?;
        let group = child.id();
        let (sender, ended) = mpsc::channel();
        let name = shown.clone();
        std::thread::spawn(move || drop(sender.send(collect(child, input, name))));
        Ok(Self { shown, group, ended })
    }

    /// Waits for the end; a program that takes too long is killed with all it started.
    pub fn wait(self) -> Result<Ran> {
        match self.ended.recv_timeout(LIMIT) {
            Ok(ran) => ran,
            Err(_) => {
                self.signal("KILL")?;
                Err(anyhow!("`{}` did not end within {} s", self.shown, LIMIT.as_secs()))
            }
        }
    }

    /// The process itself, which leads its group.
    pub fn id(&self) -> u32 {
        self.group
    }

    /// Sends a signal to the whole group, as a terminal does.
    pub fn signal(&self, name: &str) -> Result<()> {
        send_signal(name, &format!("-{}", self.group))
    }

    /// Sends a signal to the process alone.
    pub fn signal_alone(&self, name: &str) -> Result<()> {
        send_signal(name, &self.group.to_string())
    }
}

/// The shell's own `kill` is on every machine; the program of that name is not.
fn send_signal(name: &str, target: &str) -> Result<()> {
    let script = format!("kill -s {name} -- {target}");
    let status = Command::new("sh")
        .args(["-c", &script])
        .status()
        .context("send a signal")?;
    if status.success() {
        Ok(())
    } else {
        bail!("`{script}` failed: {status}")
    }
}

fn collect(mut child: Child, input: Option<Vec<u8>>, shown: String) -> Result<Ran> {
    use std::io::Write as _;
    let writer = child.stdin.take().zip(input).map(|(mut stdin, bytes)| {
        // A program that reads no further closes the pipe; that is for the test to judge.
        std::thread::spawn(move || drop(stdin.write_all(&bytes)))
    });
    let output = child
        .wait_with_output()
        .with_context(|| format!("wait for `{shown}`"))?;
    if let Some(writer) = writer {
        drop(writer.join());
    }
    Ok(Ran {
        shown,
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Waits until something is so; fails when it is not so for too long.
pub fn eventually(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    // Nothing is ever sent: its time limit is the pause between two looks.
    let (_keep, pause) = mpsc::channel::<()>();
    while !holds()? {
        if started.elapsed() > LIMIT {
            bail!("{what}: not within {} s", LIMIT.as_secs());
        }
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
    Ok(())
}
