//! The only place that names the AWS SDK.

pub mod connector;
#[cfg(test)]
pub(crate) mod testing;
