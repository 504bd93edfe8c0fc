//! `serve`: the rehearsal's world for other tools, over HTTP and DNS on this machine.

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::args::Serve;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::error::ExitCode;
use crate::rehearsal::{endpoint, name_server};
use crate::runtime::connect;

pub fn run(context: &Context, streams: &mut Streams<'_>, serve: Serve) -> Ended {
    let env = context.environment()?;
    let speed = context.settings.rehearse.as_ref().map_or(1.0, |r| r.speed);
    let Some(stage) = context.stage(speed)? else {
        return Err(Failed::usage("`serve` shows a rehearsal's world"));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let world = connect::world(&env, stage)?;
        let http = endpoint::serve(world.clone(), serve.listen)
            .await
            .map_err(|e| Failed::new(ExitCode::Failure, format!("{} can't be listened on: {e}", serve.listen)))?;
        writeln!(streams.out, "AWS endpoint: http://{}", http.address())?;
        let mut servers = tokio::task::JoinSet::new();
        if let Some(listen) = serve.dns {
            let (address, dns) = name_server::serve(world, listen)
                .await
                .map_err(|e| Failed::new(ExitCode::Failure, e.to_string()))?;
            writeln!(streams.out, "name server: {address}")?;
            servers.spawn(dns);
        }
        streams.out.flush()?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            never = http.run() => match never {},
            Some(_ended) = servers.join_next() => Err(Failed::new(ExitCode::Failure, "the name server ended")),
            _ = interrupt.recv() => Ok(ExitCode::Done),
            _ = terminate.recv() => Ok(ExitCode::Done),
            _ = hang_up.recv() => Ok(ExitCode::Done),
        }
    })
}
