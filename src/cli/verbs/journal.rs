//! `journal`: what was done, by whom, and whether the record is whole.

use std::path::PathBuf;

use crate::cli::args::JournalVerb;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{journal_list_text, journal_show_text};
use crate::error::ExitCode;
use crate::journal::{self, Summary};

pub fn run(context: &Context, streams: &mut Streams<'_>, verb: &JournalVerb) -> Ended {
    let state = &context.settings.state_dir;
    match verb {
        JournalVerb::List => {
            let all = journal::list(state);
            context.print(streams.out, &all, &journal_list_text(&all))?;
            Ok(ExitCode::Done)
        }
        JournalVerb::Show { operation } => {
            let file = find(&journal::list(state), operation.as_deref())?;
            let records = journal::read(&file)?;
            context.print(streams.out, &records, &journal_show_text(&records))?;
            Ok(ExitCode::Done)
        }
        JournalVerb::Verify { operation } => verify(context, streams, operation.as_deref()),
    }
}

pub(super) fn find(all: &[Summary], operation: Option<&str>) -> Result<PathBuf, Failed> {
    let found = match operation {
        Some(id) => all.iter().find(|s| s.operation.0 == id),
        None => all.first(),
    };
    found.map(|s| s.file.clone()).ok_or_else(|| {
        Failed::usage(match operation {
            Some(id) => format!(
                "the journal has no operation {id}; `switchback journal list` shows those it has"
            ),
            None => "the journal is empty".to_owned(),
        })
    })
}

fn verify(context: &Context, streams: &mut Streams<'_>, operation: Option<&str>) -> Ended {
    let state = &context.settings.state_dir;
    let files = match operation {
        Some(_) => vec![find(&journal::list(state), operation)?],
        None => journal::files(state),
    };
    let mut broken = 0;
    for file in &files {
        if let Err(why) = journal::verify(file)? {
            broken += 1;
            writeln!(streams.out, "{}: {why}", file.display())?;
        }
    }
    if broken > 0 {
        return Err(Failed::new(
            ExitCode::Failure,
            format!(
                "{broken} of {} journals are not as they were written",
                files.len()
            ),
        ));
    }
    writeln!(
        streams.out,
        "{} journals are as they were written",
        files.len()
    )?;
    Ok(ExitCode::Done)
}
