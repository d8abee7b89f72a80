//! Work in the background that goes on for as long as the program does.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes one turn of the work called `name`. A fault in it ends that turn and nothing else: the log
/// has it, and the next turn begins as if this one had done nothing.
pub fn turn(name: &str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        tracing::error!("{name}: a turn ended with a fault; the next begins as usual");
    }
}

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn work_goes_on_after_a_turn_with_a_fault() {
        let mut done = Vec::new();
        for number in 0..3 {
            turn("test", || {
                assert_ne!(number, 1, "a fault");
                done.push(number);
            });
        }
        assert_eq!(done, [0, 2]);
    }
}
