//! Bundles: manifests, templates and their checks.

pub mod template;
