//! The events of a stack and of the stacks that it makes, merged: nested ones, and the instances of its `StackSet`s in
//! whatever region they are. One call for each stack that is active, at each look.

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::app::effect::{Instance, StackTarget};
use crate::app::run::LiveEvent;
use crate::aws::Clients;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, STACK_SET, Stack, StackEvent, StackId, StackState};
use crate::runtime::patience::passes;
use crate::runtime::story::{Anchor, Story};

/// Instances of a set are searched for at every so many looks: each search lists a region's stacks.
const LOOKS_PER_SEARCH: u32 = 4;
/// Stacks that are followed together; nobody nests more.
const MOST_STACKS: usize = 50;

/// A stack that is followed, with all that it makes.
pub(super) struct Merged {
    /// Since when there may be an event of the operation, in the service's own time.
    from: Timestamp,
    /// When its first event was.
    began: Option<Timestamp>,
    /// Resources that are expected; those of nested stacks too if `nested`.
    total: usize,
    nested: bool,
    /// The followed stack first.
    threads: Vec<Thread>,
    /// Instances that were not found yet.
    missing: Vec<Instance>,
    /// Instances that were found and not told of yet.
    found: Vec<(Role, StackId, Box<Stack>)>,
    set_at_work: bool,
    /// Stacks whose events could not be read at the last look, and may be at the next.
    unread: usize,
    looks: u32,
    first_failure: Option<Failure>,
}

/// One stack's events.
struct Thread {
    role: Role,
    /// Name or ARN.
    stack: String,
    kind: Kind,
    story: Story,
    state: State,
}

enum Kind {
    Root,
    /// The logical ids that lead to it, for example `Network/Subnets`.
    Nested(String),
    /// Made by a `StackSet`.
    Instance,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    /// It has ended, and may have said more since it was read last.
    Ending,
    Over,
}

/// A failure, and whether it only says that a stack below has failed.
struct Failure {
    at: Timestamp,
    vague: bool,
    text: String,
}

impl Merged {
    /// Follows `stack` (name or ARN) from there on. `total` resources are expected, those of nested stacks counted if
    /// `nested`.
    pub(super) fn new(
        target: &StackTarget,
        stack: &str,
        from: Anchor,
        (total, nested): (usize, bool),
    ) -> Self {
        let since = from.at;
        let root = Thread {
            role: target.role,
            stack: stack.to_owned(),
            kind: Kind::Root,
            story: Story::new(from),
            state: State::Active,
        };
        Self {
            from: since,
            began: None,
            total,
            nested,
            threads: vec![root],
            missing: target.instances.clone(),
            found: Vec::new(),
            set_at_work: false,
            unread: 0,
            looks: 0,
            first_failure: None,
        }
    }

    /// Resources that are ready, and that are expected.
    pub(super) fn progress(&self) -> (usize, usize) {
        let counts = |thread: &&Thread| match thread.kind {
            Kind::Root => true,
            Kind::Nested(_) => self.nested,
            Kind::Instance => false,
        };
        let done = self.threads.iter().filter(counts).map(|t| t.story.done);
        (done.sum(), self.total)
    }

    /// When the operation's first event was, or since when there may be one, in the service's own time.
    pub(super) fn since(&self) -> Timestamp {
        self.began.unwrap_or(self.from)
    }

    /// Whether a stack's events could not be read at the last look, and may be at the next.
    pub(super) const fn has_unread(&self) -> bool {
        self.unread > 0
    }

    /// The instances that were found since this was asked last.
    pub(super) fn take_found(&mut self) -> Vec<(Role, StackId, Box<Stack>)> {
        std::mem::take(&mut self.found)
    }

