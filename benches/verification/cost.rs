//! What requests cost the server: CPU time of its process, and how many it answers.

use latchkey::base::random;
use latchkey::domain::api_keys::{Environment, SecretKey};

use crate::Scale;
use crate::client::Client;
use crate::data::Data;
use crate::load::Load;
use crate::server::Server;
use crate::table::{self, Budget};
use crate::turns::{self, Side};

pub const COST: &str = "CPU time of a request, µs";
pub const SHARE: &str = "use of the server's core, %";

/// More than a server can refuse in its turns, so that each is new to it.
const STRANGERS: usize = 600_000;

/// Against the bare server; says how many requests a second the program answers.
pub fn against_bare(servers: [&Server; 2], data: &Data, scale: &Scale) -> f64 {
    let heads = servers.map(|server| Client::of(server).length(&mut Load::each(&data.secrets)));
    println!("\nAnswers of {} bytes, of the bare server {}", heads[0], heads[1]);
    let mut sides = [(); 2].map(|()| Side::new(Load::at_random(&data.secrets)));
    turns::take(&mut sides, servers, scale);
    let sides = sides.each_ref();
    let name = format!("/v1/authorize, {} keys in memory", data.secrets.len());
    table::head(&name, ["Latchkey", "bare"]);
    table::line(COST, sides.map(Side::cost), Budget::Most(1.3));
    let whole = "the same with all that is done between requests";
    table::line(whole, sides.map(Side::whole_cost), Budget::Most(1.3));
    let throughput = sides.map(Side::throughput);
    table::line("requests in a second", throughput, Budget::Least(0.85));
    table::line(SHARE, sides.map(Side::share), Budget::Nothing);
    throughput[0]
}

/// A large database against a small one, with `secrets` of each in use; all of them have been
/// asked about before.
pub fn by_size(
    name: &str,
    servers: [&Server; 2],
    secrets: [&[String]; 2],
    budget: Budget,
    scale: &Scale,
) {
    let [large, small] = secrets;
    let mut sides = [Side::new(Load::at_random(large)), Side::new(Load::at_random(small))];
    turns::take(&mut sides, servers, scale);
    table::head(name, [&scale.keys.to_string(), &crate::SMALL.to_string()]);
    table::line(COST, sides.each_ref().map(Side::cost), budget);
    table::line(SHARE, sides.each_ref().map(Side::share), Budget::Nothing);
}

/// What is no secret key, and secret keys that do not exist, against those that pass.
pub fn of_refusals(server: &Server, data: &Data, scale: &Scale) {
    let length = data.secrets[0].len();
    let junk: Vec<_> = (0..STRANGERS / 10).map(|_| junk(length)).collect();
    let strangers: Vec<_> = (0..STRANGERS).map(|_| stranger()).collect();
    let mut sides = [
        Side::new(Load::each(&junk).refused()),
        Side::new(Load::each(&strangers).refused()),
        Side::new(Load::at_random(&data.secrets)),
    ];
    turns::take(&mut sides, [server; 3], scale);
    let [junk, strangers, passing] = &sides;
    for (name, refused) in [("Junk", junk), ("Secret keys that do not exist", strangers)] {
        table::head(name, ["refused", "passing"]);
        table::line(COST, [refused.cost(), passing.cost()], Budget::Most(1.0));
        table::line(SHARE, [refused.share(), passing.share()], Budget::Nothing);
    }
}

fn junk(length: usize) -> String {
    random::text(random::BASE62, length).expect("random")
}

fn stranger() -> String {
    let secret = SecretKey::generate("lk", Environment::Production).expect("random");
    secret.expose().to_owned()
}
