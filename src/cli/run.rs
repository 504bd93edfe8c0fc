//! From the words of the command line to an exit code.

use std::ffi::OsString;

use crate::cli::args::{Cli, Verb};
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::parse::parse;
use crate::cli::verbs::{
    about, console, iam, journal, look, operate, replay, report, scenarios, serve, stacks,
};
use crate::config;
use crate::config::env::Env;
use crate::domain::operation::OperationKind;
use crate::domain::text::clean;
use crate::error::ExitCode;
use crate::runtime::telemetry;

/// Runs the program.
pub fn run<I, T>(words: I, streams: &mut Streams<'_>) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match parse(words) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, streams),
    };
    match dispatch(&cli, streams) {
        Ok(code) => code,
        Err(failed) => {
            let line = failed
                .message
                .lines()
                .map(clean)
                .collect::<Vec<_>>()
                .join("\n");
            say(streams, &format!("switchback: {line}"));
            failed.code
        }
    }
}

/// Help and version go to stdout, mistakes to stderr.
fn explain(error: &clap::Error, streams: &mut Streams<'_>) -> ExitCode {
    let text = error.render();
    if error.use_stderr() {
        say(streams, text.to_string().trim_end());
        return ExitCode::Usage;
    }
    match write!(streams.out, "{text}") {
        Ok(()) => ExitCode::Done,
        Err(_closed) => ExitCode::Failure,
    }
}

/// A line on stderr; if that is closed nobody can be told.
fn say(streams: &mut Streams<'_>, line: &str) {
    if let Err(error) = writeln!(streams.err, "{line}") {
        tracing::debug!(%error, "stderr is closed");
    }
}

fn dispatch(cli: &Cli, streams: &mut Streams<'_>) -> Ended {
    let flags = cli.settings().map_err(Failed::usage)?;
    let mut log = None;
    let mut context = || -> Result<Context, Failed> {
        let env = Env::of_process();
        let settings = config::load(&flags, &env).map_err(Failed::usage)?;
        if let Some(filter) = env.log() {
            log = Some(telemetry::start(&settings.live_state_dir, filter).map_err(Failed::usage)?);
        }
        Ok(Context { settings, env })
    };
    let Some(verb) = &cli.verb else {
        return console::run(&context()?, streams);
    };
    match verb {
        Verb::Status(status) => look::status(&context()?, streams, status.watch),
        Verb::Preflight { direction } => look::preflight(&context()?, streams, direction.kind()),
        Verb::Outputs { flat } => look::outputs(&context()?, streams, *flat),
        Verb::Deploy(o) => operate::run(
            &context()?,
            streams,
            &operate::Wanted::new(OperationKind::Deploy, None, &o.how),
        ),
        Verb::Delete(o) => operate::run(
            &context()?,
            streams,
            &operate::Wanted::new(OperationKind::Delete, None, &o.how),
        ),
        Verb::Repair(o) => operate::run(
            &context()?,
            streams,
            &operate::Wanted::repair(o.wish(), &o.how),
        ),
        Verb::Failover(o) => operate::run(
            &context()?,
            streams,
            &operate::Wanted::new(OperationKind::Failover, o.lever, &o.how)
                .drained(o.drained)
                .drill(o.drill),
        ),
        Verb::Failback(o) => operate::run(
            &context()?,
            streams,
            &operate::Wanted::new(OperationKind::Failback, o.lever, &o.how)
                .drained(o.drained)
                .drill(o.drill),
        ),
        Verb::Stacks(verb) => stacks::run(&context()?, streams, verb),
        Verb::Journal(verb) => journal::run(&context()?, streams, verb),
        Verb::Report { operation, out } => {
            report::run(&context()?, streams, operation.as_deref(), out.as_deref())
        }
        Verb::Iam { whose } => iam::run(&context()?, streams, *whose),
        Verb::Scenarios(verb) => scenarios::run(&context()?, streams, verb),
        Verb::Serve(serve) => serve::run(&context()?, streams, *serve),
        Verb::Replay { file, until } => replay::run(streams, file, *until),
        Verb::Info => about::info(&context()?, streams),
        Verb::Config(verb) => about::config(&context()?, streams, *verb),
        Verb::Completions { shell } => about::completions(streams, *shell),
        Verb::Man => about::man(streams),
    }
}
