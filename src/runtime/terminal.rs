//! The terminal: taken over at the start, given back on every way out.

use std::backtrace::Backtrace;
use std::io::{self, Stdout, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::runtime::quiet::Quiet;
use crate::runtime::recorder;
use tokio::sync::Notify;

use crate::domain::text::clean;

/// Whether the terminal is ours now; restoring twice would print stray sequences after an error message.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What a task said when it panicked; the driver of the screen leaves with it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);
static PANICKED: Notify = Notify::const_new();

pub(super) type Screen = Terminal<Quiet<CrosstermBackend<Stdout>>>;

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub(super) struct Guard(());

/// Takes the terminal over: raw mode, alternate screen, bracketed paste, and a panic hook that gives it back first.
pub(super) fn take(title: &str) -> io::Result<(Guard, Screen)> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let guard = Guard(());
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        SetTitle(title)
    )?;
    hook();
    Ok((
        guard,
        Terminal::new(Quiet::new(CrosstermBackend::new(io::stdout())))?,
    ))
}

/// A panic of the thread that draws gives the terminal back and is printed. One of another thread must not write
/// while a frame is being drawn: what it says is kept for the driver, which leaves with it.
fn hook() {
    let driver = std::thread::current().id();
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let recording = recorder::on_panic();
        if std::thread::current().id() == driver || !TAKEN.load(Ordering::SeqCst) {
            restore();
            earlier(info);
            if let Some(path) = recording {
                told(&path);
            }
            return;
        }
        tracing::error!(%info, backtrace = %Backtrace::capture(), "a task panicked");
        let where_to = recording.map_or_else(String::new, |path| {
            format!("; what led there is in {}", path.display())
        });
        let said = format!("{info}{where_to}");
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(clean(&said));
        PANICKED.notify_one();
    }));
}

/// Says where the recording is, on the terminal that was given back.
fn told(path: &Path) {
    let line = format!("what led there is in {}\n", path.display());
    if io::stderr().write_all(line.as_bytes()).is_err() {
        tracing::debug!("nobody reads the end");
    }
}

/// Waits until a task has panicked; what it said.
pub(super) async fn panicked() -> io::Error {
    PANICKED.notified().await;
    let said = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    io::Error::other(said.unwrap_or_else(|| "a task panicked".to_owned()))
}

/// Puts a text on the clipboard of the terminal at the other end of the SSH session (OSC 52).
pub(super) fn copy(text: &str) -> io::Result<()> {
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
}

/// Gives the terminal back. What fails is not worth a word: there may be no terminal any more.
pub(super) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let left = execute!(
        io::stdout(),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let cooked = disable_raw_mode();
    let flushed = io::stdout().flush();
    if let Some(error) = [left, cooked, flushed].into_iter().find_map(Result::err) {
        tracing::debug!(%error, "the terminal could not be given back whole");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}
