//! Exports: files that are written while the client downloads them.
//!
//! Only a few run at once, and other requests have priority: all exports together read one batch at
//! a time, over a separate database connection, and pause after each batch for as long as it took.
//! An export that fails is cut off, so that a partial file does not look complete. A GET writes
//! nothing, so exports are recorded in the server's log. ASVS 2.4.1, 15.1.3, 15.2.2, 16.3.2.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Site;
use super::error_page::{Problem, problem_response};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Db};

/// How many exports one member can run at once.
const PER_MEMBER: usize = 2;
/// How many exports run at once in total.
const AT_ONCE: usize = 8;
/// The number of seconds to wait before another attempt, if too many run.
const RETRY_SECONDS: u64 = 10;
/// How many bytes are given to the connection at once. One more piece may wait.
const PIECE: usize = 32 * 1024;
/// How long a client may receive nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file that the client saves.
pub struct File {
    pub name: String,
    pub media_type: &'static str,
}

/// The source of a file's content.
pub trait Source: Send + 'static {
    /// The next rows in the file's format; `None` after the last. Runs off the async threads.
    fn next(&mut self, connection: &mut Connection) -> Result<Option<Vec<u8>>>;
}

/// The running exports, across all workers; cheap to clone.
#[derive(Clone)]
pub struct Exports(Arc<Running>);

struct Running {
    by_member: Mutex<HashMap<String, usize>>,
    /// Held by the export that is reading.
    turn: Semaphore,
}

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Running { by_member: Mutex::default(), turn: Semaphore::new(1) }))
    }
}

impl Exports {
    /// Counts one more export of `member`; returns a problem to show if too many run.
    fn start(&self, member: &str) -> Result<Slot, Problem> {
        let mut by_member = self.0.by_member.lock().unwrap_or_else(PoisonError::into_inner);
        if by_member.get(member).is_some_and(|running| *running >= PER_MEMBER) {
            return Err(Problem::new(
                "Two of your exports are still running",
                "Wait until one of them has finished, or cancel it, then try again.",
            ));
        }
        if by_member.values().sum::<usize>() >= AT_ONCE {
            return Err(Problem::new(
                "Too many exports are running",
                "Other members are exporting. Try again in a minute.",
            ));
        }
        *by_member.entry(member.to_owned()).or_default() += 1;
        Ok(Slot { exports: self.clone(), member: member.to_owned() })
    }
}

/// A running export, until this value is dropped.
struct Slot {
    exports: Exports,
    member: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut by_member = self.exports.0.by_member.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = by_member.get_mut(&self.member) {
            *running -= 1;
            if *running == 0 {
                by_member.remove(&self.member);
            }
        }
    }
}

/// Responds with `file`, for the member with that id; with 429 if too many exports run.
pub fn send(
    request: &HttpRequest,
    site: &Site,
    member: &str,
    file: File,
    source: impl Source,
) -> HttpResponse {
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, file.media_type))
        .insert_header((CONTENT_DISPOSITION, disposition));
    if request.method() == Method::HEAD {
        return response.finish();
    }
    let slot = match site.exports.start(member) {
        Ok(slot) => slot,
        Err(problem) => {
            let mut refused = problem_response(StatusCode::TOO_MANY_REQUESTS, problem);
            refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
            return refused;
        }
    };
    tracing::info!(member, file = file.name, "an export starts");
    let (sender, receiver) = mpsc::channel(1);
    actix_web::rt::spawn(run(source, site.db.clone(), slot, sender, file.name));
    response.streaming(pieces(receiver))
}

/// A part of the file, its end, or the reason why there is no more.
type Piece = Result<Option<Bytes>>;

/// Runs until the file is complete, or the client has disconnected or received nothing for too
/// long.
async fn run(source: impl Source, db: Db, slot: Slot, sender: Sender<Piece>, name: String) {
    let written = write(source, &db, &slot.exports, &sender, PATIENCE).await;
    // Released before the end is sent: a client with the whole file may start another export.
    drop(slot);
    if let Err(error) = &written {
        tracing::warn!(%error, file = name, "an export was cut short");
    }
    // If the client has disconnected, the end cannot be sent.
    let _ = give(&sender, written.map(|()| None), PATIENCE).await;
}

async fn write(
    mut source: impl Source,
    db: &Db,
    exports: &Exports,
    sender: &Sender<Piece>,
    patience: Duration,
) -> Result<()> {
    loop {
        let turn = exports.0.turn.acquire().await.map_err(Error::internal)?;
        let began = Instant::now();
        let read = db.read_for_export(move |c| source.next(c).map(|rows| (rows, source))).await?;
        tokio::time::sleep(began.elapsed()).await;
        drop(turn);
        let Some(rows) = read.0 else { return Ok(()) };
        source = read.1;
        let mut rows = Bytes::from(rows);
        while !rows.is_empty() {
            let piece = rows.split_to(rows.len().min(PIECE));
            give(sender, Ok(Some(piece)), patience).await?;
        }
    }
}

/// Waits until the client receives the previous piece.
async fn give(sender: &Sender<Piece>, piece: Piece, patience: Duration) -> Result<()> {
    match tokio::time::timeout(patience, sender.send(piece)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Error::Internal("the client went away".into())),
        Err(_) => Err(Error::Internal("the client took nothing for too long".into())),
    }
}

/// The response's body. It fails, and so closes the connection, unless it reaches the file's end.
fn pieces(receiver: Receiver<Piece>) -> impl Stream<Item = Result<Bytes>> {
    stream::try_unfold(receiver, async |mut receiver| {
        let Some(piece) = receiver.recv().await else {
            return Err(Error::Internal("the export was cut short".into()));
        };
        Ok(piece?.map(|bytes| (bytes, receiver)))
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    #[test]
    fn a_member_runs_two_exports_and_all_members_eight() {
        let exports = Exports::default();
        let first = exports.start("a").expect("the first");
        let second = exports.start("a").expect("the second");
        assert!(exports.start("a").is_err());
        drop(first);
        let third = exports.start("a").expect("the third, after the first has ended");
        let others: Vec<_> =
            ["b", "b", "c", "c", "d", "e"].map(|member| exports.start(member).ok()).into();
        assert!(others.iter().all(Option::is_some));
        assert!(exports.start("f").is_err(), "eight exports are running");
        drop((second, third, others));
        assert!(exports.start("f").is_ok());
        assert!(exports.0.by_member.lock().expect("counts").is_empty());
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_given_up_and_its_file_is_cut_off() {
        let (sender, receiver) = mpsc::channel(1);
        let piece = || Ok(Some(Bytes::from_static(b"row")));
        give(&sender, piece(), Duration::ZERO).await.expect("there is room");
        let stalled = give(&sender, piece(), Duration::from_millis(1)).await;
        assert!(stalled.expect_err("no room").to_string().contains("took nothing"));
        drop(sender);
        let mut pieces = Box::pin(pieces(receiver));
        let taken = pieces.try_next().await.expect("taken");
        assert_eq!(taken, Some(Bytes::from_static(b"row")));
        assert!(pieces.try_next().await.is_err(), "the file is cut off");
    }

    #[tokio::test]
    async fn a_client_that_goes_away_ends_its_export() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let disconnected = give(&sender, Ok(None), PATIENCE).await;
        assert!(
            disconnected
                .expect_err("the client has disconnected")
                .to_string()
                .contains("went away")
        );
    }
}
