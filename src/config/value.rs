//! Values that are read from flags, variables and the file alike.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Uri;
use serde::Deserialize;

use crate::domain::text::clean;

/// The port of a name server for which none is given.
const DNS_PORT: u16 = 53;

/// The URL of a service that speaks AWS, for example `http://127.0.0.1:4566`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    url: String,
    host: String,
}

impl Endpoint {
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not an endpoint (expected something like http://127.0.0.1:4566)",
                clean(text)
            )
        };
        let uri: Uri = text.parse().map_err(|_not_a_uri| wrong())?;
        let host = uri.authority().map(|a| a.as_str().to_owned());
        match (uri.scheme_str(), host) {
            (Some("http" | "https"), Some(host)) if !host.contains('@') => Ok(Self {
                url: text.to_owned(),
                host,
            }),
            _ => Err(wrong()),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Host and port, as shown in the badge.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// An address as `IP` or `IP:port`.
pub fn name_server(text: &str) -> Result<SocketAddr, String> {
    text.parse::<SocketAddr>()
        .or_else(|_no_port| {
            text.parse::<IpAddr>()
                .map(|ip| SocketAddr::new(ip, DNS_PORT))
        })
        .map_err(|_neither| {
            format!(
                "`{}` is not the address of a name server (expected an IP address, perhaps with :port)",
                clean(text)
            )
        })
}

/// A [`name_server`] in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NameServer(pub SocketAddr);

impl TryFrom<String> for NameServer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        name_server(&text).map(Self)
    }
}

/// World seconds per second.
pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err(format!(
            "`{}` is not a speed (expected a number above 0)",
            clean(text)
        )),
    }
}

/// A time limit in whole seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(u64::from(seconds))),
        _ => Err(format!(
            "`{}` is not a time limit (expected whole seconds, at least 1)",
            clean(text)
        )),
    }
}

/// Yes or no, in the spellings that people use.
pub fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!(
            "`{}` is neither yes nor no (expected 1, true, 0 or false)",
            clean(text)
        )),
    }
}

/// A name that an operator can type and a file name can carry.
pub fn name(text: &str) -> Result<String, String> {
    let good = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
    if good {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{}` is not a name (expected up to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit)",
            clean(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port_or_get_53() {
        assert_eq!(name_server("10.0.0.2").unwrap().to_string(), "10.0.0.2:53");
        assert_eq!(
            name_server("127.0.0.1:5353").unwrap().to_string(),
            "127.0.0.1:5353"
        );
        assert_eq!(
            name_server("2001:db8::1").unwrap().to_string(),
            "[2001:db8::1]:53"
        );
        assert!(
            name_server("ns1.test\u{1b}[2J")
                .unwrap_err()
                .starts_with("`ns1.test[2J`")
        );
    }

    #[test]
    fn an_endpoint_has_a_scheme_and_a_host_and_no_password() {
        let good = Endpoint::parse("http://127.0.0.1:4566/x").unwrap();
        assert_eq!(
            (good.host(), good.url()),
            ("127.0.0.1:4566", "http://127.0.0.1:4566/x")
        );
        for bad in [
            "127.0.0.1:4566",
            "ftp://a.test",
            "http://me:pw@a.test",
            "http://",
            "",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_names_are_bounded() {
        assert_eq!(speed("60"), Ok(60.0));
        for bad in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        for bad in ["0", "-1", "1.5", "99999999999"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!((flag("YES"), flag("0")), (Ok(true), Ok(false)));
        assert!(flag("maybe").is_err());
        for bad in ["", "a b", "../x", "-a", "pröd"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
