//! The one integration binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly; clippy.toml allows this in test functions, not in their helpers"
)]

mod acceptance;
mod blocked;
mod cancelled;
mod cli;
mod clock;
mod deploy;
mod dns;
mod facilitator;
mod failover;
mod killed;
mod layers;
mod patient;
mod payment_pci;
mod renewed;
mod resume;
mod scenarios;
mod schema;
mod support;
mod terminal;
mod transaction_dr;
mod transaction_platform;
