//! How far long work has come, on standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// What is being done, on one line of the terminal; without a terminal, a line for each thing or nothing.
#[derive(Debug)]
pub struct Progress {
    /// How much is done.
    pub done: usize,
    all: usize,
    started: Instant,
    is_terminal: bool,
    has_lines: bool,
    what: String,
}

impl Progress {
    /// Of so much work, with a line for each thing where there is no terminal.
    pub fn new(all: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { done: 0, all, started: Instant::now(), is_terminal, has_lines: true, what: String::new() }
    }

    /// The same, with nothing where there is no terminal.
    pub fn on_terminal(all: usize) -> Self {
        Self { has_lines: false, ..Self::new(all) }
    }

    /// Tells what is done next, and which part of it.
    pub fn show(&mut self, what: &str, part: &str) {
        let is_new = self.what != what;
        let percent = self.done * 100 / self.all.max(1);
        let mut stderr = std::io::stderr().lock();
        // Nobody has to listen.
        let _ = if self.is_terminal {
            write!(stderr, "\r\x1b[K{percent:3} %{} {what}{part}", self.left()).and_then(|()| stderr.flush())
        } else if is_new && self.has_lines {
            writeln!(stderr, "{percent:3} %{} {what}", self.left())
        } else {
            Ok(())
        };
        self.what = what.to_string();
    }

    /// Makes room for something else on the terminal.
    pub fn clear(&self) {
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn left(&self) -> String {
        if self.done == 0 {
            return String::new();
        }
        let each = self.started.elapsed() / u32::try_from(self.done).unwrap_or(1);
        let left = each * u32::try_from(self.all - self.done).unwrap_or(0);
        if left < Duration::from_secs(100) {
            format!(", {} s left", left.as_secs())
        } else {
            format!(", {} min left", left.as_secs().div_ceil(60))
        }
    }
}
