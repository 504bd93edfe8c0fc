//! The state of the console and the rules that change it.
