//! The figures of `docs/performance.md`: response times with a thousand and with a million keys and
//! activity entries, start-up time, memory, the size of a first visit, the response time of a busy
//! key's page, and the growth of the database with a million requests.
//!
//! Run `cargo bench --bench pages`. `-- --quick` is for trying it out. `-- usage` and `-- growth`
//! run only one of the last two parts. Nothing is asserted, and costs are ratios to the small
//! database in the same run.

#![expect(clippy::expect_used, reason = "a measurement that cannot continue has failed")]
#![expect(clippy::print_stdout, reason = "the benchmark prints its figures")]

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
    /// Keys and activity entries in the large database. The small one has a thousand of each.
    pub keys: u32,
    /// Keys that are used every hour.
    pub busy: u32,
    /// Requests for each figure.
    pub requests: usize,
}

fn main() {
    let has_argument = |word: &str| std::env::args().any(|argument| argument == word);
    let quick = has_argument("--quick");
    let scale = if quick {
        Scale { keys: 100_000, busy: 1_000, requests: 30 }
    } else {
        Scale { keys: 1_000_000, busy: 10_000, requests: 300 }
    };
    let (is_usage, is_growth) = (has_argument("usage"), has_argument("growth"));
    if is_usage || !is_growth {
        usage::measure(&scale);
    }
    if is_growth || !is_usage {
        growth::measure();
    }
    if is_usage || is_growth {
        return;
    }
    let small = Data::generate(1000).with_activity(1000);
    let large = Data::generate(scale.keys).with_activity(scale.keys);
    {
        let programs = [Program::start_signed_in(&small), Program::start_signed_in(&large)];
        cost::compare(&programs, &cost::cases(&programs[1]), &scale);
        cost::compare(&programs, &cost::activity_cases(), &scale);
    }
    start::measure(&small, &scale);
    size::measure(&small);
    let sparse = large.with_sparse_views();
    let programs = [Program::start_signed_in(&small), Program::start_signed_in(&sparse)];
    println!("\nThree expired, three revoked keys and three that need attention:");
    cost::compare(&programs, &cost::sparse_cases(), &scale);
}
