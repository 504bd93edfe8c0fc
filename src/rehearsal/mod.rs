//! A fake AWS that the SDK talks to: the world, its wire, its endpoint and its name server.

pub mod endpoint;
pub mod faults;
pub mod name_server;
pub mod scenario;
pub mod shared;
pub mod wire;
pub mod world;

pub use shared::SharedWorld;
