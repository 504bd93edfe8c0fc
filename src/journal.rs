//! The only place that writes the journal.
