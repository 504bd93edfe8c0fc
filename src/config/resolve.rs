//! Puts the sources together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::file::File;
use crate::config::{ConfigError, Partial, Rehearse, Settings, Source};
use crate::domain::region::{RegionId, RegionPair};
use crate::domain::text::clean;

/// What plain `--rehearse` rehearses.
const REHEARSED_BUNDLE: &str = "payment-standby";
const REHEARSED_SUFFIX: &str = "demo";

/// Resolves the sources into one value each; `state_dir` is where state is kept unless somebody says otherwise.
///
/// When rehearsing, the environment comes from flags, from the file only if `-e` names one there, and never from
/// variables: a practice must not depend on what the shell was set up for.
pub fn resolve(
    flags: &Partial,
    variables: &Partial,
    file: Option<&File>,
    state_dir: Option<PathBuf>,
) -> Result<Settings, ConfigError> {
    let is_rehearsal = flags.rehearse.is_some() || variables.rehearse.is_some();
    let variables = if is_rehearsal {
        refuse_contradictions(flags)?;
        &without_environment(variables)
    } else {
        variables
    };
    let table = choose(flags, variables, file, is_rehearsal);
    let layers = Layers::new(flags, variables, table, file, is_rehearsal);
    let mut made = layers.settings(state_dir)?;
    let wanted = flags
        .environment
        .as_ref()
        .or(variables.environment.as_ref());
    made.environment_name = name(&made, table, wanted, file)?;
    if let (Some(primary), Some(standby)) = (&made.primary, &made.standby) {
        RegionPair::new(primary.clone(), standby.clone())?;
    }
    let source = if table.is_some_and(|t| made.environment_name.as_deref() == Some(t.name)) {
        layers.source_of("environment", |p| p.environment.is_some())
    } else {
        Source::Default
    };
    made.sources.insert("environment", source);
    made.file = file.map(|f| f.path.clone());
    Ok(made)
}

/// An environment's table of the file.
#[derive(Clone, Copy)]
struct Table<'a> {
    name: &'a str,
    says: &'a Partial,
}

fn refuse_contradictions(flags: &Partial) -> Result<(), ConfigError> {
    let given = [
        ("--endpoint-url", flags.endpoint_url.is_some()),
        ("--name-server", flags.name_servers.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(ConfigError::Contradiction { flag }),
        None => Ok(()),
    }
}

fn without_environment(variables: &Partial) -> Partial {
    Partial {
        bundle_dir: variables.bundle_dir.clone(),
        read_only: variables.read_only,
        config: variables.config.clone(),
        state_dir: variables.state_dir.clone(),
        rehearse: variables.rehearse.clone(),
        speed: variables.speed,
        seed: variables.seed,
        timeout: variables.timeout,
        format: variables.format,
        ..Partial::default()
    }
}

/// The environment of the file that is meant: the one that is named, else the default one, unless a bundle or a
/// suffix points elsewhere.
fn choose<'a>(
    flags: &Partial,
    variables: &Partial,
    file: Option<&'a File>,
    is_rehearsal: bool,
) -> Option<Table<'a>> {
    let file = file?;
    let table = |name: &str| {
        let found = file.environments.get_key_value(name);
        found.map(|(name, says)| Table { name, says })
    };
    if let Some(wanted) = flags
        .environment
        .as_ref()
        .or(variables.environment.as_ref())
    {
        return table(wanted);
    }
    let default = file.default_environment.as_deref().and_then(table);
    let bundle = flags.bundle.as_ref().or(variables.bundle.as_ref());
    let suffix = flags.suffix.as_ref().or(variables.suffix.as_ref());
    default.filter(|t| {
        let same = |given: Option<&String>, says: &Option<String>| {
            given.is_none() || given == says.as_ref()
        };
        !is_rehearsal && same(bundle, &t.says.bundle) && same(suffix, &t.says.suffix)
    })
}

/// The name to type. The file's key stands for what its table says; once a flag or a variable points to another
/// bundle, suffix or region, it is another environment and the key must not be typed for it.
fn name(
    made: &Settings,
    table: Option<Table<'_>>,
    wanted: Option<&String>,
    file: Option<&File>,
) -> Result<Option<String>, ConfigError> {
    let built = match (&made.bundle, &made.suffix) {
        (Some(bundle), Some(suffix)) => Some(format!("{bundle}-{suffix}")),
        _ => None,
    };
    if let Some(table) = table {
        let says = table.says;
        let is_the_same = made.bundle == says.bundle
            && made.suffix == says.suffix
            && made.primary == says.primary
            && made.standby == says.standby;
        return Ok(if is_the_same {
            Some(table.name.to_owned())
        } else {
            built
        });
    }
    match wanted {
        Some(wanted) if Some(wanted) != built.as_ref() => Err(ConfigError::UnknownEnvironment {
            name: clean(wanted),
            known: file.map_or_else(Vec::new, |f| f.environments.keys().cloned().collect()),
        }),
        _ => Ok(built),
    }
}

