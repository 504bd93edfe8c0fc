//! The console in a real terminal: it starts at any size, operates, and gives the terminal back on every way out.

use std::io::Write as _;
use std::net::TcpListener;

use portable_pty::CommandBuilder;

use crate::support::home::Home;
use crate::support::terminal::Console;

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const NAME: &str = "payment-standby-demo";
/// World seconds per second: a debug build on a busy machine still keeps up with it.
const FAST: &str = "--speed 60";

fn rehearse(scenario: &str) -> String {
    format!("--rehearse={scenario} {FAST}")
}

/// Waits until AWS has been asked about all that the open review says: nobody confirms before.
fn review(console: &mut Console) {
    for pending in ["AWS is asked", "change set is being made"] {
        console.sees_no_more(pending);
    }
}

/// Types the environment's name into the open confirmation and presses its button.
fn confirm(console: &mut Console) {
    review(console);
    console.press("\t\t");
    console.press(NAME);
    console.press("\r");
    console.press("\r");
}

#[test]
fn both_regions_are_on_the_screen_at_every_size() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut console = Console::start("--rehearse", columns, rows);
        console.until("both regions on the alternate screen", |screen| {
            let text = screen.contents();
            screen.alternate_screen()
                && screen.hide_cursor()
                && text.contains(NAME)
                && text.contains("REHEARSAL")
                && REGIONS.iter().all(|region| text.contains(region))
        });
        console.sees(&["→ us-east-1", "CREATE_COMPLETE"]);
        console.press("q");
        assert_eq!(console.ended().exit_code(), 0);
        console.is_given_back();
    }
}

#[test]
fn a_resize_redraws_and_a_small_terminal_still_says_what_matters() {
    let mut console = Console::start("--rehearse", 80, 24);
    console.sees(&["→ us-east-1", "q quit"]);
    console.resize(160, 50);
    console.until("the footer on the last line", |screen| {
        let rows: Vec<String> = screen.rows(0, 160).collect();
        rows.last().is_some_and(|row| row.contains("quit"))
    });
    console.resize(60, 15);
    console.sees(&["80x24 needed, this terminal is 60x15", "→ us-east-1"]);
    console.resize(80, 24);
    console.sees_no_more("needed");
    console.sees(&["q quit"]);
}

#[test]
fn keys_change_pages() {
    let mut console = Console::start("--rehearse", 100, 30);
    console.sees(&["→ us-east-1"]);
    console.press("2");
    console.sees(&["3 stacks of payment-standby"]);
    console.press("3");
    console.sees(&["fail over, metric lever", "predicted us-east-1"]);
    console.press("5");
    console.sees(&["Journal"]);
    console.press("?");
    console.sees(&["move traffic to the standby, or hold it there"]);
    console.press("\x1b");
    console.sees_no_more("move traffic to the standby, or hold it there");
    console.press(":board\r");
    console.sees(&["→ us-east-1"]);
}

#[test]
fn a_failover_moves_the_traffic_of_a_region_that_does_not_answer() {
    let mut console = Console::start(&rehearse("region-outage"), 100, 30);
    console.sees(&["→ us-east-1", " GO ", "emergency"]);
    console.press("F");
    console.sees(&["FAIL OVER payment-standby-demo to us-west-2", "Cancel"]);
    // Enter alone never confirms: the focus is on Cancel
    console.press("\r");
    console.sees_no_more("Cancel");
    console.press("F");
    console.sees(&["Cancel"]);
    confirm(&mut console);
    console.sees(&["FAIL OVER to us-west-2", "running"]);
    console.sees(&["SERVING ▶ us-west-2", "HELD by metric", "confirmed standby"]);
    console.sees(&["SUCCEEDED", "RTO", "exposure"]);
    console.press("q");
    assert_eq!(console.ended().exit_code(), 0);
}

#[test]
fn a_failover_holds_traffic_that_has_moved_by_itself() {
    let mut console = Console::start(&rehearse("region-dead"), 100, 30);
    console.sees(&["→ us-west-2", "NOT HELD", " GO "]);
    console.press("F");
    console.sees(&["Cancel"]);
    confirm(&mut console);
    console.sees(&["SERVING ▶ us-west-2", "HELD by metric", "SUCCEEDED"]);
    console.sees_no_more("NOT HELD");
}

