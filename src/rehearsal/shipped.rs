//! The scenarios that ship with the program, and those of files.

use std::path::Path;

use crate::rehearsal::scenario::Scenario;

/// Name and text of each, in the order of lists: from calm to worst.
const SHIPPED: [(&str, &str); 6] = [
    ("steady", include_str!("scenarios/steady.toml")),
    ("empty", include_str!("scenarios/empty.toml")),
    (
        "region-outage",
        include_str!("scenarios/region-outage.toml"),
    ),
    ("region-dead", include_str!("scenarios/region-dead.toml")),
    (
        "control-plane-outage",
        include_str!("scenarios/control-plane-outage.toml"),
    ),
    (
        "standby-unfit",
        include_str!("scenarios/standby-unfit.toml"),
    ),
];

/// Why there is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no scenario `{name}`; there are: {known} (or give the path of a .toml file)")]
    Unknown { name: String, known: String },
    #[error("{file}: {reason}")]
    Broken { file: String, reason: String },
}

impl Scenario {
    /// Every scenario that ships.
    pub fn shipped() -> Result<Vec<Self>, ScenarioError> {
        SHIPPED
            .iter()
            .map(|(name, text)| Self::parse(name, &format!("{name}.toml"), text))
            .collect()
    }

    /// A shipped scenario by name, or the one of a file whose path ends in `.toml`.
    pub fn find(name: &str) -> Result<Self, ScenarioError> {
        let path = Path::new(name);
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(path).map_err(|e| ScenarioError::Broken {
                file: name.to_owned(),
                reason: e.to_string(),
            })?;
            let stem = path
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default();
            return Self::parse(&stem, name, &text);
        }
        let (found, text) = SHIPPED
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| {
                let known = SHIPPED
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                ScenarioError::Unknown {
                    name: crate::domain::text::clean(name),
                    known,
                }
            })?;
        Self::parse(found, &format!("{found}.toml"), text)
    }

    /// Reads a scenario; the error names the file, the place and the reason.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, ScenarioError> {
        let broken = |reason: String| ScenarioError::Broken {
            file: file.to_owned(),
            reason,
        };
        let mut scenario: Self =
            toml::from_str(text).map_err(|e| broken(e.to_string().trim().to_owned()))?;
        name.clone_into(&mut scenario.name);
        if let Some(fault) = scenario
            .faults
            .iter()
            .find(|f| f.until.is_some_and(|until| until <= f.at))
        {
            return Err(broken(format!(
                "a fault ends ({:?}) before it begins ({})",
                fault.until, fault.at
            )));
        }
        if !scenario.script.is_sorted_by_key(|step| step.at) {
            return Err(broken(
                "script: the steps are not in the order of their times".to_owned(),
            ));
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_can_be_read() {
        let all = Scenario::shipped().unwrap();
        assert_eq!(all.len(), SHIPPED.len());
        assert!(
            all.iter()
                .all(|s| !s.title.is_empty() && !s.story.is_empty())
        );
    }

    #[test]
    fn mistakes_name_file_place_and_reason() {
        let unknown = Scenario::find("nonsense").unwrap_err().to_string();
        assert!(
            unknown.contains("nonsense") && unknown.contains("region-dead"),
            "{unknown}"
        );
        let text =
            "title = 'x'\nstory = 'y'\ndeployed = true\nweather = 'bad'\n[expect]\nwithin = 1\n";
        let broken = Scenario::parse("x", "my/x.toml", text)
            .unwrap_err()
            .to_string();
        assert!(
            broken.contains("my/x.toml") && broken.contains("weather") && broken.contains("line 4"),
            "{broken}"
        );
    }
}