/// The sources, strongest first, and what was taken from where.
struct Layers<'a> {
    all: Vec<(Origin<'a>, &'a Partial)>,
    is_rehearsal: bool,
    sources: RefCell<BTreeMap<&'static str, Source>>,
}

#[derive(Clone, Copy)]
enum Origin<'a> {
    Flags,
    Variables,
    Table(&'a str),
    Top,
}

impl<'a> Layers<'a> {
    fn new(
        flags: &'a Partial,
        variables: &'a Partial,
        table: Option<Table<'a>>,
        file: Option<&'a File>,
        is_rehearsal: bool,
    ) -> Self {
        let mut layers = vec![(Origin::Flags, flags), (Origin::Variables, variables)];
        layers.extend(table.map(|t| (Origin::Table(t.name), t.says)));
        layers.extend(file.map(|f| (Origin::Top, &f.top)));
        Self {
            all: layers,
            is_rehearsal,
            sources: RefCell::default(),
        }
    }

    /// The strongest source's value.
    fn pick<T: Clone>(&self, key: &'static str, of: impl Fn(&Partial) -> &Option<T>) -> Option<T> {
        let source = self.source_of(key, |partial| of(partial).is_some());
        self.sources.borrow_mut().insert(key, source);
        self.all.iter().find_map(|(_, partial)| of(partial).clone())
    }

    /// As [`Self::pick`], but with a value that a rehearsal starts with.
    fn pick_or<T: Clone>(
        &self,
        key: &'static str,
        of: impl Fn(&Partial) -> &Option<T>,
        rehearsed: T,
    ) -> Option<T> {
        let found = self.pick(key, of);
        if found.is_none() && self.is_rehearsal {
            self.sources.borrow_mut().insert(key, Source::Rehearsal);
            return Some(rehearsed);
        }
        found
    }

    /// What leads out of the rehearsal's world stays out of it.
    fn pick_outside<T: Clone>(
        &self,
        key: &'static str,
        of: impl Fn(&Partial) -> &Option<T>,
    ) -> Option<T> {
        if self.is_rehearsal {
            return None;
        }
        self.pick(key, of)
    }

    fn source_of(&self, key: &'static str, has: impl Fn(&Partial) -> bool) -> Source {
        let found = self.all.iter().find(|(_, partial)| has(partial));
        match found.map(|(origin, _)| origin) {
            Some(Origin::Flags) => Source::Flag(names(key).0),
            Some(Origin::Variables) => Source::Variable(names(key).1),
            Some(Origin::Table(name)) => Source::Table((*name).to_owned()),
            Some(Origin::Top) => Source::File,
            None => Source::Default,
        }
    }

    fn settings(&self, state_dir: Option<PathBuf>) -> Result<Settings, ConfigError> {
        let live_state_dir = self
            .pick("state_dir", |p| &p.state_dir)
            .or(state_dir)
            .ok_or(ConfigError::NoHome)?;
        let rehearse = self.rehearse();
        let region = |key, of: fn(&Partial) -> &Option<RegionId>| self.pick(key, of);
        let made = Settings {
            environment_name: None,
            bundle: self.pick_or("bundle", |p| &p.bundle, REHEARSED_BUNDLE.to_owned()),
            bundle_dir: self.pick("bundle_dir", |p| &p.bundle_dir),
            suffix: self.pick_or("suffix", |p| &p.suffix, REHEARSED_SUFFIX.to_owned()),
            primary: region("primary", |p| &p.primary),
            standby: region("standby", |p| &p.standby),
            profile: self.pick_outside("profile", |p| &p.profile),
            endpoint: self.pick_outside("endpoint_url", |p| &p.endpoint_url),
            name_servers: self
                .pick_outside("name_servers", |p| &p.name_servers)
                .unwrap_or_default(),
            read_only: self.pick("read_only", |p| &p.read_only).unwrap_or(false),
            production: self.pick("production", |p| &p.production).unwrap_or(false),
            drill_windows: self
                .pick("drill_windows", |p| &p.drill_windows)
                .unwrap_or_default(),
            parameters: self.parameters(),
            state_dir: match &rehearse {
                Some(_) => live_state_dir.join("rehearsal"),
                None => live_state_dir.clone(),
            },
            live_state_dir,
            rehearse,
            timeout: self.pick("timeout", |p| &p.timeout),
            format: self.pick("format", |p| &p.format).unwrap_or_default(),
            file: None,
            sources: BTreeMap::new(),
        };
        Ok(Settings {
            sources: self.sources.take(),
            ..made
        })
    }

