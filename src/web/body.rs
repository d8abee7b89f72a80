//! The only reader of request bodies: limits their size, time and rate, and never decompresses
//! them.
//!
//! A handler cannot read a body in any other way: [`super::routes`] accepts no other arguments, and
//! `tests/suite/architecture.rs` checks the rest. ASVS 4.3.1, 5.2.1, 15.2.2.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::connections::Connection;
use super::rejection::Rejection;

/// How long any body may take.
const TIME: Duration = Duration::from_secs(10);
/// The minimum rate, in bytes per second, of a body that takes longer.
const RATE: u32 = 16 * 1024;
/// How much of an oversized body is read and dropped, so that the client receives the response.
const DRAINED: usize = 8 * 1024 * 1024;

/// A body that has not been read yet. Handler arguments are extracted in order, so the body stays
/// unread if the gate before it denies the request.
pub struct Body {
    payload: Payload,
    connection: Option<Arc<Connection>>,
    is_encoded: bool,
}

impl FromRequest for Body {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            payload: payload.take(),
            connection: Connection::of(request).cloned(),
            is_encoded: request.headers().contains_key(CONTENT_ENCODING),
        }))
    }
}

impl Body {
    /// Reads the body, which is wiped when dropped: it may contain a password or a secret key.
    pub async fn read(mut self, largest: usize) -> Result<Zeroizing<Vec<u8>>, Rejection> {
        if self.is_encoded {
            return Err(Rejection::Encoded);
        }
        let _reading = self.connection.as_ref().map(|connection| connection.reading_body());
        let began = Instant::now();
        let (mut body, mut length) = (Zeroizing::new(Vec::new()), 0);
        loop {
            let Ok(chunk) = timeout_at(began + allowed(length), self.payload.next()).await else {
                return Err(Rejection::TooSlow);
            };
            let Some(chunk) = chunk else {
                self.connection.iter().for_each(|connection| connection.read_body());
                break;
            };
            let chunk = chunk.map_err(|_| Rejection::Unreadable)?;
            length += chunk.len();
            if length <= largest {
                body.extend_from_slice(&chunk);
            } else if length > largest + DRAINED {
                break;
            }
        }
        if length > largest { Err(Rejection::TooLarge(largest)) } else { Ok(body) }
    }
}

/// How long a body of which `length` bytes have arrived may take in total.
fn allowed(length: usize) -> Duration {
    let at_rate = u32::try_from(length).unwrap_or(u32::MAX) / RATE;
    TIME.max(Duration::from_secs(at_rate.into()))
}

/// Whether the content type of `request` is `wanted`, ignoring its parameters.
pub fn is_of_type(request: &HttpRequest, wanted: &str) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_take_ten_seconds_or_longer_at_the_minimum_rate() {
        for (length, seconds) in [(0, 10), (64 * 1024, 10), (160 * 1024, 10), (2 << 20, 128)] {
            assert_eq!(allowed(length), Duration::from_secs(seconds), "{length} bytes");
        }
    }
}
