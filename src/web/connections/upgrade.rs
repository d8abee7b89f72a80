//! Ignores offers of another protocol: a request with such an offer is answered like any other, and
//! its connection stays open (RFC 9110, 7.8).
//!
//! actix closes the connection after such a request without announcing it; Java's HTTP client
//! offers HTTP/2 on each new connection, and loses what it sends until then. So the offer is made
//! unreadable on arrival, one byte for another.

use memchr::memchr;

/// The names of the headers that contain an offer.
const CONNECTION: &[u8] = b"connection";
const UPGRADE: &[u8] = b"upgrade";
/// Replaces the last letter of [`UPGRADE`].
const MASK: u8 = b'-';

/// The position of the next byte in a request's head.
#[derive(Clone, Copy)]
enum Position {
    /// In the name of a header: how much of it was read, and whether it can still be [`CONNECTION`]
    /// or [`UPGRADE`].
    Name {
        read: usize,
        connection: bool,
        upgrade: bool,
    },
    /// In an option of `Connection`: how much of it was read, if it can still be [`UPGRADE`].
    Option(Option<usize>),
    /// In the rest of a line.
    Rest,
    Body,
}

const NEW_LINE: Position = Position::Name { read: 0, connection: true, upgrade: true };

/// Reads the heads of requests as they arrive, and removes offers from them.
pub(super) struct Offers(Position);

impl Offers {
    pub(super) fn new() -> Self {
        Self(NEW_LINE)
    }

    /// Starts the head of a request with the next byte.
    pub(super) fn begin_head(&mut self) {
        self.0 = NEW_LINE;
    }

    /// Removes offers from the received bytes, up to the end of a head.
    pub(super) fn remove_offers(&mut self, mut bytes: &mut [u8]) {
        loop {
            if let Position::Rest = self.0 {
                // Nearly all of a head, in each request.
                let Some(end) = memchr(b'\n', bytes) else { return };
                self.0 = NEW_LINE;
                bytes = bytes.get_mut(end + 1..).unwrap_or_default();
            }
            let Some((first, rest)) = bytes.split_first_mut() else { return };
            if let Position::Body = self.0 {
                return;
            }
            self.read(first);
            bytes = rest;
        }
    }

    fn read(&mut self, byte: &mut u8) {
        let letter = byte.to_ascii_lowercase();
        self.0 = match (self.0, letter) {
            // An empty line ends the head.
            (Position::Name { read: 0, .. }, b'\n') => Position::Body,
            (Position::Name { read: 0, .. }, b'\r') => self.0,
            (_, b'\n') => NEW_LINE,
            (Position::Name { read, connection: true, .. }, b':') if read == CONNECTION.len() => {
                Position::Option(Some(0))
            }
            (Position::Name { .. }, b':') => Position::Rest,
            (Position::Name { read, connection, upgrade }, _) => {
                let upgrade = upgrade && UPGRADE.get(read) == Some(&letter);
                if upgrade && read + 1 == UPGRADE.len() {
                    *byte = MASK;
                }
                let connection = connection && CONNECTION.get(read) == Some(&letter);
                if connection || upgrade {
                    Position::Name { read: read + 1, connection, upgrade }
                } else {
                    Position::Rest
                }
            }
            (Position::Option(_), b',' | b' ' | b'\t') => Position::Option(Some(0)),
            (Position::Option(Some(read)), _) if UPGRADE.get(read) == Some(&letter) => {
                if read + 1 == UPGRADE.len() {
                    *byte = MASK;
                }
                Position::Option(Some(read + 1))
            }
            (Position::Option(_), _) => Position::Option(None),
            (Position::Rest | Position::Body, _) => self.0,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(parts: &[&[u8]]) -> String {
        let mut offers = Offers::new();
        let mut all = Vec::new();
        for part in parts {
            let mut part = part.to_vec();
            offers.remove_offers(&mut part);
            all.extend(part);
        }
        String::from_utf8(all).expect("text")
    }

    #[test]
    fn an_offer_becomes_unreadable_and_nothing_else_changes() {
        for (sent, read) in [
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "GET / HTTP/1.1\r\nUpgrad-: h2c\r\n\r\n"),
            (
                "POST /upgrade HTTP/1.1\r\nCONNECTION: close, UpGrade ,HTTP2-Settings\r\n\r\n",
                "POST /upgrade HTTP/1.1\r\nCONNECTION: close, UpGrad- ,HTTP2-Settings\r\n\r\n",
            ),
            ("A / B\nConnection:upgrade\n\n", "A / B\nConnection:upgrad-\n\n"),
        ] {
            assert_eq!(passed(&[sent.as_bytes()]), read);
        }
        for same in [
            "GET /upgrade HTTP/1.1\r\nX-Upgrade: 1\r\nConnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.1\r\nConnections: upgrade\r\nVia: upgrade\r\nCookie: a=upgrade\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\nconnection: upgrade\r\nupgrade: h2c\r\n",
        ] {
            assert_eq!(passed(&[same.as_bytes()]), same);
        }
    }

    #[test]
    fn the_next_head_starts_only_with_begin_head() {
        let mut offers = Offers::new();
        offers.remove_offers(&mut b"GET / HTTP/1.1\r\n\r\n".to_vec());
        let mut next = b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n".to_vec();
        offers.remove_offers(&mut next);
        assert!(next.windows(7).any(|part| part == b"Upgrade"), "nothing is read after the head");
        offers.begin_head();
        offers.remove_offers(&mut next);
        assert!(next.windows(7).any(|part| part == b"Upgrad-"));
    }

    proptest! {
        #[test]
        fn a_head_may_be_split_anywhere(
            cut in 0_usize..60,
            head in "GET / HTTP/1.1\r\n(Connection: (upgrade|close|x)(, ?upgrade)?\r\n|Upgrade: h2c\r\n|A: b\r\n){0,3}\r\n",
        ) {
            let (one, two) = head.as_bytes().split_at(cut.min(head.len()));
            prop_assert_eq!(passed(&[one, two]), passed(&[head.as_bytes()]));
        }
    }
}
