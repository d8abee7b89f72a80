//! What a decision costs: `/v1/authorize` against a bare actix-web handler that answers the same,
//! a million keys against a thousand, misses against hits, refusals against passes; how long a
//! request takes under half of the load that a core can bear; what writing the counts costs; and the
//! memory that it all takes.
//!
//! `cargo bench --bench verification`, or with `-- --quick` for trying out, or a part alone:
//! `-- against` (the bare handler), `-- size`, `-- counting`. Nothing is asserted; costs are ratios
//! in the same run. Linux only: it reads /proc, and pins servers with taskset.

#![expect(clippy::expect_used, reason = "a measurement that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

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

/// The program's own allocator, for the bare server too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is measured.
pub struct Scale {
    /// Keys that are all in memory when it is measured against the bare server.
    pub remembered: u32,
    /// Keys in the large database; the small one has [`SMALL`].
    pub keys: u32,
    /// How often each of those that are compared takes its turn.
    pub rounds: usize,
    /// How long a turn lasts,
    pub turn: Duration,
    /// and one in which everything that the program does now and then is to have its share: what is
    /// counted of so many keys is written every minute.
    pub long_turn: Duration,
    /// How many keys are asked about cold, then warm.
    pub misses: usize,
}

/// Keys in the small database, and keys in use when that is the same for both.
const SMALL: u32 = 1000;

fn main() {
    let is_said = |word: &str| std::env::args().any(|argument| argument == word);
    if is_said(server::BARE) {
        return bare::serve();
    }
    if let Some(folder) = std::env::args().skip_while(|one| one != counting::SERVE).nth(1) {
        return counting::serve(folder.as_ref());
    }
    let quick = is_said("--quick");
    let (remembered, keys, misses) =
        if quick { (10_000, 100_000, 300) } else { (100_000, 1_000_000, 3000) };
    let (rounds, turn, long_turn) = if quick { (4, 500, 6_000) } else { (8, 1_000, 62_000) };
    let [turn, long_turn] = [turn, long_turn].map(Duration::from_millis);
    let scale = Scale { remembered, keys, rounds, turn, long_turn, misses };
    let parts = ["against", "size", "counting"];
    let is_due = |part| is_said(part) || !parts.iter().any(|other| is_said(other));
    if is_due("against") {
        against_bare(&scale);
    }
    if is_due("size") {
        by_size(&scale);
    }
    if is_due("counting") {
        counting::measure(quick);
    }
}

/// The program with all its keys in memory, next to the bare server.
fn against_bare(scale: &Scale) {
    let data = Data::filled(scale.remembered);
    let (latchkey, bare) = (Server::latchkey(&data), Server::bare());
    Client::of(&latchkey).ask_each(&mut Load::each(&data.secrets), data.secrets.len());
    data.wait_for_first_uses();
    let throughput = cost::against_bare([&latchkey, &bare], &data, scale);
    latency::under_half_load([&latchkey, &bare], &data, throughput / 2.0, scale);
    cost::of_refusals(&latchkey, &data, scale);
}

/// One server with many keys, next to one with few.
fn by_size(scale: &Scale) {
    let (large, small) = (Data::filled(scale.keys), Data::filled(SMALL));
    let servers = [&Server::latchkey(&large), &Server::latchkey(&small)];
    Client::of(servers[0]).ask(&mut Load::each(&large.secrets));
    let after_one = servers[0].memory();
    latency::of_misses(servers[0], &large.secrets[1..=scale.misses], scale);
    let some = &large.secrets[large.secrets.len() - small.secrets.len()..];
    Client::of(servers[0]).ask_each(&mut Load::each(some), some.len());
    Client::of(servers[1]).ask_each(&mut Load::each(&small.secrets), small.secrets.len());
    let budget = Budget::Most(1.1);
    cost::by_size("As many keys in use", servers, [some, &small.secrets], budget, scale);
    Client::of(servers[0]).ask_each(&mut Load::each(&large.secrets), large.secrets.len());
    let after_all = servers[0].memory();
    let all = [&large.secrets[..], &small.secrets];
    cost::by_size("All keys in use", servers, all, Budget::Nothing, scale);
    println!(
        "\nResident memory with {} keys in the database: {} MB after one was used, {} MB after all",
        scale.keys,
        after_one / 1024,
        after_all / 1024
    );
}
