//! `stacks`: bundles and their templates, without AWS; what is deployed of them is compared in `compare.rs`.

use std::path::{Path, PathBuf};

use crate::bundle::present::{self, Format};
use crate::bundle::{self, Bundle};
use crate::cli::args::Stacks;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::verbs::compare;
use crate::error::ExitCode;

pub fn run(context: &Context, streams: &mut Streams<'_>, verb: &Stacks) -> Ended {
    match verb {
        Stacks::List => {
            let listed = present::list(&catalogue(context)?);
            context.print(streams.out, &listed, &present::list_text(&listed))?;
            Ok(ExitCode::Done)
        }
        Stacks::Show { .. } => show(context, streams),
        Stacks::Check { which } => check(context, streams, which.as_deref()),
        Stacks::Export { yaml, out, .. } => export(context, streams, *yaml, out.as_deref()),
        Stacks::Parity => compare::parity(context, streams),
        Stacks::Drift { stack, last } => compare::drift(context, streams, stack.as_deref(), *last),
        Stacks::Inline { check } => inline_all(context, streams, *check),
    }
}

fn catalogue(context: &Context) -> Result<Vec<Bundle>, Failed> {
    bundle::catalogue(context.settings.bundle_dir.as_deref()).map_err(Failed::usage)
}

fn show(context: &Context, streams: &mut Streams<'_>) -> Ended {
    let bundle = context.bundle()?;
    let Some(shown) = present::show(&bundle) else {
        return Err(Failed::new(
            ExitCode::Failure,
            format!("{} can't be shown", bundle.manifest.name),
        ));
    };
    context.print(streams.out, &shown, &present::show_text(&shown))?;
    Ok(ExitCode::Done)
}

/// Holds bundles against the rules.
fn check(context: &Context, streams: &mut Streams<'_>, which: Option<&str>) -> Ended {
    let bundles = match which {
        Some(_) => vec![context.bundle()?],
        None => catalogue(context)?,
    };
    let checked: Vec<_> = bundles.iter().map(present::check).collect();
    let text: String = checked.iter().map(present::check_text).collect();
    context.print(streams.out, &checked, &text)?;
    match checked.iter().map(|c| c.findings.len()).sum::<usize>() {
        0 => Ok(ExitCode::Done),
        found => Err(Failed::new(ExitCode::Failure, format!("{found} findings"))),
    }
}

/// Writes the templates as they are deployed (minified JSON), or as YAML.
fn export(context: &Context, streams: &mut Streams<'_>, yaml: bool, out: Option<&Path>) -> Ended {
    let bundle = context.bundle()?;
    let folder = out.map_or_else(|| PathBuf::from(&bundle.manifest.name), Path::to_owned);
    let format = if yaml { Format::Yaml } else { Format::Json };
    let files = present::export(&bundle, format).map_err(Failed::usage)?;
    std::fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, &e))?;
    for file in files {
        let path = folder.join(&file.file);
        std::fs::write(&path, file.text).map_err(|e| unwritable(&path, &e))?;
        writeln!(streams.out, "{}", path.display())?;
    }
    Ok(ExitCode::Done)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failed {
    Failed::new(
        ExitCode::Failure,
        format!("{} can't be written: {error}", path.display()),
    )
}

/// Puts Lambda sources into the templates of `--bundle-dir`.
fn inline_all(context: &Context, streams: &mut Streams<'_>, check: bool) -> Ended {
    let Some(dir) = context.settings.bundle_dir.as_deref() else {
        return Err(Failed::usage(
            "which folder? Give --bundle-dir DIR: built-in bundles can't be written",
        ));
    };
    let different = bundle::inlined(dir).map_err(Failed::usage)?;
    for (path, text) in &different {
        writeln!(streams.out, "{}", path.display())?;
        if !check {
            std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
        }
    }
    if check && !different.is_empty() {
        let why = format!(
            "{} templates differ from their sources: run `switchback --bundle-dir {} stacks inline`",
            different.len(),
            dir.display()
        );
        return Err(Failed::new(ExitCode::Failure, why));
    }
    Ok(ExitCode::Done)
}
