//! The terminal: taken over at the start, given back on every way out.

use std::io::{self, Stdout, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours now; restoring twice would print stray sequences after an error message.
static TAKEN: AtomicBool = AtomicBool::new(false);

pub(super) type Screen = Terminal<CrosstermBackend<Stdout>>;

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
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        earlier(info);
    }));
    Ok((guard, Terminal::new(CrosstermBackend::new(io::stdout()))?))
}

/// Whether the terminal is still ours: a panic in any thread gives it back.
pub(super) fn is_ours() -> bool {
    TAKEN.load(Ordering::SeqCst)
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
