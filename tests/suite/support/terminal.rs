//! A terminal with the console in it: keys go in, a screen comes out, and what is left of it can be looked at.
#![expect(
    clippy::disallowed_methods,
    reason = "a deadline on a real process needs a real clock; nothing here sleeps"
)]

use std::io::{Read as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::support::home::{Home, SWITCHBACK};

/// How long anything may take on a machine that builds something else at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The console in a terminal.
pub(crate) struct Console {
    parser: vt100::Parser,
    bytes: Receiver<Vec<u8>>,
    /// Everything that the terminal was sent.
    pub(crate) raw: Vec<u8>,
    writer: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    closing: Arc<AtomicBool>,
    child: Box<dyn Child + Send + Sync>,
    modes: String,
    /// Kept until the console is gone.
    _home: Home,
}

impl Console {
    /// Starts the program; `line` holds its arguments.
    pub(crate) fn start(line: &str, columns: u16, rows: u16) -> Self {
        Self::start_with(line, columns, rows, &[])
    }

    pub(crate) fn start_with(
        line: &str,
        columns: u16,
        rows: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = CommandBuilder::new(SWITCHBACK);
        command.args(line.split_whitespace());
        Self::launch(command, Home::new(), (columns, rows), variables)
    }

    pub(crate) fn launch(
        mut command: CommandBuilder,
        home: Home,
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        command.env_clear();
        for (name, value) in home.variables() {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.path(""));
        let pty = native_pty_system().openpty(size(columns, rows)).unwrap();
        let modes = modes(pty.master.as_ref());
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let closing = Arc::new(AtomicBool::new(false));
        let bytes = read_on_a_thread(pty.master.as_ref(), Arc::clone(&closing));
        Self {
            parser: vt100::Parser::new(rows, columns, 0),
            bytes,
            raw: Vec::new(),
            writer: Some(pty.master.take_writer().unwrap()),
            master: Some(pty.master),
            closing,
            child,
            modes,
            _home: home,
        }
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub(crate) fn text(&self) -> String {
        self.screen().contents()
    }

    /// Reads until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("never saw {what}; the screen is:\n{}", self.text())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before {what}; the screen is:\n{}", self.text())
                }
            }
        }
    }

    /// Reads until the screen shows all of these.
    #[track_caller]
    pub(crate) fn sees(&mut self, texts: &[&str]) {
        self.until(&format!("{texts:?}"), |screen| {
            let shown = screen.contents();
            texts.iter().all(|text| shown.contains(text))
        });
    }

    /// Presses a key until the screen shows all of these. Nothing is planned for a stack that was not read lately, and
    /// a machine that is busy with other tests may not keep up with the world: then do as the console says, try again.
    #[track_caller]
    pub(crate) fn opens(&mut self, key: &str, texts: &[&str]) {
        const AGAIN: &str = "try again in a moment";
        for _ in 0..20 {
            self.press(key);
            self.until(&format!("{texts:?}"), |screen| {
                let shown = screen.contents();
                shown.contains(AGAIN) || texts.iter().all(|text| shown.contains(text))
            });
            if !self.text().contains(AGAIN) {
                return;
            }
            self.press("\x12");
            self.sees_no_more(AGAIN);
        }
        panic!(
            "{key} still can't be answered; the screen is:\n{}",
            self.text()
        );
    }

    /// Reads until the screen no longer shows this.
    #[track_caller]
    pub(crate) fn sees_no_more(&mut self, text: &str) {
        self.until(&format!("no more {text:?}"), |screen| {
            !screen.contents().contains(text)
        });
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        let master = self.master.as_ref().unwrap();
        master.resize(size(columns, rows)).unwrap();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Reads to the end and waits for the process.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end; the screen is:\n{}", self.text())
                }
            }
        }
        self.child.wait().unwrap()
    }

    /// Closes the terminal's other end, as a lost SSH session does, and waits for the process.
    pub(crate) fn hang_up(&mut self) -> ExitStatus {
        self.closing.store(true, Ordering::SeqCst);
        // a key makes the program draw, the reader wakes up, sees that it should stop, and drops its end
        self.press("?");
        while self.bytes.recv_timeout(PATIENCE).is_ok() {}
        drop(self.writer.take());
        drop(self.master.take());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::yield_now();
        }
        panic!("it outlives its terminal")
    }

    /// The terminal is as it was before: main screen, cursor, cooked mode, no bracketed paste.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "paste is still bracketed");
        let master = self.master.as_ref().unwrap();
        assert_eq!(modes(master.as_ref()), self.modes, "still in raw mode");
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// The line discipline's settings as text.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn read_on_a_thread(master: &dyn MasterPty, closing: Arc<AtomicBool>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    let mut reader = master.try_clone_reader().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count) = reader.read(&mut buffer) {
            if count == 0 || closing.load(Ordering::SeqCst) {
                return;
            }
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
