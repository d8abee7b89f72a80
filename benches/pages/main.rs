//! The figures of `docs/performance.md`: what a page costs at a thousand and at a million keys and entries, how
//! fast the program starts, what memory it takes, what a first visit loads, what a busy key's page costs, and
//! what a million requests leave in the database.
//!
//! `cargo bench --bench pages`, or with `-- --quick` for trying out, `-- usage` or `-- growth` for one
//! of the last two alone. Nothing is asserted; costs are
//! ratios against the small database in the same run.

#![expect(clippy::expect_used, reason = "a measurement that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod cost;
mod growth;
mod program;
mod sign_in;
mod size;
mod start;
mod usage;

use program::{Data, Program};

/// How much is measured.
pub struct Scale {
    /// Keys, and entries in the activity, in the large database; the small one has a thousand.
    pub keys: u32,
    /// Keys that are used every hour.
    pub busy: u32,
    /// Requests for each figure.
    pub requests: usize,
}

fn main() {
    let is_said = |word: &str| std::env::args().any(|argument| argument == word);
    let quick = is_said("--quick");
    let scale = if quick {
        Scale { keys: 100_000, busy: 1_000, requests: 30 }
    } else {
        Scale { keys: 1_000_000, busy: 10_000, requests: 300 }
    };
    let (is_usage, is_growth) = (is_said("usage"), is_said("growth"));
    if is_usage || !is_growth {
        usage::measure(&scale);
    }
    if is_growth || !is_usage {
        growth::measure();
    }
    if is_usage || is_growth {
        return;
    }
    let small = Data::filled(1000).recorded(1000);
    let large = Data::filled(scale.keys).recorded(scale.keys);
    {
        let programs = [Program::serving(&small), Program::serving(&large)];
        cost::compare(&programs, &cost::cases(&programs[1]), &scale);
        cost::compare(&programs, &cost::activity_cases(), &scale);
    }
    start::measure(&small, &scale);
    size::measure(&small);
    let sparse = large.thinned_out();
    let programs = [Program::serving(&small), Program::serving(&sparse)];
    println!("\nThree expired, three revoked keys and three that need attention:");
    cost::compare(&programs, &cost::sparse_cases(), &scale);
}
