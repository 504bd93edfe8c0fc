//! The console: keys in, frames out, until somebody quits or the terminal is gone.

use std::io;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::runtime::core::Core;
use crate::runtime::{input, terminal};
use crate::ui::{Theme, draw};

/// Ages and the stopwatch move at this rate; frames are drawn only when something else changed, too.
const TICK: Duration = Duration::from_secs(1);

/// What the loop does after a message.
enum Next {
    Draw,
    Leave,
}

/// Runs the console on this terminal.
pub async fn run(mut core: Core, theme: &Theme) -> io::Result<()> {
    let title = format!(
        "{} {} - switchback",
        core.model.env.name,
        core.model.env.mode.badge()
    );
    let (guard, mut screen) = terminal::take(&title)?;
    let size = screen.size()?;
    core.model.size = (size.width, size.height);
    let mut world = Outside::new()?;
    let ended = follow(&mut core, &mut world, &mut screen, theme).await;
    drop(guard);
    let running = core.model.is_busy();
    if running {
        tracing::info!("left while an operation was running; AWS goes on with it");
    }
    tokio::time::timeout(Duration::from_millis(80), core.stop())
        .await
        .ok();
    ended
}

/// Where messages come from besides the machine itself.
struct Outside {
    keys: EventStream,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    tick: tokio::time::Interval,
}

impl Outside {
    fn new() -> io::Result<Self> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok(Self {
            keys: EventStream::new(),
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            tick,
        })
    }

    /// The next message: signals first, then keys, then results, then the clock. None: the terminal is gone. An
    /// error: some task panicked.
    async fn next(&mut self, core: &mut Core) -> io::Result<Option<Msg>> {
        loop {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => return Ok(Some(Msg::Terminate)),
                _ = self.terminate.recv() => return Ok(Some(Msg::Terminate)),
                _ = self.hang_up.recv() => return Ok(Some(Msg::Terminate)),
                panicked = terminal::panicked() => return Err(panicked),
                event = self.keys.next() => match event {
                    Some(Ok(event)) => if let Some(msg) = input::message(event) { return Ok(Some(msg)) },
                    Some(Err(_)) | None => return Ok(None),
                },
                msg = core.next() => return Ok(Some(msg)),
                _ = self.tick.tick() => return Ok(Some(Msg::Tick(core.clock().now()))),
            }
        }
    }
}

async fn follow(
    core: &mut Core,
    world: &mut Outside,
    screen: &mut terminal::Screen,
    theme: &Theme,
) -> io::Result<()> {
    loop {
        screen.draw(|frame| draw(frame, &core.model, theme))?;
        let Some(msg) = world.next(core).await? else {
            return Ok(());
        };
        if let Next::Leave = take(core, msg) {
            return Ok(());
        }
        // results that are there already share the frame
        while let Some(msg) = core.ready() {
            if let Next::Leave = take(core, msg) {
                return Ok(());
            }
        }
    }
}

fn take(core: &mut Core, msg: Msg) -> Next {
    let mut next = Next::Draw;
    for effect in core.take(msg) {
        match effect {
            Effect::Quit => next = Next::Leave,
            Effect::Copy(text) => copy(core, &text),
            other => tracing::warn!(?other, "an effect that nobody performs"),
        }
    }
    next
}

/// Never claims more than was done: whether the terminal took the text can't be known.
fn copy(core: &mut Core, text: &str) {
    let told = match terminal::copy(text) {
        Ok(()) => Msg::Told {
            good: true,
            text: "sent to the terminal's clipboard (OSC 52)".to_owned(),
        },
        Err(error) => Msg::Told {
            good: false,
            text: format!("not copied: {error}"),
        },
    };
    core.take(told);
}
