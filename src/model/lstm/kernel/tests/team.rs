//! Promises of the threads.

use super::*;

#[test]
fn every_part_is_done_once_also_from_inside_and_from_many_threads() {
    let engine = Engine::new(3);
    assert_eq!(engine.threads(), 3);
    for parts in [0, 1, 2, 3, 100] {
        let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
        engine.each(parts, &|part| {
            engine.each(2, &|_| {
                counts[part].fetch_add(1, Ordering::Relaxed);
            });
        });
        assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 2));
    }
    let total = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    engine.clone().each(10, &|_| {
                        total.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    assert_eq!(total.load(Ordering::Relaxed), 2000);
}

#[test]
fn a_panic_in_a_part_reaches_the_caller_and_the_team_lives_on() {
    let engine = Engine::new(3);
    for bad in 0..6 {
        let caught = std::panic::catch_unwind(|| {
            engine.each(6, &|part| assert!(part != bad, "part {part}"));
        });
        let message = *caught.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, format!("part {bad}"));
        let done = AtomicUsize::new(0);
        engine.each(5, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 5);
    }
}

#[test]
fn a_panic_before_a_meeting_does_not_leave_the_others_waiting() {
    let engine = Engine::new(3);
    for bad in 0..3 {
        let caught = std::panic::catch_unwind(|| {
            engine.together(3, &|number, team| {
                let meeting = team.meeting(0);
                let _here = meeting.presence();
                for round in 0..10 {
                    assert!(number != bad || round != 5, "member {number}");
                    if !meeting.wait(3) {
                        return;
                    }
                }
            });
        });
        let message = *caught.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, format!("member {bad}"));
    }
}
