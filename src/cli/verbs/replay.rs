//! `replay`: what the console showed at the end of a recording, or on the way there.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::cli::context::{Ended, Failed, Streams};
use crate::error::ExitCode;
use crate::runtime::recorder;
use crate::ui;

pub fn run(streams: &mut Streams<'_>, file: &Path, until: Option<usize>) -> Ended {
    let opened = File::open(file);
    let opened = opened.map_err(|e| Failed::usage(format!("{}: {e}", file.display())))?;
    let (model, played) = recorder::replay(BufReader::new(opened), until).map_err(Failed::usage)?;
    streams.out.write_all(ui::plain(&model)?.as_bytes())?;
    writeln!(
        streams.err,
        "switchback: {played} messages, up to {}",
        model.now.strftime("%Y-%m-%d %H:%M:%SZ")
    )?;
    Ok(ExitCode::Done)
}
