//! Without a verb: the console.

use crate::app::model::Model;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::clock::Clock;
use crate::error::ExitCode;
use crate::runtime::connect;
use crate::runtime::console;
use crate::runtime::core::Core;
use crate::ui::Theme;

pub fn run(context: &Context, streams: &Streams<'_>) -> Ended {
    let env = context.environment()?;
    if !streams.is_terminal {
        return Err(Failed::usage(
            "the console needs a terminal; try `switchback status`, or `switchback --help` for the verbs",
        ));
    }
    let speed = context.settings.rehearse.as_ref().map_or(1.0, |r| r.speed);
    let stage = context.stage(speed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let theme = theme(context);
    let opening = Model::new(env.clone(), Clock::wall().now());
    let core = async {
        let session = match stage {
            Some(stage) => {
                // building a world takes a while, in which signals must be heard
                let stage_env = env.clone();
                let built = tokio::task::spawn_blocking(move || connect::world(&stage_env, stage));
                let world = built.await??;
                connect::rehearsal(&env, context.wiring(), world).await?
            }
            None => connect::network(&env, context.wiring()).await?,
        };
        let mut core = Core::start(session, env);
        context.prepare(&mut core);
        Ok::<Core, Failed>(core)
    };
    let ended = runtime.block_on(console::run(&opening, &theme, core));
    runtime.shutdown_background();
    ended?;
    Ok(ExitCode::Done)
}

fn theme(context: &Context) -> Theme {
    let env = &context.env;
    Theme::of_terminal(
        env.no_color(),
        env.get("COLORTERM"),
        env.get("TERM"),
        env.is_utf8(),
    )
}