    /// Reads what is new, oldest first.
    pub(super) async fn look(&mut self, clients: &Clients) -> Vec<LiveEvent> {
        self.search(clients).await;
        let ending: Vec<usize> = self
            .threads
            .iter()
            .enumerate()
            .filter(|(_, thread)| thread.state == State::Ending)
            .map(|(index, _)| index)
            .collect();
        let active = self.threads.iter().enumerate();
        let reads = active
            .filter(|(_, thread)| thread.state != State::Over)
            .map(async |(index, thread)| {
                let client = clients.regions.get(thread.role);
                let (since, known) = (thread.story.since, thread.story.known.as_deref());
                let fresh = client.stack_events(&thread.stack, since, known).await;
                (index, fresh)
            });
        let mut live = Vec::new();
        self.unread = 0;
        for (index, fresh) in join_all(reads).await {
            // what could not be read now is read at the next look
            let fresh = match fresh {
                Ok(fresh) => fresh,
                Err(error) => {
                    self.unread += usize::from(passes(error.kind));
                    continue;
                }
            };
            live.extend(self.take(index, fresh));
            let thread = self.threads.get_mut(index);
            let ends = |t: &&mut Thread| t.state == State::Ending && ending.contains(&index);
            if let Some(thread) = thread.filter(ends) {
                thread.state = State::Over;
            }
        }
        live.sort_by_key(|news| news.event.at);
        live
    }

    /// Looks for the instances of a set that is at work.
    async fn search(&mut self, clients: &Clients) {
        let due = self.looks.is_multiple_of(LOOKS_PER_SEARCH);
        if !self.set_at_work || self.missing.is_empty() {
            return;
        }
        self.looks += 1;
        if !due {
            return;
        }
        let reads = self.missing.iter().map(async |instance| {
            let client = clients.regions.get(instance.role);
            client.stack_with_prefix(&instance.prefix).await
        });
        let seen = join_all(reads).await;
        let mut missing = Vec::new();
        for (instance, seen) in std::mem::take(&mut self.missing).into_iter().zip(seen) {
            match seen {
                Ok(StackState::Present(stack)) if self.is_at_work(&stack) => {
                    self.follow(instance.role, &stack.arn, Kind::Instance);
                    self.found.push((instance.role, instance.stack, stack));
                }
                _ => missing.push(instance),
            }
        }
        self.missing = missing;
    }

    /// Whether a stack is being changed now, or was since the beginning.
    fn is_at_work(&self, stack: &Stack) -> bool {
        let since = |at: Option<Timestamp>| at.is_some_and(|at| at >= self.since());
        stack.status.phase() == Phase::InProgress || since(stack.created) || since(stack.updated)
    }

    fn follow(&mut self, role: Role, stack: &str, kind: Kind) {
        let full = self.threads.len() >= MOST_STACKS;
        let known = self.threads.iter_mut().find(|t| t.stack == stack);
        match known {
            Some(thread) => thread.state = State::Active,
            None if full => {}
            None => self.threads.push(Thread {
                role,
                stack: stack.to_owned(),
                kind,
                story: Story::new(Anchor::at(self.since())),
                state: State::Active,
            }),
        }
    }

    /// Takes one stack's new events in.
    fn take(&mut self, index: usize, fresh: Vec<StackEvent>) -> Vec<LiveEvent> {
        let Some(thread) = self.threads.get(index) else {
            return Vec::new();
        };
        let role = thread.role;
        let (below, is_nested) = match &thread.kind {
            Kind::Root | Kind::Instance => (String::new(), false),
            Kind::Nested(place) => (format!("{place}/"), true),
        };
        // what the stack makes tells nothing of this operation before that
        self.began = self.began.or_else(|| Some(fresh.first()?.at));
        for event in &fresh {
            self.heed(event, role, &below);
        }
        let Some(thread) = self.threads.get_mut(index) else {
            return Vec::new();
        };
        let last = fresh.iter().rev().find(|event| event.is_of_the_stack());
        let ended = last.is_some_and(|event| !event.status.is_in_progress());
        if ended && matches!(thread.kind, Kind::Instance) {
            thread.state = State::Over;
        }
        let live = thread.story.take(role, fresh);
        // of a nested stack itself its parent says the same
        live.into_iter()
            .filter(|news| !(is_nested && news.event.is_of_the_stack()))
            .map(|mut news| {
                if is_nested {
                    news.event.logical_id = format!("{below}{}", news.event.logical_id);
                }
                news
            })
            .collect()
    }

