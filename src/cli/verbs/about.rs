//! `info`, `config`, `completions`, `man`.

use crate::cli::args::ConfigVerb;
use crate::cli::context::{Context, Ended, Streams};
use crate::cli::output::settings_text;
use crate::config;
use crate::error::ExitCode;

/// Versions and folders; asks nobody.
pub fn info(context: &Context, streams: &mut Streams<'_>) -> Ended {
    let settings = &context.settings;
    let file = settings.file.clone().or_else(|| context.env.config_file());
    let shown = |path: Option<std::path::PathBuf>| {
        path.map_or_else(|| "none".to_owned(), |p| p.display().to_string())
    };
    let info = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "config": shown(file),
        "config_read": settings.file.is_some(),
        "state": settings.state_dir.display().to_string(),
        "mode": settings.mode().as_str(),
        "environment": settings.environment_name,
        "user": context.env.user(),
    });
    let text = format!(
        "switchback {}\nconfiguration  {}{}\nstate          {}\nmode           {}\nenvironment    {}\nuser           {}\n",
        env!("CARGO_PKG_VERSION"),
        info.get("config")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("none"),
        if settings.file.is_some() {
            ""
        } else {
            " (not there)"
        },
        settings.state_dir.display(),
        settings.mode().badge(),
        settings.environment_name.as_deref().unwrap_or("none"),
        context.env.user(),
    );
    context.print(streams.out, &info, &text)?;
    Ok(ExitCode::Done)
}

pub fn config(context: &Context, streams: &mut Streams<'_>, verb: ConfigVerb) -> Ended {
    match verb {
        ConfigVerb::Print => {
            let sensitive = sensitive(context);
            let lines = config::explain(&context.settings, &|name| {
                sensitive.contains(&name.to_owned())
            });
            context.print(streams.out, &lines, &settings_text(&lines))?;
        }
        // the settings were resolved and the bundle is read: both are right or the program has ended with the reason
        ConfigVerb::Check => {
            if context.settings.suffix.is_some() {
                context.environment()?;
            }
            writeln!(streams.out, "the configuration is in order")?;
        }
    }
    Ok(ExitCode::Done)
}

/// Parameters whose values are not shown: those that the bundle marks; every one while no bundle can be read.
fn sensitive(context: &Context) -> Vec<String> {
    context.bundle().map_or_else(
        |_| context.settings.parameters.keys().cloned().collect(),
        |bundle| {
            let all = bundle.manifest.parameters.iter();
            all.filter(|p| p.sensitive)
                .map(|p| p.name.clone())
                .collect()
        },
    )
}

pub fn completions(streams: &mut Streams<'_>, shell: clap_complete::Shell) -> Ended {
    streams
        .out
        .write_all(&crate::cli::generate::completions(shell))?;
    Ok(ExitCode::Done)
}

pub fn man(streams: &mut Streams<'_>) -> Ended {
    streams.out.write_all(&crate::cli::generate::man()?)?;
    Ok(ExitCode::Done)
}
