//! The only place that names the AWS SDK.

pub mod connector;
