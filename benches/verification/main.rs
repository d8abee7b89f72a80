//! The cost of a decision: compares `/v1/authorize` with a bare actix-web handler that sends the
//! same headers, a million keys with a thousand, cache misses with hits, and denials with passes.
//! Also measures response times at half load, the cost of writing usage, and memory.
//!
//! Run `cargo bench --bench verification`. `-- --quick` is for trying it out. `-- against` (the
//! bare handler), `-- size` and `-- counting` run only that part. Nothing is asserted, and costs
//! are ratios within one run. Needs Linux, because it reads /proc and pins servers with taskset.

#![expect(clippy::expect_used, reason = "a measurement that cannot continue has failed")]
#![expect(clippy::print_stdout, reason = "the benchmark prints its figures")]

mod bare;
mod client;
mod connection;
mod cost;
mod counting;
mod data;
mod latency;
mod load;
mod server;
mod table;
mod turns;

use std::time::Duration;

use client::Client;
use data::Data;
use load::Load;
use server::Server;
use table::Budget;

/// The allocator of the program, so that the bare server uses the same one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is measured.
pub struct Scale {
    /// Keys in the cache when Latchkey is compared with the bare server.
    pub cached: u32,
    /// Keys in the large database. The small one has [`SMALL`].
    pub keys: u32,
    /// How many turns each side of a comparison takes.
    pub rounds: usize,
    /// The length of a turn.
    pub turn: Duration,
    /// The length of a turn that must include periodic work. The usage of so many keys is written
    /// once a minute.
    pub long_turn: Duration,
    /// How many keys are used for the first time and then again.
    pub misses: usize,
}

/// Keys in the small database, and keys in use when both databases use the same number.
const SMALL: u32 = 1000;

fn main() {
    let has_argument = |word: &str| std::env::args().any(|argument| argument == word);
    if has_argument(server::BARE) {
        return bare::serve();
    }
    if let Some(folder) = std::env::args().skip_while(|argument| argument != counting::SERVE).nth(1)
    {
        return counting::serve(folder.as_ref());
    }
    let quick = has_argument("--quick");
    let (cached, keys, misses) =
        if quick { (10_000, 100_000, 300) } else { (100_000, 1_000_000, 3000) };
    let (rounds, turn, long_turn) = if quick { (4, 500, 6_000) } else { (8, 1_000, 62_000) };
    let [turn, long_turn] = [turn, long_turn].map(Duration::from_millis);
    let scale = Scale { cached, keys, rounds, turn, long_turn, misses };
    let parts = ["against", "size", "counting"];
    let is_selected = |part| has_argument(part) || !parts.iter().any(|other| has_argument(other));
    if is_selected("against") {
        compare_with_bare(&scale);
    }
    if is_selected("size") {
        compare_sizes(&scale);
    }
    if is_selected("counting") {
        counting::measure(quick);
    }
}

/// Compares Latchkey, with all keys in its cache, with the bare server.
fn compare_with_bare(scale: &Scale) {
    let data = Data::generate(scale.cached);
    let (latchkey, bare) = (Server::latchkey(&data), Server::bare());
    Client::connect(&latchkey).request_many(&mut Load::each(&data.secrets), data.secrets.len());
    data.wait_for_first_uses();
    let throughput = cost::compare_with_bare([&latchkey, &bare], &data, scale);
    latency::at_half_load([&latchkey, &bare], &data, throughput / 2.0, scale);
    cost::compare_forms(&latchkey, &data, scale);
    cost::compare_denials(&latchkey, &data, scale);
}

/// Compares a server with many keys with a server with few.
fn compare_sizes(scale: &Scale) {
    let (large, small) = (Data::generate(scale.keys), Data::generate(SMALL));
    let servers = [&Server::latchkey(&large), &Server::latchkey(&small)];
    Client::connect(servers[0]).request(&mut Load::each(&large.secrets));
    let after_one = servers[0].memory();
    latency::compare_misses(servers[0], &large.secrets[1..=scale.misses], scale);
    let some = &large.secrets[large.secrets.len() - small.secrets.len()..];
    Client::connect(servers[0]).request_many(&mut Load::each(some), some.len());
    Client::connect(servers[1]).request_many(&mut Load::each(&small.secrets), small.secrets.len());
    let budget = Budget::AtMost(1.1);
    cost::compare_sizes(
        "The same number of keys in use",
        servers,
        [some, &small.secrets],
        budget,
        scale,
    );
    Client::connect(servers[0]).request_many(&mut Load::each(&large.secrets), large.secrets.len());
    let after_all = servers[0].memory();
    let all = [&large.secrets[..], &small.secrets];
    cost::compare_sizes("All keys in use", servers, all, Budget::None, scale);
    println!(
        "\nResident memory with {} keys in the database: {} MB after one was used, {} MB after all",
        scale.keys,
        after_one / 1024,
        after_all / 1024
    );
}
