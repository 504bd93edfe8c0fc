//! `report`: what an operation was, from its journal alone.

use std::path::{Path, PathBuf};

use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{json, report_text};
use crate::cli::verbs::journal::find;
use crate::error::ExitCode;
use crate::journal::{self, Report};

pub fn run(
    context: &Context,
    streams: &mut Streams<'_>,
    operation: Option<&str>,
    out: Option<&Path>,
) -> Ended {
    let state = &context.settings.state_dir;
    if let Some(folder) = out {
        for path in write(state, operation, folder)? {
            writeln!(streams.out, "{}", path.display())?;
        }
        return Ok(ExitCode::Done);
    }
    let report = read(state, operation)?;
    context.print(streams.out, &report, &report_text(&report))?;
    Ok(ExitCode::Done)
}

/// The report of an operation, or of the newest.
fn read(state: &Path, operation: Option<&str>) -> Result<Report, Failed> {
    let file = find(&journal::list(state), operation)?;
    let broken = journal::verify(&file)?.err().map(|why| why.to_string());
    let records = journal::read(&file)?;
    journal::report(&records, broken).ok_or_else(|| {
        let path = file.display();
        Failed::new(
            ExitCode::Failure,
            format!("the plan in {path} can't be read: it was written by another version"),
        )
    })
}

/// Writes the report as Markdown and as JSON into a folder; tells the files.
fn write(state: &Path, operation: Option<&str>, folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let report = read(state, operation)?;
    std::fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    for (extension, content) in [("md", report_text(&report)), ("json", json(&report)?)] {
        let path = folder.join(format!("{}.{extension}", report.operation));
        std::fs::write(&path, content)?;
        files.push(path);
    }
    Ok(files)
}

/// The same for the console.
pub fn write_one(state: &Path, operation: &str, folder: &Path) -> Result<Vec<PathBuf>, String> {
    write(state, Some(operation), folder).map_err(|failed| failed.message)
}
