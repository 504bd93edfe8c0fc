//! Consent on the command line: `--yes` stands for the typed name, and without a terminal it needs a reason.

use crate::cli::args::How;
use crate::domain::environment::EnvironmentName;
use crate::domain::guard::GuardId;
use crate::domain::plan::Consent;

/// How the operator's consent is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The command line says it all.
    Given(Consent),
    /// Somebody is at the terminal: show the plan and let them type the environment's name into `typed_name`.
    AtTerminal(Consent),
}

/// Why an operation can't be confirmed from here (exit code 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmable {
    #[error(
        "there is no terminal to confirm at: give --yes and --reason, or look at the plan with --dry-run"
    )]
    NoTerminal,
    #[error("there is no terminal, so --yes needs a --reason for the journal")]
    NoReason,
}

impl How {
    /// What the command line says about consent.
    pub fn consent(
        &self,
        name: &EnvironmentName,
        is_terminal: bool,
    ) -> Result<Asked, NotConfirmable> {
        let reason = self
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|r| !r.is_empty())
            .map(str::to_owned);
        let overridden = self.overridden.iter().copied().map(GuardId::as_str);
        let consent = |typed_name| Consent {
            typed_name,
            reason: reason.clone(),
            overridden: overridden.map(str::to_owned).collect(),
        };
        match (self.yes, is_terminal) {
            (true, false) if reason.is_none() => Err(NotConfirmable::NoReason),
            (true, _) => Ok(Asked::Given(consent(name.0.clone()))),
            (false, true) => Ok(Asked::AtTerminal(consent(String::new()))),
            (false, false) => Err(NotConfirmable::NoTerminal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(yes: bool, reason: Option<&str>) -> How {
        How {
            yes,
            reason: reason.map(str::to_owned),
            overridden: vec![GuardId::Exposure],
            ..How::default()
        }
    }

    #[test]
    fn without_a_terminal_both_yes_and_a_reason_are_needed() {
        let name = EnvironmentName("pay-demo".into());
        assert_eq!(
            how(false, Some("x")).consent(&name, false),
            Err(NotConfirmable::NoTerminal)
        );
        assert_eq!(
            how(true, Some("  ")).consent(&name, false),
            Err(NotConfirmable::NoReason)
        );
        let given = how(true, Some("drill")).consent(&name, false).unwrap();
        assert_eq!(
            given,
            Asked::Given(Consent {
                typed_name: "pay-demo".into(),
                reason: Some("drill".into()),
                overridden: vec!["exposure".into()],
            })
        );
    }

    #[test]
    fn at_a_terminal_the_name_is_left_to_be_typed() {
        let name = EnvironmentName("pay-demo".into());
        match how(false, None).consent(&name, true).unwrap() {
            Asked::AtTerminal(consent) => assert_eq!(consent.typed_name, ""),
            Asked::Given(consent) => panic!("{consent:?}"),
        }
        assert!(matches!(
            how(true, None).consent(&name, true),
            Ok(Asked::Given(_))
        ));
    }
}
