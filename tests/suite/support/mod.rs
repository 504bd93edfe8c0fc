//! What the tests of the whole program share: a home of its own, the binary, a terminal, a session in this process.

pub(crate) mod home;
pub(crate) mod in_process;
pub(crate) mod panics;
pub(crate) mod terminal;
