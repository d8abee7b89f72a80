//! Start-up time and memory of the program.

use std::thread;

use crate::Scale;
use crate::cost::ms;
use crate::program::{Data, Program};

/// How many clients sign in at the same time.
const SIGN_INS: usize = 64;

/// Measures several starts, the memory at rest, and the memory after simultaneous sign-ins.
pub fn measure(data: &Data, scale: &Scale) {
    let starts = (scale.requests / 10).max(5);
    let mut times: Vec<_> = (0..starts).map(|_| Program::start(data).cold_start).collect();
    times.sort_unstable();
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "\nStart to first page: {:.0} ms, at most {:.0} ms (budget 150 ms)",
        ms(median),
        ms(last)
    );
    let program = Program::start(data);
    for _ in 0..10 {
        program.get("/sign-in");
    }
    println!("Memory at rest: {} (budget 40 MB)", megabytes(program.memory()));
    let (url, credentials) = (program.url.as_str(), data.credentials());
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..SIGN_INS)
            .map(|_| scope.spawn(|| Program::sign_in_with_new_client(url, credentials)))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let succeeded = statuses.iter().filter(|status| **status == 303).count();
    println!(
        "Memory after {SIGN_INS} simultaneous sign-ins: {} ({succeeded} succeeded, others wait)",
        megabytes(program.memory())
    );
}

fn megabytes(kilobytes: u64) -> String {
    format!("{}.{} MB", kilobytes / 1024, kilobytes % 1024 * 10 / 1024)
}
