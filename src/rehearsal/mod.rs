//! A fake AWS that the SDK talks to: the world, its wire, its endpoint and its name server.

pub mod endpoint;
pub mod faults;
pub mod scenario;
pub mod shared;
pub mod shipped;
pub mod wire;
pub mod world;

pub use shared::SharedWorld;
