//! What a crowd of slow clients costs everybody else: single requests while 1,100 others send the
//! head of a request and never end it, against the same requests without them.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use crate::client::Client;
use crate::data::Data;
use crate::latency::at;
use crate::load::Load;
use crate::server::Server;
use crate::table::{self, Budget};

/// How many slow clients there are.
const CROWD: usize = 1100;

/// Takes turns with and without the crowd.
pub fn measure(quick: bool) {
    let (keys, rounds, requests) = if quick { (100, 2, 500) } else { (1000, 6, 3000) };
    let data = Data::filled(keys);
    let server = Server::latchkey(&data);
    let mut client = Client::of(&server);
    let mut load = Load::each(&data.secrets);
    client.ask_each(&mut load, data.secrets.len());
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..rounds {
        let crowd: Vec<_> = (0..CROWD).map(|_| slow(&server)).collect();
        times[0].extend((0..requests).map(|_| client.ask(&mut load)));
        drop(crowd);
        times[1].extend((0..requests).map(|_| client.ask(&mut load)));
    }
    for times in &mut times {
        times.sort_unstable();
    }
    table::head(&format!("Single requests beside {CROWD} slow clients"), ["with", "without"]);
    table::line("p50, µs", times.each_ref().map(|times| at(times, 0.5)), Budget::Most(1.5));
    table::line("p99, µs", times.each_ref().map(|times| at(times, 0.99)), Budget::Nothing);
}

fn slow(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    stream.write_all(b"POST /v1/introspect HTTP/1.1\r\nHost: slow\r\n").expect("sent");
    stream
}
