//! Switchback: a terminal operations console for systems that run in two AWS regions.