    /// What an event says of stacks below, and of failures.
    fn heed(&mut self, event: &StackEvent, role: Role, below: &str) {
        if event.resource_type == STACK_SET {
            self.set_at_work = event.status.is_in_progress();
            self.looks = 0;
        }
        if let Some(arn) = event.child() {
            if event.status.is_in_progress() {
                let place = format!("{below}{}", event.logical_id);
                self.follow(role, arn, Kind::Nested(place));
            } else if let Some(thread) = self.threads.iter_mut().find(|t| t.stack == arn)
                && thread.state == State::Active
            {
                thread.state = State::Ending;
            }
        }
        self.blame(event, below);
    }

    fn blame(&mut self, event: &StackEvent, below: &str) {
        let reason = event.reason.clone().unwrap_or_default();
        let cancelled = reason.ends_with("cancelled");
        if !event.status.is_failed() || event.is_of_the_stack() || cancelled {
            return;
        }
        let vague = event.is_vague();
        let earlier = self.first_failure.as_ref().is_none_or(|known| {
            (known.vague && !vague) || (known.vague == vague && event.at < known.at)
        });
        if earlier {
            self.first_failure = Some(Failure {
                at: event.at,
                vague,
                text: format!(
                    "{below}{} ({}): {reason}",
                    event.logical_id, event.resource_type
                ),
            });
        }
    }

