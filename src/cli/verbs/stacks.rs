//! `stacks`: bundles and their templates, without AWS.

use std::path::{Path, PathBuf};

use crate::bundle::{self, Bundle, inline, lint};
use crate::cli::args::Stacks;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::error::ExitCode;

/// CloudFormation's limit for a template in the request (facts/aws.md §3.2).
const MOST_BYTES: usize = 51_200;

pub fn run(context: &Context, streams: &mut Streams<'_>, verb: &Stacks) -> Ended {
    match verb {
        Stacks::List => list(context, streams),
        Stacks::Show { .. } => show(context, streams),
        Stacks::Check { which } => check(context, streams, which.as_deref()),
        Stacks::Export { yaml, out, .. } => export(context, streams, *yaml, out.as_deref()),
        Stacks::Inline { check } => inline_all(context, streams, *check),
    }
}

fn catalogue(context: &Context) -> Result<Vec<Bundle>, Failed> {
    bundle::catalogue(context.settings.bundle_dir.as_deref()).map_err(Failed::usage)
}

fn list(context: &Context, streams: &mut Streams<'_>) -> Ended {
    let bundles = catalogue(context)?;
    let manifests: Vec<_> = bundles.iter().map(|b| &b.manifest).collect();
    let text: String = bundles
        .iter()
        .map(|b| {
            let m = &b.manifest;
            format!(
                "{:<22}{} / {}  {} stacks  {} ({})\n",
                m.name,
                m.regions.primary,
                m.regions.standby,
                m.stacks.len(),
                m.title,
                b.origin
            )
        })
        .collect();
    context.print(streams.out, &manifests, &text)?;
    Ok(ExitCode::Done)
}

fn show(context: &Context, streams: &mut Streams<'_>) -> Ended {
    let bundle = context.bundle()?;
    let m = &bundle.manifest;
    let mut text = format!(
        "{}: {}\n{} / {}\n\nstacks\n",
        m.name, m.title, m.regions.primary, m.regions.standby
    );
    for stack in &m.stacks {
        let after = stack
            .after
            .iter()
            .map(|a| a.0.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let after = if after.is_empty() {
            String::new()
        } else {
            format!("  after {after}")
        };
        text.push_str(&format!(
            "  {:<10}{:<9}{:<38}{}{after}\n",
            stack.id.0,
            stack.role.as_str(),
            stack.name,
            stack.template
        ));
    }
    text.push_str("\nparameters\n");
    for parameter in &m.parameters {
        let needed = if parameter.required { "needed" } else { "" };
        text.push_str(&format!(
            "  {:<22}{needed:<8}{}\n",
            parameter.name, parameter.label
        ));
    }
    text.push_str("\nsignals\n");
    for signal in &m.signals {
        text.push_str(&format!(
            "  {:<32}{:<9}{} {}\n",
            signal.id.0,
            signal.role.as_str(),
            signal.namespace,
            signal.metric
        ));
    }
    context.print(streams.out, m, &text)?;
    Ok(ExitCode::Done)
}

/// Holds bundles against the rules; says each body's size.
fn check(context: &Context, streams: &mut Streams<'_>, which: Option<&str>) -> Ended {
    let bundles = match which {
        Some(_) => vec![context.bundle()?],
        None => catalogue(context)?,
    };
    let mut found = 0;
    for bundle in &bundles {
        for (file, body) in &bundle.templates {
            writeln!(
                streams.out,
                "{}/{file}: {} of {MOST_BYTES} bytes",
                bundle.manifest.name,
                body.len()
            )?;
        }
        for finding in lint::check(bundle) {
            found += 1;
            writeln!(streams.out, "{}: {finding}", bundle.manifest.name)?;
        }
    }
    let rules = lint::rules().count();
    if found == 0 {
        writeln!(
            streams.out,
            "{} bundles, {rules} rules: nothing found",
            bundles.len()
        )?;
        Ok(ExitCode::Done)
    } else {
        Err(Failed::new(ExitCode::Failure, format!("{found} findings")))
    }
}

/// Writes the templates as they are deployed (minified JSON), or as YAML.
fn export(context: &Context, streams: &mut Streams<'_>, yaml: bool, out: Option<&Path>) -> Ended {
    let bundle = context.bundle()?;
    let folder = out.map_or_else(|| PathBuf::from(&bundle.manifest.name), Path::to_owned);
    std::fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, &e))?;
    for (file, body) in &bundle.templates {
        let (name, text) = if yaml {
            let tree: serde_json::Value = serde_json::from_str(body)?;
            (
                Path::new(file).with_extension("yaml"),
                bundle::yaml::template(&tree),
            )
        } else {
            (PathBuf::from(file), body.clone())
        };
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| unwritable(parent, &e))?;
        }
        std::fs::write(&path, text).map_err(|e| unwritable(&path, &e))?;
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
    let mut different = 0;
    for bundle in catalogue(context)? {
        let bundle::Origin::Folder(folder) = &bundle.origin else {
            continue;
        };
        for file in bundle.templates.keys() {
            let path = folder.join(file);
            let before = std::fs::read_to_string(&path).map_err(|e| unwritable(&path, &e))?;
            let after = inline::inline(&before, &|name: &str| {
                let missing =
                    || bundle::BundleError::unreadable(name, &"the source file is not there");
                bundle.sources.get(name).cloned().ok_or_else(missing)
            })
            .map_err(Failed::usage)?;
            if before == after {
                continue;
            }
            different += 1;
            writeln!(streams.out, "{}", path.display())?;
            if !check {
                std::fs::write(&path, after).map_err(|e| unwritable(&path, &e))?;
            }
        }
    }
    if check && different > 0 {
        let why = format!(
            "{different} templates differ from their sources: run `switchback --bundle-dir {} stacks inline`",
            dir.display()
        );
        return Err(Failed::new(ExitCode::Failure, why));
    }
    Ok(ExitCode::Done)
}
