//! From words to a checked command line, and from there to settings.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::cli::args::{Cli, How, Scenarios, Stacks, Verb};
use crate::cli::value::{ParametersError, read_parameters};
use crate::config::{Format, Partial};

/// Parses a command line, its first word the program's name. The error knows its own text and exit code (2, or 0
/// for help and version).
pub fn parse<I, T>(words: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = Cli::try_parse_from(words)?;
    match cli.mistake() {
        Some(text) => Err(Cli::command().error(ErrorKind::ArgumentConflict, text)),
        None => Ok(cli),
    }
}

impl Cli {
    /// What clap can't see.
    fn mistake(&self) -> Option<String> {
        if self.global.format == Some(Format::Prometheus)
            && !matches!(self.verb, Some(Verb::Status(_)))
        {
            return Some("--format prometheus is for `status`".to_owned());
        }
        match (self.positional_bundle(), &self.global.bundle) {
            (Some(here), Some(there)) if here != there => Some(format!(
                "the bundle is `{here}` by its place and `{there}` by --bundle"
            )),
            _ => None,
        }
    }

    fn positional_bundle(&self) -> Option<&String> {
        match self.verb.as_ref()? {
            Verb::Deploy(operation) | Verb::Delete(operation) => operation.which.as_ref(),
            Verb::Stacks(
                Stacks::Show { which } | Stacks::Check { which } | Stacks::Export { which, .. },
            ) => which.as_ref(),
            _ => None,
        }
    }

    /// How the operation is confirmed, if the verb is one.
    pub fn how(&self) -> Option<&How> {
        match self.verb.as_ref()? {
            Verb::Deploy(operation) | Verb::Delete(operation) => Some(&operation.how),
            Verb::Failover(operation) | Verb::Failback(operation) => Some(&operation.how),
            _ => None,
        }
    }

    /// The scenario to rehearse: some verbs rehearse by nature.
    fn scenario(&self) -> Option<String> {
        match &self.verb {
            Some(Verb::Scenarios(Scenarios::Run { name })) => Some(name.clone()),
            Some(Verb::Serve(_)) => Some(
                self.global
                    .rehearse
                    .clone()
                    .unwrap_or_else(|| "steady".to_owned()),
            ),
            _ => self.global.rehearse.clone(),
        }
    }

