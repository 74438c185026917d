//! Standard output and standard error, with colour where it is wanted.

use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};

use super::screen::{BOLD, CYAN, PLAIN, RED, Screen};
use crate::args::Color;
use crate::exit::{Exit, Failure};

/// Where text wraps when nobody says how wide the screen is.
const WIDTH_DEFAULT: usize = 100;
const WIDTH_MIN: usize = 40;
const WIDTH_MAX: usize = 120;

/// The two streams of the process.
#[derive(Debug)]
pub(crate) struct Console {
    choice: ColorChoice,
    /// Where the answer wraps.
    pub(crate) width: usize,
    /// Where the talk wraps.
    pub(crate) talk_width: usize,
}

impl Console {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        Self {
            choice,
            width: width(terminal_size::terminal_size_of(io::stdout())),
            talk_width: width(terminal_size::terminal_size_of(io::stderr())),
        }
    }

    /// Writes the answer. A reader that closed the pipe has read enough.
    pub(crate) fn answer(&self, text: &str) -> Result<(), Failure> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.choice);
        let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::undecided(format!(
                "standard output cannot be written: {error}"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes machine-readable text as it is.
    pub(crate) fn answer_raw(&self, text: &str) -> Result<(), Failure> {
        Self {
            choice: ColorChoice::AlwaysAnsi,
            ..*self
        }
        .answer(text)
    }

    /// Writes talk. Nobody may be listening, which changes nothing.
    pub(crate) fn talk(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.choice);
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// Asks the person at the terminal; no line break is added.
    pub(crate) fn ask(&self, prompt: &str) {
        let end = if prompt.ends_with('\n') { "\n" } else { "" };
        self.talk(&format!(
            "{}{end}",
            super::sanitise::visible(prompt.trim_end_matches('\n'))
        ));
    }

    /// Says why a command stopped.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut screen = Screen::new(self.talk_width);
        screen.line(&[(RED, "error:"), (PLAIN, " "), (BOLD, &failure.message)]);
        if !failure.help.is_empty() {
            screen.line(&[(CYAN, "help:"), (PLAIN, " "), (PLAIN, &failure.help)]);
        }
        self.talk(&screen.into_text());
    }

    /// Shows what the command-line parser has to say: help and version are answers, the rest are usage errors.
    pub(crate) fn clap(&self, error: &clap::Error) -> Exit {
        let mut screen = Screen::new(self.width);
        for line in error.render().to_string().lines() {
            screen.line(&[(PLAIN, line)]);
        }
        let text = screen.into_text();
        if error.use_stderr() {
            self.talk(&text);
            return Exit::Usage;
        }
        match self.answer(&text) {
            Ok(()) => Exit::Clean,
            Err(failure) => failure.exit,
        }
    }
}

fn width(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    size.map_or(WIDTH_DEFAULT, |(width, _)| usize::from(width.0))
        .clamp(WIDTH_MIN, WIDTH_MAX)
}

/// A line on the terminal while long work goes on; silent in logs and for short work.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    shown: Option<Instant>,
    is_enabled: bool,
}

impl Progress {
    /// Work shorter than this shows nothing.
    const PATIENCE: Duration = Duration::from_millis(400);
    const INTERVAL: Duration = Duration::from_millis(100);

    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            shown: None,
            is_enabled: io::stderr().is_terminal(),
        }
    }

    /// Shows a state, if it is time to.
    pub(crate) fn show(&mut self, state: impl FnOnce() -> String) {
        let is_due = self.shown.map_or(self.started.elapsed() > Self::PATIENCE, |at| {
            at.elapsed() > Self::INTERVAL
        });
        if self.is_enabled && is_due {
            self.shown = Some(Instant::now());
            Self::draw(&state());
        }
    }

    /// Shows a state before work that is known to be long.
    pub(crate) fn announce(&mut self, state: &str) {
        if self.is_enabled {
            self.shown = Some(Instant::now());
            Self::draw(state);
        }
    }

    /// Returns to the start of the line and clears it.
    fn draw(state: &str) {
        let _ = write!(io::stderr().lock(), "\r\u{1b}[2K{}", super::sanitise::visible(state));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            Self::draw("");
        }
    }
}