#[test]
fn a_stuck_rollback_is_continued_without_what_can_not_be_brought_back() {
    let mut console = Console::start(&rehearse("stuck-rollback"), 120, 40);
    console.press("2");
    console.sees(&["UPDATE_ROLLBACK_FAILED", "R repair"]);
    console.press("R");
    console.sees(&["REPAIR payment-standby-demo", "leave out HealthFunction"]);
    console.press("j ");
    console.sees(&["[x] leave out HealthFunction"]);
    console.press("\r");
    console.sees(&[
        "is left as it is",
        "HealthFunction (AWS::Lambda::Function",
        "Cancel",
    ]);
    confirm(&mut console);
    console.sees(&["SUCCEEDED", "UPDATE_ROLLBACK_COMPLETE"]);
    console.press("\x1b");
    console.sees(&["3 stacks of payment-standby"]);
    console.sees_no_more("R repair");
}

#[test]
fn a_blocked_deletion_leaves_behind_what_does_not_let_itself_be_deleted() {
    let mut console = Console::start(&rehearse("delete-blocked"), 120, 40);
    console.sees(&["→ us-east-1"]);
    console.opens("X", &["still answers from", "Ctrl-o"]);
    review(&mut console);
    console.press("\x0f");
    console.press("\ta drill\t");
    console.press(NAME);
    console.press("\r\r");
    // events say FAILED before the operation is over
    console.sees(&["FAILED", "(Esc)", "AuditBucket"]);
    console.press("\x1b");
    // the next key must not come in one read with Esc: together they would be Alt-R
    console.sees(&["3 stacks of payment-standby", "R repair"]);
    console.press("R");
    console.sees(&["leave out AuditBucket"]);
    console.press("j \r");
    console.sees(&["AuditBucket (AWS::S3::Bucket", "to be removed by hand"]);
    confirm(&mut console);
    console.sees(&["SUCCEEDED", "1 left in AWS"]);
}

/// Minutes of the day on the header's clock.
fn clock(screen: &vt100::Screen) -> Option<u32> {
    let text = screen.contents();
    let time = text.lines().next()?.split_whitespace().last()?;
    let (hours, minutes) = time.strip_suffix('Z')?.split_once(':')?;
    Some(hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?)
}

/// Opens the plan of a deployment; the rehearsal has filled the form in, so that one Enter is enough for each field.
fn plan_a_deploy(console: &mut Console) {
    console.press("D");
    console.sees(&["Enter next, at the end shows the plan"]);
    let fields = switchback::bundle::find(None, "payment-standby").unwrap();
    console.press(&"\r".repeat(fields.manifest.parameters.len() - 1));
    console.opens("\r", &["DEPLOY payment-standby-demo", "Cancel"]);
}

/// The scenario's functions can't be created for its first forty minutes.
#[test]
fn a_deployment_that_fails_is_cleared_away_and_done_again() {
    let mut console = Console::start(&rehearse("failed-deploy"), 120, 40);
    console.sees(&["absent"]);
    let began = clock(console.screen()).unwrap();
    plan_a_deploy(&mut console);
    confirm(&mut console);
    console.sees(&["us-west-2", "CREATE_IN_PROGRESS"]);
    console.sees(&[
        "FAILED",
        "first failure",
        "Function (AWS::Lambda::Function)",
    ]);
    console.sees(&["us-east-1 payment-standby-demo", "ROLLBACK_COMPLETE"]);
    console.press("\x1b");
    console.sees(&["3 stacks of payment-standby", "R repair"]);

    console.opens("X", &["DELETE payment-standby-demo", "Cancel"]);
    confirm(&mut console);
    console.sees(&["us-west-2", "DELETE_IN_PROGRESS"]);
    console.sees(&["SUCCEEDED", "DELETE_COMPLETE"]);
    console.press("\x1b");
    console.sees(&["3 stacks of payment-standby", "absent"]);

    console.until("the end of the fault", |screen| {
        let day = 24 * 60;
        clock(screen).is_some_and(|now| (now + day - began) % day > 40)
    });
    plan_a_deploy(&mut console);
    confirm(&mut console);
    console.sees(&["us-east-1", "CREATE_IN_PROGRESS"]);
    console.sees(&["SUCCEEDED"]);
    console.press("1");
    // traffic is where it belongs, and both regions have their stacks
    console.sees(&["→ us-east-1", "confirmed primary", "SERVING"]);
    console.until("both stacks", |screen| {
        screen.contents().matches("CREATE_COMPLETE").count() >= 3
    });
    assert!(!console.text().contains("HELD"), "{}", console.text());
}

