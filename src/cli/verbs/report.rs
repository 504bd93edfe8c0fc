//! `report`: what an operation was, from its journal alone.

use std::path::Path;

use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{json, report_text};
use crate::cli::verbs::journal::find;
use crate::error::ExitCode;
use crate::journal;

pub fn run(
    context: &Context,
    streams: &mut Streams<'_>,
    operation: Option<&str>,
    out: Option<&Path>,
) -> Ended {
    let file = find(&journal::list(&context.settings.state_dir), operation)?;
    let broken = journal::verify(&file)?.err().map(|why| why.to_string());
    let records = journal::read(&file)?;
    let report = journal::report(&records, broken).ok_or_else(|| {
        let path = file.display();
        Failed::new(
            ExitCode::Failure,
            format!("the plan in {path} can't be read: it was written by another version"),
        )
    })?;
    let text = report_text(&report);
    let Some(folder) = out else {
        context.print(streams.out, &report, &text)?;
        return Ok(ExitCode::Done);
    };
    std::fs::create_dir_all(folder)?;
    for (extension, content) in [("md", text), ("json", json(&report)?)] {
        let path = folder.join(format!("{}.{extension}", report.operation));
        std::fs::write(&path, content)?;
        writeln!(streams.out, "{}", path.display())?;
    }
    Ok(ExitCode::Done)
}
