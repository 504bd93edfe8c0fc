//! Benchmarks of update and view.
fn main() {}
