//! Bundles: manifests, templates and their checks.
