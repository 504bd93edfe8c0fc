//! What the keys are about: which stacks a page lists, and which of them is selected.

use crate::app::model::{Model, Page, PastOperation};
use crate::app::run::Run;
use crate::domain::environment::StackSpec;
use crate::domain::observed::Observed;
use crate::domain::operation::OperationKind;
use crate::domain::repair::way_out;
use crate::domain::stack::{Stack, StackState};

impl Model {
    /// Compares both regions anew.
    pub fn compare(&mut self) {
        self.parity = crate::domain::parity::parity(&self.env, &self.seen);
    }

    /// The stacks that the filter leaves on the Stacks page.
    pub fn shown_stacks(&self) -> Vec<&StackSpec> {
        let filter = self
            .filter
            .as_ref()
            .map_or("", |f| f.value())
            .to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&filter);
        let shown = |spec: &&StackSpec| {
            fits(&spec.name)
                || fits(self.env.regions.get(spec.role).as_str())
                || self.last_state(spec).is_some_and(|s| fits(s.label()))
        };
        self.env.stacks.iter().filter(shown).collect()
    }

    /// The operations that the filter leaves on the Journal page, newest first.
    pub fn shown_past(&self) -> Vec<&PastOperation> {
        let filter = self
            .filter
            .as_ref()
            .map_or("", |f| f.value())
            .to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&filter);
        let shown = |past: &&PastOperation| {
            fits(&past.id)
                || fits(past.label.as_str())
                || past.reason.as_deref().is_some_and(fits)
                || past.outcome.is_some_and(|o| fits(o.words()))
        };
        self.past.iter().filter(shown).collect()
    }

    /// The selected operation of the Journal page.
    pub fn selected_past(&self) -> Option<&PastOperation> {
        let shown = self.shown_past();
        let row = self.rows.get(Page::Journal as usize).copied().unwrap_or(0);
        shown.get(row.min(shown.len().saturating_sub(1))).copied()
    }

    /// The selected stack of the Stacks page.
    pub fn selected_stack(&self) -> Option<&StackSpec> {
        let shown = self.shown_stacks();
        let row = self.rows.get(Page::Stacks as usize).copied().unwrap_or(0);
        shown.get(row.min(shown.len().saturating_sub(1))).copied()
    }

    /// The last seen state of a stack, however old.
    pub fn last_state(&self, spec: &StackSpec) -> Option<&StackState> {
        let seen = self.seen.regions.get(spec.role).stacks.get(&spec.id);
        seen.and_then(Observed::last)
    }

    fn present<'a>(&'a self, spec: &'a StackSpec) -> Option<(&'a StackSpec, &'a Stack)> {
        Some((spec, self.last_state(spec)?.stack()?))
    }

    /// The stack that a repair is about: the selected one if there is a way out of its status, else the first that
    /// is stuck.
    pub fn repairable(&self) -> Option<(&StackSpec, &Stack)> {
        let selected = self
            .selected_stack()
            .filter(|_| self.page == Page::Stacks)
            .and_then(|spec| self.present(spec))
            .filter(|(_, stack)| !way_out(&stack.status).repairs.is_empty());
        selected.or_else(|| {
            let mut all = self.env.stacks.iter().filter_map(|spec| self.present(spec));
            all.find(|(_, stack)| way_out(&stack.status).stuck)
        })
    }

    pub fn offers_repair(&self) -> bool {
        !self.is_busy() && !self.env.read_only && self.repairable().is_some()
    }

    /// The deployment that runs and can still be cancelled.
    pub fn cancellable(&self) -> Option<&Run> {
        let run = self.run.as_deref()?;
        let is_ours = run.is_running() && run.plan().kind == OperationKind::Deploy;
        (is_ours && !run.cancelled && !self.env.read_only).then_some(run)
    }
}