#[test]
fn a_planned_failover_waits_for_somebody_else_s_change_of_the_standby() {
    let mut console = Console::start(&rehearse("foreign-operation"), 120, 40);
    console.sees(&["→ us-east-1", "UPDATE_IN_PROGRESS", "NO-GO"]);
    console.press("F");
    console.sees(&["FAIL OVER payment-standby-demo", "by somebody-else"]);
    console.sees(&["✖ readiness", "us-west-2 is not in order", "Cancel"]);
    confirm(&mut console);
    console.sees(&["refused"]);
    console.press("\x1b");
    console.sees_no_more("Cancel");
    console.sees(&["UPDATE_COMPLETE", " GO "]);
    console.press("F");
    console.sees(&["FAIL OVER payment-standby-demo to us-west-2", "Cancel"]);
    confirm(&mut console);
    console.sees(&["SUCCEEDED", "SERVING ▶ us-west-2", "HELD by metric"]);
}

#[test]
fn leaving_while_an_operation_runs_asks_first() {
    let mut console = Console::start("--rehearse=region-outage --speed 5", 80, 24);
    console.sees(&[" GO ", "emergency"]);
    console.press("F");
    console.sees(&["Cancel"]);
    confirm(&mut console);
    console.sees(&["running"]);
    console.press("q");
    console.sees(&["Fail over is running", "leave it running"]);
    console.press("\x1b");
    console.sees_no_more("leave it running");
    console.press("q");
    console.sees(&["leave it running"]);
    console.press("y");
    assert_eq!(console.ended().exit_code(), 0);
    console.is_given_back();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut console = Console::start("--rehearse", 80, 24);
        console.until("a frame", |s| {
            s.alternate_screen() && s.contents().contains("us-west-2")
        });
        console.signal(signal);
        console.ended();
        console.is_given_back();
    }
}

#[test]
fn ctrl_c_leaves_while_nothing_runs() {
    let mut console = Console::start("--rehearse", 80, 24);
    console.until("a frame", |s| {
        s.alternate_screen() && s.contents().contains("us-west-2")
    });
    console.press("\x03");
    assert_eq!(console.ended().exit_code(), 0);
    console.is_given_back();
}

#[test]
fn a_closed_terminal_ends_the_process() {
    let mut console = Console::start("--rehearse", 80, 24);
    console.sees(&["→ us-east-1"]);
    console.hang_up();
}

#[test]
fn without_colours_and_unicode_everything_is_still_said() {
    let variables = [("NO_COLOR", "1"), ("LANG", "C"), ("TERM", "vt100")];
    let mut console = Console::start_with("--rehearse", 80, 24, &variables);
    console.sees(&[
        "us-east-1 PRIMARY",
        "us-west-2 STANDBY",
        "SERVING",
        "GO",
        "q quit",
    ]);
    console.sees(&["CREATE_COMPLETE"]);
    let shown = console.text();
    assert!(shown.is_ascii(), "{shown}");
    let text = String::from_utf8_lossy(&console.raw);
    let coloured = ["\x1b[38;", "\x1b[48;", "\x1b[31m", "\x1b[32m"];
    assert!(!coloured.iter().any(|code| text.contains(code)), "{text:?}");
}

/// Who panics, and where the one that does waits for the word to do it.
const PANICS: &str = "SUITE_PANICS";
const LISTENS: &str = "SUITE_LISTENS";

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    for who in ["loop", "task"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        let test = concat!(module_path!(), "::the_console_of_a_panic");
        let test = test.split_once("::").unwrap().1;
        command.args(["--exact", test, "--ignored", "--nocapture"]);
        let variables = [(PANICS, who), (LISTENS, address.as_str())];
        let mut console = Console::launch(command, Home::new(), (80, 24), &variables);
        console.until("a frame", |s| {
            // something was read: there is something to be recorded
            s.alternate_screen() && s.contents().contains("commanded primary")
        });
        listener.accept().unwrap().0.write_all(b"!").unwrap();
        console.ended();
        console.is_given_back();
        for said in ["on purpose", "what led there is in"] {
            assert!(console.text().contains(said), "{}", console.text());
        }
    }
}

/// Not a test by itself: the console with a part that panics when it is told to.
#[test]
#[ignore = "the test above starts it in a terminal of its own"]
fn the_console_of_a_panic() {
    super::support::panics::console(
        &std::env::var_os(PANICS).unwrap(),
        &std::env::var_os(LISTENS).unwrap(),
    );
}
