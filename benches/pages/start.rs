//! How fast the program starts, and the memory that it takes.

use std::thread;

use crate::Scale;
use crate::cost::ms;
use crate::program::{Data, Program};

/// How many sign in at once.
const STORM: usize = 64;

/// Starts the program again and again, then lets it rest, then lets everybody in at once.
pub fn measure(data: &Data, scale: &Scale) {
    let starts = (scale.requests / 10).max(5);
    let mut times: Vec<_> = (0..starts).map(|_| Program::started(data).cold_start).collect();
    times.sort_unstable();
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "\nStart to first page: {:.0} ms, at most {:.0} ms (budget 150 ms)",
        ms(median),
        ms(last)
    );
    let program = Program::started(data);
    for _ in 0..10 {
        program.get("/sign-in");
    }
    println!("Memory at rest: {} (budget 40 MB)", megabytes(program.memory()));
    let (url, credentials) = (program.url.as_str(), data.credentials());
    let statuses: Vec<u16> = thread::scope(|scope| {
        let storm: Vec<_> = (0..STORM)
            .map(|_| scope.spawn(|| Program::stranger_signs_in(url, credentials)))
            .collect();
        storm.into_iter().filter_map(|one| one.join().ok()).collect()
    });
    let let_in = statuses.iter().filter(|status| **status == 303).count();
    println!(
        "Memory after {STORM} sign-ins at once: {} ({let_in} let in, the others told to wait)",
        megabytes(program.memory())
    );
}

fn megabytes(kilobytes: u64) -> String {
    format!("{}.{} MB", kilobytes / 1024, kilobytes % 1024 * 10 / 1024)
}
