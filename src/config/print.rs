//! The settings with the source of each, for `config print`.

use crate::config::Settings;

/// One setting as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    pub key: String,
    /// None where nothing is set.
    pub value: Option<String>,
    pub source: String,
}

/// Every setting. The values of parameters that `is_sensitive` are not shown.
pub fn explain(settings: &Settings, is_sensitive: &dyn Fn(&str) -> bool) -> Vec<Line> {
    let text = |value: &Option<String>| value.clone();
    let shown = |value: &dyn ToString| Some(value.to_string());
    let rehearse = settings.rehearse.as_ref();
    let folder = settings.bundle_dir.as_ref();
    let values = [
        ("environment", text(&settings.environment_name)),
        ("mode", shown(&settings.mode().as_str())),
        ("bundle", text(&settings.bundle)),
        ("bundle_dir", folder.map(|p| p.display().to_string())),
        ("suffix", text(&settings.suffix)),
        (
            "primary",
            settings.primary.as_ref().map(ToString::to_string),
        ),
        (
            "standby",
            settings.standby.as_ref().map(ToString::to_string),
        ),
        ("profile", text(&settings.profile)),
        (
            "endpoint_url",
            settings.endpoint.as_ref().map(ToString::to_string),
        ),
        ("name_servers", joined(&settings.name_servers)),
        ("read_only", shown(&settings.read_only)),
        ("production", shown(&settings.production)),
        ("drill_windows", joined(&settings.drill_windows)),
        ("state_dir", shown(&settings.state_dir.display())),
        ("rehearse", rehearse.map(|r| r.scenario.clone())),
        ("speed", rehearse.map(|r| r.speed.to_string())),
        ("seed", rehearse.map(|r| r.seed.to_string())),
        (
            "timeout",
            settings.timeout.map(|t| format!("{} s", t.as_secs())),
        ),
        ("format", shown(&settings.format.as_str())),
    ];
    let line = |(key, value): (&str, Option<String>)| Line {
        key: key.to_owned(),
        value,
        source: settings.source(key).to_string(),
    };
    let parameters = settings.parameters.iter().map(|(name, value)| Line {
        key: format!("parameters.{name}"),
        value: Some(if is_sensitive(name) {
            "***".to_owned()
        } else {
            value.clone()
        }),
        source: String::from("flags and file"),
    });
    values.into_iter().map(line).chain(parameters).collect()
}

/// A list on one line; none where it is empty.
fn joined<T: ToString>(all: &[T]) -> Option<String> {
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Partial, resolve};

    #[test]
    fn every_value_is_shown_with_its_source_and_secrets_are_not() {
        let flags = Partial {
            suffix: Some("x".into()),
            parameters: [("password", "hunter2"), ("domain", "a.test")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            ..Partial::default()
        };
        let settings = resolve(&flags, &Partial::default(), None, Some("/s".into())).unwrap();
        let lines = explain(&settings, &|name| name == "password");
        let get = |key: &str| lines.iter().find(|l| l.key == key).unwrap().clone();
        assert_eq!(get("suffix").value.as_deref(), Some("x"));
        assert_eq!(get("suffix").source, "--suffix");
        assert_eq!(get("state_dir").source, "default");
        assert_eq!(get("bundle").value, None);
        assert_eq!(get("parameters.password").value.as_deref(), Some("***"));
        assert_eq!(get("parameters.domain").value.as_deref(), Some("a.test"));
    }
}
