//! Performs every effect.