    /// The end, with the first failure as its reason; `told` is what the service itself says of it.
    pub(super) fn explain(&self, mut end: StackState, told: Option<&str>) -> StackState {
        let seen = self.first_failure.as_ref().map(|f| f.text.as_str());
        if let (StackState::Present(stack), Some(why)) = (&mut end, told.or(seen)) {
            stack.reason = Some(why.to_owned());
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{EPOCH, clients, script, sent};
    use crate::domain::stack::{ResourceStatus, STACK};

    const CHILD: &str = "arn:aws:cloudformation:us-east-1:1:stack/pay-Net-1/c";

    fn since() -> Timestamp {
        Timestamp::from_second(EPOCH).unwrap()
    }

    fn merged(instances: Vec<Instance>, counted: (usize, bool)) -> Merged {
        let target = StackTarget {
            stack: StackId("pay".into()),
            role: Role::Primary,
            name: "pay".into(),
            arn: None,
            cut_off: None,
            instances,
        };
        Merged::new(&target, "pay", Anchor::at(since()), counted)
    }

    /// `second stack logical physical type status reason`, separated by bars.
    fn event(line: &str) -> StackEvent {
        let parts: Vec<&str> = line.split('|').collect();
        let at = since().as_second() + parts[0].parse::<i64>().unwrap();
        let text = |index: usize| Some(parts[index].to_owned()).filter(|t| !t.is_empty());
        StackEvent {
            id: line.to_owned(),
            at: Timestamp::from_second(at).unwrap(),
            stack_name: parts[1].into(),
            logical_id: parts[2].into(),
            physical_id: text(3),
            resource_type: parts[4].into(),
            status: ResourceStatus(parts[5].into()),
            reason: text(6),
            token: None,
        }
    }

    fn answer(lines: &[String]) -> (u16, String) {
        let tag = |name: &str, value: &str| format!("<{name}>{value}</{name}>");
        let member = |line: &String| {
            let event = event(line);
            let at = event.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            [
                "<member>".to_owned(),
                tag("EventId", &event.id),
                tag("StackName", &event.stack_name),
                tag("LogicalResourceId", &event.logical_id),
                tag(
                    "PhysicalResourceId",
                    event.physical_id.as_deref().unwrap_or(""),
                ),
                tag("ResourceType", &event.resource_type),
                tag("Timestamp", &at),
                tag("ResourceStatus", &event.status.0),
                tag(
                    "ResourceStatusReason",
                    event.reason.as_deref().unwrap_or(""),
                ),
                "</member>".to_owned(),
            ]
            .concat()
        };
        // the service tells the newest first
        let members: Vec<String> = lines.iter().rev().map(member).collect();
        let members = members.concat();
        let body = format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{members}</StackEvents>\
             </DescribeStackEventsResult></DescribeStackEventsResponse>"
        );
        (200, body)
    }

    fn stacks(sent: &[String]) -> Vec<&str> {
        let name = |request: &'_ String| {
            let at = request.find("StackName=").unwrap_or_default();
            if request.get(at..).is_some_and(|r| r.contains("pay-Net-1")) {
                "child"
            } else {
                "root"
            }
        };
        sent.iter().map(name).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn events_of_a_nested_stack_are_merged_while_it_is_active() {
        let begun =
            format!("2|pay|Net|{CHILD}|{STACK}|CREATE_IN_PROGRESS|Resource creation Initiated");
        let failed =
            format!("9|pay|Net|{CHILD}|{STACK}|CREATE_FAILED|Embedded stack was not created");
        let queue = "5|pay-Net-1|Queue||AWS::SQS::Queue|CREATE_IN_PROGRESS|".to_owned();
        let no = "7|pay-Net-1|Queue||AWS::SQS::Queue|CREATE_FAILED|no such key".to_owned();
        let own = format!("8|pay-Net-1|pay-Net-1|{CHILD}|{STACK}|ROLLBACK_IN_PROGRESS|");
        let root = [begun.clone()];
        let both = [begun, failed];
        let child = [queue, no, own];
        let replay = script([
            answer(&root),
            answer(&both),
            answer(&child),
            answer(&both),
            answer(&child),
            answer(&both),
        ]);
        let aws = clients(replay.clone()).await;
        let mut merged = merged(Vec::new(), (2, true));
        let mut live = merged.look(&aws).await;
        live.extend(merged.look(&aws).await);
        let ids: Vec<&str> = live.iter().map(|l| l.event.logical_id.as_str()).collect();
        assert_eq!(ids, ["Net", "Net/Queue", "Net/Queue", "Net"]);
        assert_eq!(live[2].took_seconds, Some(2));
        assert!(merged.look(&aws).await.is_empty(), "nothing is told twice");
        merged.look(&aws).await;
        assert_eq!(
            stacks(&sent(&replay)),
            ["root", "root", "child", "root", "child", "root"],
            "one call for each active stack at each look, and one more after its end"
        );
        let cause = merged.first_failure.as_ref().unwrap();
        assert_eq!(cause.text, "Net/Queue (AWS::SQS::Queue): no such key");
    }

    #[test]
    fn resources_of_nested_stacks_count_if_they_are_expected() {
        let done = || {
            vec![event(
                "3|pay-Net-1|Queue|q|AWS::SQS::Queue|CREATE_COMPLETE|",
            )]
        };
        for (nested, wanted) in [(true, (1, 2)), (false, (0, 2))] {
            let mut merged = merged(Vec::new(), (2, nested));
            merged.follow(Role::Primary, CHILD, Kind::Nested("Net".into()));
            assert_eq!(merged.take(1, done()).len(), 1);
            assert_eq!(merged.progress(), wanted);
        }
    }

    #[test]
    fn an_instance_of_a_set_is_followed_in_its_region_to_its_own_end() {
        let mut merged = merged(Vec::new(), (1, false));
        merged.take(
            0,
            vec![event(&format!(
                "1|pay|Set|s|{STACK_SET}|CREATE_IN_PROGRESS|"
            ))],
        );
        assert!(merged.set_at_work);
        merged.follow(Role::Standby, "arn:i", Kind::Instance);
        let news = vec![
            event("4|StackSet-x|Table|t|AWS::DynamoDB::Table|CREATE_COMPLETE|"),
            event(&format!(
                "5|StackSet-x|StackSet-x|arn:i|{STACK}|CREATE_COMPLETE|"
            )),
        ];
        let live = merged.take(1, news);
        assert!(live.iter().all(|l| l.role == Role::Standby));
        assert_eq!(live.len(), 2, "its own end is nobody else's to tell");
        assert!(merged.threads[1].state == State::Over);
        assert_eq!(merged.progress(), (0, 1));
        merged.take(
            0,
            vec![event(&format!("6|pay|Set|s|{STACK_SET}|CREATE_COMPLETE|"))],
        );
        assert!(!merged.set_at_work);
    }
}
