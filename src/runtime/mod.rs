//! Performs every effect: the loop, the pollers, the steps of operations, the terminal.
//!
//! ```text
//!  keys ─► input ─┐                    ┌─► perform ─► tasks: AWS, DNS, journal ─┐
//!                 ├─► loop: update ────┤                                        │
//!  pollers ─► Msg ┘      │             └─► draw (only when the model changed)   │
//!     ▲                  └─► Known (what pollers must ask for)                  │
//!     └───────────────────────────── Msg ◄──────────────────────────────────────┘
//! ```

mod again;
pub mod cancel;
pub mod catch_up;
pub mod connect;
pub mod console;
pub mod core;
pub mod declared;
mod deploy;
mod drift;
mod entries;
mod execute;
mod facilitate;
pub mod headless;
pub mod input;
mod inspect;
mod journalist;
mod known;
mod levers;
mod merged;
mod patience;
mod perform;
mod poller;
mod quiet;
pub mod recorder;
mod remembered;
mod renewal;
mod repair;
pub mod report;
pub mod session;
mod stacks;
mod story;
pub mod telemetry;
pub mod terminal;
mod undo;
