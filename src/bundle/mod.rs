//! Bundles: folders that describe systems which can fail over.
//!
//! A bundle is a manifest, the templates it names and the sources inlined into them. [`catalogue`] reads
//! those built in or those of a folder, [`Bundle::environment`] makes one an environment, [`lint`] holds
//! its templates against what AWS really does, [`inline`] and [`yaml`] serve those who write templates.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

pub mod choose;
pub mod comparable;
mod embedded;
pub mod error;
pub mod inline;
mod json;
pub mod lint;
mod load;
pub mod manifest;
pub mod present;
pub mod retained;
#[cfg(test)]
pub(crate) mod samples;
pub mod template;
mod verify;
pub mod yaml;

pub use choose::{Choices, check_parameter, missing_parameters};
pub use error::{BundleError, Problem};
pub use load::{catalogue, find, inlined};
pub use manifest::Manifest;

/// A system that can be deployed, watched and failed over; manifest and templates agree with each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    pub manifest: Manifest,
    /// Minified template bodies by file name.
    pub templates: BTreeMap<String, String>,
    /// Texts of the source files that the templates name; one that could not be read is not here.
    pub sources: BTreeMap<String, String>,
    pub origin: Origin,
}

/// Where a bundle came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    Folder(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Folder(path) => f.write_str(&crate::domain::text::clean(&path.to_string_lossy())),
        }
    }
}
