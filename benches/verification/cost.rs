//! The cost of requests at the server: CPU time of its process, and throughput.

use latchkey::base::random;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::load::Load;
use crate::server::Server;
use crate::table::{self, Budget};
use crate::turns::{self, Side};

pub const COST: &str = "CPU time per request, µs";
pub const SHARE: &str = "use of the server's core, %";

/// More than a server can deny in its turns, so that none is sent twice.
const UNKNOWN_SECRETS: usize = 600_000;

/// Compares Latchkey with the bare server, and returns the requests per second of Latchkey.
pub fn compare_with_bare(servers: [&Server; 2], data: &Data, scale: &Scale) -> f64 {
    let lengths = servers
        .map(|server| Client::connect(server).response_length(&mut Load::each(&data.secrets)));
    println!("\nResponses of {} bytes, bare server {} bytes", lengths[0], lengths[1]);
    let mut sides = [(); 2].map(|()| Side::new(Load::at_random(&data.secrets)));
    turns::run(&mut sides, servers, scale);
    let sides = sides.each_ref();
    let name = format!("/v1/authorize, {} keys in memory", data.secrets.len());
    table::header(&name, ["Latchkey", "bare"]);
    table::row(COST, sides.map(Side::cost), Budget::AtMost(1.3));
    let whole = "the same with background work";
    table::row(whole, sides.map(Side::whole_cost), Budget::AtMost(1.3));
    let throughput = sides.map(Side::throughput);
    table::row("requests per second", throughput, Budget::AtLeast(0.85));
    table::row(SHARE, sides.map(Side::share), Budget::None);
    throughput[0]
}

/// Compares a large database with a small one, with `secrets` of each in use. All of these secrets
/// have been used before.
pub fn compare_sizes(
    name: &str,
    servers: [&Server; 2],
    secrets: [&[String]; 2],
    budget: Budget,
    scale: &Scale,
) {
    let [large, small] = secrets;
    let mut sides = [Side::new(Load::at_random(large)), Side::new(Load::at_random(small))];
    turns::run(&mut sides, servers, scale);
    table::header(name, [&scale.keys.to_string(), &crate::SMALL.to_string()]);
    table::row(COST, sides.each_ref().map(Side::cost), budget);
    table::row(SHARE, sides.each_ref().map(Side::share), Budget::None);
}

/// Compares the question in the path with the question in the query.
pub fn compare_forms(server: &Server, data: &Data, scale: &Scale) {
    let mut sides = [
        Side::new(Load::at_random(&data.secrets).with_path()),
        Side::new(Load::at_random(&data.secrets)),
    ];
    turns::run(&mut sides, [server; 2], scale);
    table::header("The question", ["in the path", "in the query"]);
    table::row(COST, sides.each_ref().map(Side::cost), Budget::AtMost(1.1));
    table::row(SHARE, sides.each_ref().map(Side::share), Budget::None);
}

/// Compares malformed and unknown secret keys with those that pass.
pub fn compare_denials(server: &Server, data: &Data, scale: &Scale) {
    let length = data.secrets[0].len();
    let malformed: Vec<_> = (0..UNKNOWN_SECRETS / 10).map(|_| malformed_secret(length)).collect();
    let unknown: Vec<_> = (0..UNKNOWN_SECRETS).map(|_| unknown_secret()).collect();
    let mut sides = [
        Side::new(Load::each(&malformed).denied()),
        Side::new(Load::each(&unknown).denied()),
        Side::new(Load::at_random(&data.secrets)),
    ];
    turns::run(&mut sides, [server; 3], scale);
    let [malformed, unknown, passing] = &sides;
    for (name, denied) in [("Malformed secret keys", malformed), ("Unknown secret keys", unknown)] {
        table::header(name, ["denied", "passing"]);
        table::row(COST, [denied.cost(), passing.cost()], Budget::AtMost(1.0));
        table::row(SHARE, [denied.share(), passing.share()], Budget::None);
    }
}

fn malformed_secret(length: usize) -> String {
    random::text(random::BASE62, length).expect("random")
}

fn unknown_secret() -> String {
    let secret = SecretKey::generate("lk", Environment::Production).expect("random");
    secret.expose().to_owned()
}
