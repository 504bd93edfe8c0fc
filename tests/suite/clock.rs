//! A machine whose clock is wrong is told so: by the dates of AWS's answers, before it judges ages by it.

use switchback::domain::remark::RemarkId;

use crate::support::home::Home;
use crate::support::in_process::{Rehearsed, rehearse};

fn said(stage: &Rehearsed) -> Vec<String> {
    let remarks = stage.model().facts.remarks.iter();
    let wrong = remarks.filter(|remark| remark.id == RemarkId::ClockWrong);
    wrong.map(|remark| remark.what.clone()).collect()
}

#[test]
fn a_clock_that_is_minutes_wrong_is_said_at_the_first_look() {
    let home = Home::new();
    rehearse("steady", &home.path("one"), async |right: Rehearsed| {
        assert_eq!(said(&right), [""; 0]);
        for (ahead, expected) in [(-240, "4 min behind AWS's"), (420, "7 min ahead of AWS's")] {
            let wrong = right.beside_ahead(&home.path("two"), ahead).await;
            let said = said(&wrong);
            assert_eq!(said.len(), 1, "{ahead}: {said:?}");
            assert!(said[0].contains(expected), "{said:?}");
        }
    });
}
