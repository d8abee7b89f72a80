//! Background work that runs for as long as the program does.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs one turn of the work called `name`. A panic ends only that turn: it is logged, and the next
/// turn starts normally.
pub fn run_guarded(name: &str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        tracing::error!("{name}: a turn ended with a fault; the next begins as usual");
    }
}

#[cfg(test)]
mod tests {
    use super::run_guarded;

    #[test]
    fn work_continues_after_a_turn_that_panics() {
        let mut done = Vec::new();
        for number in 0..3 {
            run_guarded("test", || {
                assert_ne!(number, 1, "a fault");
                done.push(number);
            });
        }
        assert_eq!(done, [0, 2]);
    }
}
