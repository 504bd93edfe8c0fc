//! The console: keys in, frames out, until somebody quits or the terminal is gone.

use std::io;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::domain::trouble::Facilitation;
use crate::runtime::core::Core;
use crate::runtime::{input, terminal};
use crate::ui::{Theme, draw};

/// Ages and the stopwatch move at this rate; frames are drawn only when something else changed, too.
const TICK: Duration = Duration::from_secs(1);

/// What the journal may still take after the terminal was given back.
const STOP: Duration = Duration::from_millis(80);

/// What the loop does after a message.
enum Next {
    Draw,
    Leave,
}

/// Runs the console on this terminal.
///
/// The first frame is drawn from `opening`, which has seen nothing yet, before anything is connected: reading profiles
/// or building a world must not keep an operator waiting for a picture.
pub async fn run<E: From<io::Error>>(
    opening: &Model,
    theme: &Theme,
    core: impl Future<Output = Result<Core, E>>,
) -> Result<(), E> {
    let title = format!(
        "{} {} - switchback",
        opening.env.name,
        opening.env.mode.badge()
    );
    // signals first: from here on none of them leaves a terminal behind that is not given back
    let mut outside = Outside::new()?;
    let (guard, mut screen) = terminal::take(&title)?;
    screen.draw(|frame| draw(frame, opening, theme))?;
    let mut core = tokio::select! {
        biased;
        () = outside.told_to_leave() => return Ok(()),
        core = core => core?,
    };
    let size = screen.size()?;
    core.model.size = (size.width, size.height);
    core.remember_messages();
    core.facilitate(Facilitation::List);
    let ended = follow(&mut core, &mut outside, &mut screen, theme).await;
    drop(guard);
    if core.model.is_busy() {
        tracing::info!("left while an operation was running; AWS goes on with it");
    }
    if tokio::time::timeout(STOP, core.stop()).await.is_err() {
        tracing::warn!("the journal was still being written");
    }
    Ok(ended?)
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

    /// A signal that ends the program came.
    async fn told_to_leave(&mut self) {
        leave(&mut self.interrupt, &mut self.terminate, &mut self.hang_up).await;
    }

    /// The next message: signals first, then keys, then results, then the clock. None: the terminal is gone. An
    /// error: a task panicked.
    async fn next(&mut self, core: &mut Core) -> io::Result<Option<Msg>> {
        loop {
            tokio::select! {
                biased;
                () = leave(&mut self.interrupt, &mut self.terminate, &mut self.hang_up) => {
                    return Ok(Some(Msg::Terminate));
                }
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

/// Waits for any of the signals that end the program.
async fn leave(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
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