    /// What the flags set, with the parameters of `--parameters` below those of `--parameter`.
    pub fn settings(&self) -> Result<Partial, ParametersError> {
        let global = self.global.clone();
        let mut parameters = BTreeMap::new();
        if let Some(how) = self.how() {
            if let Some(file) = &how.parameters {
                parameters = read_parameters(file)?;
            }
            parameters.extend(how.parameter.iter().cloned());
        }
        Ok(Partial {
            rehearse: self.scenario(),
            bundle: self.positional_bundle().cloned().or(global.bundle),
            environment: global.environment,
            bundle_dir: global.bundle_dir,
            suffix: global.suffix,
            primary: global.primary,
            standby: global.standby,
            profile: global.profile,
            endpoint_url: global.endpoint_url,
            name_servers: (!global.name_server.is_empty()).then_some(global.name_server),
            read_only: global.read_only.then_some(true),
            production: None,
            drill_windows: None,
            parameters,
            config: global.config,
            state_dir: global.state_dir,
            speed: global.speed,
            seed: global.seed,
            timeout: global.timeout,
            format: global.format,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cli(line: &str) -> Cli {
        let words = format!("switchback {line}");
        parse(words.split_whitespace()).unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    fn refused(line: &str) -> String {
        let words = format!("switchback {line}");
        let error = parse(words.split_whitespace()).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        error.to_string()
    }

    #[test]
    fn every_documented_command_parses() {
        for line in [
            "",
            "--rehearse",
            "status --watch",
            "status --format prometheus",
            "preflight",
            "preflight failback",
            "deploy payment-standby --suffix demo --yes --reason x --parameter a=b --parameters p.json",
            "delete --dry-run",
            "failover --lever records --override exposure --override parity --reason x",
            "failback --progress json",
            "stacks list",
            "stacks show payment-pci",
            "stacks check",
            "stacks export payment-pci --yaml",
            "stacks inline --check",
            "outputs --flat",
            "journal list",
            "journal show failover-20261120-120000-0000",
            "journal verify",
            "scenarios list",
            "scenarios show steady",
            "scenarios run steady --bundle payment-pci",
            "serve --listen 127.0.0.1:4566 --dns 127.0.0.1:5353",
            "info",
            "config print",
            "config check",
            "completions zsh",
            "man",
        ] {
            cli(line);
        }
    }

    #[test]
    fn rehearse_takes_its_scenario_with_an_equals_sign_and_leaves_the_verb_alone() {
        let plain = cli("--rehearse status --speed 60 --seed 7");
        assert_eq!(plain.global.rehearse.as_deref(), Some("steady"));
        assert!(matches!(plain.verb, Some(Verb::Status(_))));
        let flags = plain.settings().unwrap();
        assert_eq!((flags.speed, flags.seed), (Some(60.0), Some(7)));
        let named = cli("status --rehearse=region-outage");
        assert_eq!(named.global.rehearse.as_deref(), Some("region-outage"));
    }

    #[test]
    fn verbs_that_rehearse_by_nature_never_touch_aws() {
        let scenario = |line: &str| cli(line).settings().unwrap().rehearse;
        assert_eq!(
            scenario("scenarios run flapping").as_deref(),
            Some("flapping")
        );
        assert_eq!(
            scenario("serve --listen 127.0.0.1:0").as_deref(),
            Some("steady")
        );
        assert_eq!(
            scenario("serve --listen 127.0.0.1:0 --rehearse=empty").as_deref(),
            Some("empty")
        );
        assert_eq!(scenario("status"), None);
    }

    #[test]
    fn flags_become_settings() {
        let flags = cli(
            "-e prod --primary us-east-1 --name-server 10.0.0.2 --name-server 127.0.0.1:5353 --read-only --timeout 30 info",
        )
        .settings()
        .unwrap();
        assert_eq!(flags.environment.as_deref(), Some("prod"));
        assert_eq!(flags.primary.unwrap().as_str(), "us-east-1");
        assert_eq!(flags.name_servers.unwrap().len(), 2);
        assert_eq!(flags.read_only, Some(true));
        assert_eq!(flags.timeout, Some(Duration::from_secs(30)));
        let silent = cli("info").settings().unwrap();
        assert_eq!(silent, Partial::default());
        let deploy = cli("deploy payment-pci --parameter a=b=c")
            .settings()
            .unwrap();
        assert_eq!(deploy.bundle.as_deref(), Some("payment-pci"));
        assert_eq!(deploy.parameters["a"], "b=c");
    }

    #[test]
    fn mistakes_are_usage_errors() {
        let cases = [
            ("stauts", "status"),
            ("reports", "unrecognized"),
            ("--primary virginia status", "is not a region name"),
            ("--speed 0 status", "is not a speed"),
            ("--format prometheus info", "for `status`"),
            (
                "deploy a --bundle b",
                "`a` by its place and `b` by --bundle",
            ),
            ("failover --override exposure", "--reason"),
            (
                "failover --override read_only --reason x",
                "possible values",
            ),
            ("failover --lever automatic", "possible values"),
            ("deploy --lever metric", "--lever"),
            ("deploy --parameter a", "KEY=VALUE"),
            ("serve --listen 0.0.0.0:80", "this machine only"),
            ("serve", "--listen"),
            (
                "--name-server ns.test info",
                "not the address of a name server",
            ),
            ("--endpoint-url a.test info", "is not an endpoint"),
            ("preflight deploy", "possible values"),
        ];
        for (line, expected) in cases {
            let error = refused(line);
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
