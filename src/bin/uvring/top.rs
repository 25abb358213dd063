//! `uvring top`: what the loops of a running process do, as a page that goes on, or once.

mod page;
mod watched;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, queue};
use signal_hook::consts::{SIGHUP, SIGTERM};

use crate::{FAILED, Failure, Result};
use page::{Line, Page};
use watched::{Sample, Watched};

/// Histograms on the page that goes on are of so many seconds.
const WINDOW: Duration = Duration::from_secs(10);
/// Columns of a page that is not shown on a terminal.
const PLAIN_WIDTH: usize = 100;

/// How it is shown.
pub(crate) struct Options {
    /// One page, and no more.
    pub(crate) once: bool,
    /// The same for programs.
    pub(crate) json: bool,
    /// From one look to the next.
    pub(crate) every: Duration,
}

/// Shows a process; without one, those that there are.
pub(crate) fn top(pid: Option<u32>, options: &Options) -> Result<ExitCode> {
    let Some(pid) = pid else {
        anstream::print!("{}", page::list(&watched::all()));
        return Ok(ExitCode::SUCCESS);
    };
    let watched = Watched::open(pid)?;
    if options.json {
        println!("{:#}", page::json(&watched, &watched.look()?));
    } else if options.once || !io::stdout().is_terminal() {
        let size = if io::stdout().is_terminal() { terminal::size().ok() } else { None };
        let width = size.map_or(PLAIN_WIDTH, |(columns, _)| columns.into());
        let page = Page { watched: &watched, now: &watched.look()?, before: None, since: None };
        for line in page.lines(width.max(40)) {
            anstream::println!("{line}");
        }
    } else {
        let ended = go_on(&watched, options.every).map_err(|e| Failure::new(FAILED, format!("the terminal: {e}")))?;
        if ended {
            println!("process {pid} ({}) has ended", watched.program);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The terminal as `top` wants it, until this goes.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Screen> {
        terminal::enable_raw_mode()?;
        let screen = Screen;
        queue!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }

    /// Shows a page from a line on.
    fn show(&self, lines: &[Line], from: usize) -> io::Result<()> {
        let (columns, rows) = terminal::size()?;
        let mut out = Vec::new();
        queue!(out, cursor::MoveTo(0, 0))?;
        for (row, line) in lines.iter().skip(from).take(rows.into()).enumerate() {
            queue!(out, cursor::MoveTo(0, row as u16))?;
            write!(out, "{}", line.cut(columns.into()))?;
            queue!(out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(out, Clear(ClearType::FromCursorDown))?;
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = queue!(io::stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = io::stdout().flush();
        let _ = terminal::disable_raw_mode();
    }
}

/// Shows pages until the user or a signal ends it; true if the process has ended first.
fn go_on(watched: &Watched, every: Duration) -> io::Result<bool> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    let screen = Screen::enter()?;
    let mut samples: Vec<Sample> = Vec::new();
    let mut from = 0;
    while !ended.load(Relaxed) {
        if !watched.is_alive() {
            return Ok(true);
        }
        if let Ok(sample) = watched.look() {
            samples.push(sample);
        }
        let Some(now) = samples.last() else { return Ok(true) };
        let oldest = samples.iter().position(|sample| now.at - sample.at <= WINDOW).unwrap_or_default();
        samples.drain(..oldest);
        let next = Instant::now() + every;
        while let [.., before, now] = &samples[..] {
            let page = Page { watched, now, before: Some(before), since: samples.first() };
            let lines = page.lines(terminal::size()?.0.into());
            screen.show(&lines, from)?;
            let Some(event) = next_event(next)? else { break };
            match event {
                Key::Quit => return Ok(false),
                Key::Move(by) => from = from.saturating_add_signed(by).min(lines.len().saturating_sub(2)),
                Key::Other => {}
            }
        }
        if samples.len() == 1 {
            // Rates need two.
            std::thread::sleep(every.min(Duration::from_millis(200)));
        }
    }
    Ok(false)
}

enum Key {
    Quit,
    Move(isize),
    /// The window has changed, or it means nothing.
    Other,
}

/// What comes first: an event, or the time.
fn next_event(until: Instant) -> io::Result<Option<Key>> {
    if !event::poll(until.saturating_duration_since(Instant::now()))? {
        return Ok(None);
    }
    let Event::Key(key) = event::read()? else { return Ok(Some(Key::Other)) };
    if key.kind == KeyEventKind::Release {
        return Ok(Some(Key::Other));
    }
    Ok(Some(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Quit,
        KeyCode::Down | KeyCode::Char('j') => Key::Move(1),
        KeyCode::Up | KeyCode::Char('k') => Key::Move(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => Key::Move(10),
        KeyCode::PageUp => Key::Move(-10),
        KeyCode::Home => Key::Move(isize::MIN),
        _ => Key::Other,
    }))
}
