//! A console of which a part panics when somebody says so: in production nothing can be told to.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the part that panics is not a part of the console"
)]

use std::ffi::OsStr;

use switchback::runtime::console;
use switchback::ui::Theme;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::support::in_process::Rehearsed;

/// Runs the console on this process's terminal; `who` is `loop` or `task`, `address` is where the word comes from.
pub(crate) fn console(who: &OsStr, address: &OsStr) {
    let who = who.to_owned();
    let address = address.to_str().unwrap().to_owned();
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let rehearsed = Rehearsed::start("steady", state.path()).await;
        let theme = Theme::of_terminal(false, None, Some("xterm-256color"), true);
        let opening = rehearsed.core.model.clone();
        let running = console::run(&opening, &theme, async {
            Ok::<_, std::io::Error>(rehearsed.core)
        });
        if who == "loop" {
            tokio::select! {
                _ = running => {}
                () = panics_when_told(address) => {}
            }
        } else {
            tokio::spawn(panics_when_told(address));
            let said = running.await.unwrap_err().to_string();
            assert!(said.contains("on purpose"), "{said}");
            eprintln!("{said}");
        }
    });
    runtime.shutdown_background();
}

async fn panics_when_told(address: String) {
    let mut word = TcpStream::connect(address).await.unwrap();
    word.read_u8().await.unwrap();
    panic!("on purpose");
}