    fn rehearse(&self) -> Option<Rehearse> {
        Some(Rehearse {
            scenario: self.pick("rehearse", |p| &p.rehearse)?,
            speed: self.pick("speed", |p| &p.speed).unwrap_or(1.0),
            seed: self.pick("seed", |p| &p.seed).unwrap_or(1),
        })
    }

    /// Parameters add up; of two with the same name the stronger source's counts.
    fn parameters(&self) -> BTreeMap<String, String> {
        let weakest_first = self.all.iter().rev();
        weakest_first
            .flat_map(|(_, partial)| partial.parameters.clone())
            .collect()
    }
}

/// The flag and the variable of a setting.
fn names(key: &'static str) -> (&'static str, &'static str) {
    match key {
        "environment" => ("--environment", "SWITCHBACK_ENVIRONMENT"),
        "bundle" => ("--bundle", "SWITCHBACK_BUNDLE"),
        "bundle_dir" => ("--bundle-dir", "SWITCHBACK_BUNDLE_DIR"),
        "suffix" => ("--suffix", "SWITCHBACK_SUFFIX"),
        "primary" => ("--primary", "SWITCHBACK_PRIMARY"),
        "standby" => ("--standby", "SWITCHBACK_STANDBY"),
        "profile" => ("--profile", "SWITCHBACK_PROFILE"),
        "endpoint_url" => ("--endpoint-url", "SWITCHBACK_ENDPOINT_URL"),
        "name_servers" => ("--name-server", "SWITCHBACK_NAME_SERVERS"),
        "read_only" => ("--read-only", "SWITCHBACK_READ_ONLY"),
        "state_dir" => ("--state-dir", "SWITCHBACK_STATE_DIR"),
        "rehearse" => ("--rehearse", "SWITCHBACK_REHEARSE"),
        "speed" => ("--speed", "SWITCHBACK_SPEED"),
        "seed" => ("--seed", "SWITCHBACK_SEED"),
        "timeout" => ("--timeout", "SWITCHBACK_TIMEOUT"),
        "format" => ("--format", "SWITCHBACK_FORMAT"),
        other => (other, other),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::value::Endpoint;
    use crate::domain::environment::Mode;

    const FILE: &str = r#"
default_environment = "prod"
profile = "everyday"
format = "json"

[environments.prod]
bundle = "payment-standby"
suffix = "prod"
profile = "break-glass"
production = true
read_only = true
endpoint_url = "http://a.test:1"
parameters = { domain = "pay.test", zone = "Z1" }

[environments.other]
bundle = "transaction-dr"
suffix = "x"
"#;

    fn file() -> File {
        File::parse(Path::new("/c.toml"), FILE, None).unwrap()
    }

    fn with(flags: &Partial, variables: &Partial) -> Result<Settings, ConfigError> {
        resolve(flags, variables, Some(&file()), Some("/state".into()))
    }

    fn nothing() -> Partial {
        Partial::default()
    }

    fn text(value: &str) -> Option<String> {
        (!value.is_empty()).then(|| value.to_owned())
    }

    #[test]
    fn flags_beat_variables_beat_the_table_beats_the_top_level_beats_defaults() {
        let flags = Partial {
            profile: text("flag"),
            ..nothing()
        };
        let variables = Partial {
            profile: text("variable"),
            read_only: Some(false),
            ..nothing()
        };
        let table = with(&nothing(), &nothing()).unwrap();
        assert_eq!(table.profile.as_deref(), Some("break-glass"));
        assert_eq!(table.source("profile"), &Source::Table("prod".into()));
        assert_eq!(table.source("format"), &Source::File);
        assert_eq!(table.source("timeout"), &Source::Default);
        let variable = with(&nothing(), &variables).unwrap();
        assert_eq!(variable.profile.as_deref(), Some("variable"));
        assert_eq!(
            variable.source("profile"),
            &Source::Variable("SWITCHBACK_PROFILE")
        );
        assert!(table.read_only && !variable.read_only);
        let flag = with(&flags, &variables).unwrap();
        assert_eq!(flag.profile.as_deref(), Some("flag"));
        assert_eq!(flag.source("profile"), &Source::Flag("--profile"));
        let other = Partial {
            environment: text("other"),
            ..nothing()
        };
        let top = with(&other, &nothing()).unwrap();
        assert_eq!(top.profile.as_deref(), Some("everyday"));
    }

    #[test]
    fn the_files_key_is_the_name_that_is_typed() {
        let made = with(&nothing(), &nothing()).unwrap();
        assert_eq!(made.environment_name.as_deref(), Some("prod"));
        assert!(made.production);
        assert_eq!(
            made.mode(),
            Mode::Endpoint {
                host: "a.test:1".into()
            }
        );
        assert_eq!(made.state_dir, Path::new("/state"));
    }

    #[test]
    fn a_key_never_stands_for_another_instance() {
        let elsewhere = Partial {
            environment: text("prod"),
            suffix: text("blue"),
            ..nothing()
        };
        let made = with(&elsewhere, &nothing()).unwrap();
        assert_eq!(
            made.environment_name.as_deref(),
            Some("payment-standby-blue")
        );
        assert!(made.production, "its mark stays, to be on the safe side");
        let region = Partial {
            primary: RegionId::parse("eu-west-1").ok(),
            ..nothing()
        };
        let made = with(&region, &nothing()).unwrap();
        assert_eq!(
            made.environment_name.as_deref(),
            Some("payment-standby-prod")
        );
    }

    #[test]
    fn the_default_environment_gives_way_to_another_bundle() {
        let other = Partial {
            bundle: text("payment-pci"),
            suffix: text("x"),
            ..nothing()
        };
        let made = with(&other, &nothing()).unwrap();
        assert_eq!(made.environment_name.as_deref(), Some("payment-pci-x"));
        assert!(made.parameters.is_empty() && !made.production);
        let same = Partial {
            bundle: text("payment-standby"),
            ..nothing()
        };
        let made = with(&same, &nothing()).unwrap();
        assert_eq!(made.environment_name.as_deref(), Some("prod"));
    }

    #[test]
    fn an_unknown_environment_is_refused_unless_it_is_named_after_its_bundle() {
        let unknown = Partial {
            environment: text("prd"),
            ..nothing()
        };
        let error = with(&unknown, &nothing()).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no environment `prd`; the configuration has other, prod"
        );
        let built = Partial {
            environment: text("b-s"),
            bundle: text("b"),
            suffix: text("s"),
            ..nothing()
        };
        let made = with(&built, &nothing()).unwrap();
        assert_eq!(made.environment_name.as_deref(), Some("b-s"));
        let bare = resolve(&nothing(), &nothing(), None, Some("/state".into())).unwrap();
        assert_eq!((bare.environment_name, bare.bundle), (None, None));
    }

    #[test]
    fn a_rehearsal_knows_nothing_of_the_live_environments() {
        let flags = Partial {
            rehearse: text("steady"),
            ..nothing()
        };
        let variables = Partial {
            environment: text("prod"),
            suffix: text("prod"),
            endpoint_url: Endpoint::parse("http://a.test").ok(),
            profile: text("ops"),
            ..nothing()
        };
        let made = with(&flags, &variables).unwrap();
        assert_eq!(
            made.environment_name.as_deref(),
            Some("payment-standby-demo")
        );
        assert_eq!(made.source("suffix"), &Source::Rehearsal);
        assert_eq!((made.endpoint.clone(), made.profile.clone()), (None, None));
        assert!(made.parameters.is_empty() && !made.production);
        assert_eq!(made.state_dir, Path::new("/state/rehearsal"));
        assert_eq!(made.live_state_dir, Path::new("/state"));
        assert_eq!(
            made.mode(),
            Mode::Rehearsal {
                scenario: "steady".into(),
                seed: 1
            }
        );
    }

    #[test]
    fn a_rehearsal_of_a_named_environment_uses_its_shape_but_not_its_ways_out() {
        let flags = Partial {
            rehearse: text("steady"),
            environment: text("prod"),
            ..nothing()
        };
        let made = with(&flags, &nothing()).unwrap();
        assert_eq!(made.environment_name.as_deref(), Some("prod"));
        assert_eq!(made.parameters["domain"], "pay.test");
        assert_eq!((made.endpoint, made.profile), (None, None));
        let contradiction = Partial {
            endpoint_url: Endpoint::parse("http://a.test").ok(),
            ..flags
        };
        let error = with(&contradiction, &nothing()).unwrap_err().to_string();
        assert!(error.contains("--endpoint-url"), "{error}");
    }

    #[test]
    fn parameters_add_up() {
        let flags = Partial {
            parameters: [("zone".to_owned(), "Z2".to_owned())].into(),
            ..nothing()
        };
        let made = with(&flags, &nothing()).unwrap();
        assert_eq!(made.parameters["zone"], "Z2");
        assert_eq!(made.parameters["domain"], "pay.test");
    }

    #[test]
    fn a_region_given_twice_and_a_missing_home_are_errors() {
        let region = RegionId::parse("us-east-1").ok();
        let twice = Partial {
            primary: region.clone(),
            standby: region,
            ..nothing()
        };
        assert!(matches!(
            with(&twice, &nothing()),
            Err(ConfigError::Region(_))
        ));
        let homeless = resolve(&nothing(), &nothing(), None, None);
        assert!(matches!(homeless, Err(ConfigError::NoHome)));
    }
}
