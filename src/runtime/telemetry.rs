//! The program's own log, for those who look into the program: a file, only where it is asked for.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Writes events that pass `filter` (such as `switchback=debug`) to `<state>/switchback.log`. The log ends when the
/// guard is dropped.
pub fn start(state: &Path, filter: &str) -> Result<WorkerGuard, String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("SWITCHBACK_LOG=`{filter}` is no filter: {error}"))?;
    std::fs::create_dir_all(state).map_err(|error| format!("{}: {error}", state.display()))?;
    let (writer, guard) =
        tracing_appender::non_blocking(tracing_appender::rolling::never(state, "switchback.log"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false);
    log.try_init().map_err(|error| error.to_string())?;
    Ok(guard)
}
