//! What a verb works with: streams, settings, the bundle and the environment.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::bundle::{self, Bundle, Choices};
use crate::cli::verbs::report;
use crate::clock::Clock;
use crate::config::env::Env;
use crate::config::{Format, Settings};
use crate::domain::environment::Environment;
use crate::error::ExitCode;
use crate::journal;
use crate::rehearsal::scenario::Scenario;
use crate::runtime::connect::{self, Stage, Wiring};
use crate::runtime::core::Core;

/// Where a command reads from and writes to.
pub struct Streams<'a> {
    pub input: &'a mut dyn io::BufRead,
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// Somebody sits at both ends.
    pub is_terminal: bool,
}

/// A command that could not do its work: what to say, and the exit code.
#[derive(Debug)]
pub struct Failed {
    pub code: ExitCode,
    pub message: String,
}

/// How a verb ends.
pub type Ended = Result<ExitCode, Failed>;

impl Failed {
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "errors are handed over by map_err"
    )]
    pub fn usage(message: impl ToString) -> Self {
        Self::new(ExitCode::Usage, message.to_string())
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::new(ExitCode::Failure, error.to_string())
    }
}

/// Settings and the process's environment.
pub struct Context {
    pub settings: Settings,
    pub env: Env,
}

impl Context {
    /// Prints a value in the format that was asked for.
    pub fn print<T: serde::Serialize>(
        &self,
        to: &mut dyn Write,
        value: &T,
        text: &str,
    ) -> Result<(), Failed> {
        match self.settings.format {
            Format::Json => to.write_all(crate::cli::output::json(value)?.as_bytes())?,
            Format::Human | Format::Prometheus => to.write_all(text.as_bytes())?,
        }
        Ok(())
    }

    /// The bundle that the settings name; the only one there is, if they name none.
    pub fn bundle(&self) -> Result<Bundle, Failed> {
        let dir = self.settings.bundle_dir.as_deref();
        let found = match &self.settings.bundle {
            Some(name) => bundle::find(dir, name),
            None => only(bundle::catalogue(dir).map_err(Failed::usage)?),
        };
        found.map_err(Failed::usage)
    }

    /// The environment that the settings describe.
    pub fn environment(&self) -> Result<Environment, Failed> {
        let settings = &self.settings;
        let suffix = settings.suffix.clone().ok_or_else(|| {
            Failed::usage(
                "which environment? Give --environment NAME (from the configuration) or --bundle BUNDLE --suffix SUFFIX, or try --rehearse",
            )
        })?;
        let bundle = self.bundle()?;
        let mut parameters = settings.parameters.clone();
        if settings.rehearse.is_some() {
            for spec in bundle.manifest.parameters.iter().filter(|p| p.required) {
                if let Some(example) = &spec.example {
                    parameters
                        .entry(spec.name.clone())
                        .or_insert_with(|| example.clone());
                }
            }
        }
        let choices = Choices {
            suffix,
            primary: settings.primary.clone(),
            standby: settings.standby.clone(),
            name: settings.environment_name.clone(),
            parameters,
            mode: settings.mode(),
            production: settings.production,
            drill_windows: settings.drill_windows.clone(),
            read_only: settings.read_only,
        };
        bundle.environment(choices).map_err(Failed::usage)
    }

    pub fn wiring(&self) -> Wiring {
        Wiring {
            profile: self.settings.profile.clone(),
            endpoint_url: self.settings.endpoint.as_ref().map(ToString::to_string),
            name_servers: self.settings.name_servers.clone(),
            state: self.settings.state_dir.clone(),
            user: self.env.user(),
        }
    }

    /// The scenario to rehearse, if this is a rehearsal. `speed` is world seconds per second of tokio's clock.
    pub fn stage(&self, speed: f64) -> Result<Option<Stage>, Failed> {
        let Some(rehearse) = &self.settings.rehearse else {
            return Ok(None);
        };
        let scenario = scenario(&rehearse.scenario)?;
        Ok(Some(Stage {
            scenario,
            seed: rehearse.seed,
            speed,
            epoch: whole_second(Clock::wall().now()),
        }))
    }

    /// Runs a headless command: a rehearsal on a paused clock (no waiting), anything else in real time.
    pub fn headless<T>(
        &self,
        env: &Environment,
        work: impl AsyncFnOnce(&mut Core) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let stage = self.stage(1.0)?;
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all();
        if stage.is_some() {
            builder.start_paused(true);
        }
        let wiring = self.wiring();
        let runtime = builder.build()?;
        let ended = runtime.block_on(async {
            let session = match stage {
                Some(stage) => {
                    let world = connect::world(env, stage)?;
                    connect::rehearsal(env, wiring, world).await?
                }
                None => connect::network(env, wiring).await?,
            };
            let mut core = Core::start(session, env.clone());
            self.prepare(&mut core);
            let result = work(&mut core).await;
            core.stop().await;
            result
        });
        // a thread that waits for a disk that hangs is not waited for
        runtime.shutdown_background();
        ended
    }

    /// What the model needs to know from the settings and from earlier rehearsals.
    pub fn prepare(&self, core: &mut Core) {
        core.model.patience = self.settings.timeout;
        core.write_report = Some(report::write_one);
        core.model.practised =
            journal::practised(&self.settings.live_state_dir, &core.model.env.name);
    }

    /// How long a first look may take.
    pub fn look(&self) -> Duration {
        self.settings
            .timeout
            .map_or(crate::runtime::headless::LOOK, |limit| {
                limit.min(crate::runtime::headless::LOOK)
            })
    }
}

/// A scenario that ships, or the one of a file whose path ends in `.toml`.
pub fn scenario(name: &str) -> Result<Scenario, Failed> {
    if Path::new(name).extension().is_none_or(|e| e != "toml") {
        return Scenario::shipped(name).map_err(Failed::usage);
    }
    let text = std::fs::read_to_string(name).map_err(|e| Failed::usage(format!("{name}: {e}")))?;
    Scenario::parse(name, &text).map_err(Failed::usage)
}

fn only(mut bundles: Vec<Bundle>) -> Result<Bundle, bundle::BundleError> {
    let names: Vec<String> = bundles.iter().map(|b| b.manifest.name.clone()).collect();
    match bundles.pop() {
        Some(bundle) if bundles.is_empty() => Ok(bundle),
        _ => Err(bundle::BundleError::Which {
            known: names.join(", "),
        }),
    }
}

/// Worlds start on a whole second, so that their metrics fall on whole minutes of their own.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
