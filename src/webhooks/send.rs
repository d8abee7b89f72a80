//! Sending what is due: endpoints beside each other, the messages of one after another.
//!
//! A message is claimed before it is sent, and what came of it is written afterwards: so a process
//! that dies in between leaves a claim that ends, and the message is sent again. Receivers tell a
//! second copy by its `webhook-id`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedSender};

use super::client::{Answer, Client};
use super::{Attempt, Claimed, Policy, store};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::keyring::Keyring;

/// How many endpoints are sent to at the same time.
const AT_ONCE: usize = 8;
/// After how long no further message is begun in a round: what is left comes with the next.
const LONGEST_ROUND: Duration = Duration::from_secs(10);

/// What became of a claim: an answer, or it was let go of.
type Done = (Claimed, Option<Answer>);

/// Sends what is due. Returns how many messages were sent, in vain or not. Called again and again;
/// where nothing is due it costs one look into an index. Several nodes may call it at once.
///
/// # Errors
/// When the database cannot be read or written; what was sent and could not be recorded is sent
/// again a minute later.
pub async fn send_due(
    db: &Db,
    keyring: &Keyring,
    policy: &Policy,
    now: Timestamp,
) -> Result<usize> {
    if !db.read(move |c| store::is_any_due(c, now)).await? {
        return Ok(0);
    }
    let keyring = keyring.clone();
    let lanes = db.write(move |tx| store::claim_due(tx, &keyring, now)).await?;
    let mut count = 0;
    let mut done = start(lanes, policy, now)?;
    while let Some((message, answer)) = done.recv().await {
        count += usize::from(answer.is_some());
        db.write(move |tx| match &answer {
            Some(answer) => store::record(tx, &message, answer, now).map(drop),
            None => store::release(tx, &message, now),
        })
        .await?;
    }
    Ok(count)
}

/// Sends one message that was claimed, while somebody waits for it.
///
/// # Errors
/// As [`send_due`].
pub async fn send_now(
    db: &Db,
    policy: &Policy,
    claimed: Claimed,
    now: Timestamp,
) -> Result<Attempt> {
    let mut done = start(vec![vec![claimed]], policy, now)?;
    let sent = done.recv().await.and_then(|(message, answer)| Some((message, answer?)));
    let (message, answer) = sent.ok_or_else(|| Error::internal("a message was not sent"))?;
    db.write(move |tx| store::record(tx, &message, &answer, now)).await
}

/// Starts to send, on threads of their own, each endpoint's messages. What comes of them is told one
/// by one; when nobody listens any more, nothing more is sent.
fn start(
    lanes: Vec<Vec<Claimed>>,
    policy: &Policy,
    now: Timestamp,
) -> Result<mpsc::UnboundedReceiver<Done>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let threads = lanes.len().min(AT_ONCE);
    let lanes = Arc::new(Mutex::new(VecDeque::from(lanes)));
    let (client, begun) = (Client::new(policy), Instant::now());
    for _ in 0..threads {
        let (lanes, client, sender) = (Arc::clone(&lanes), client.clone(), sender.clone());
        let next = move || lanes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = move || {
            while let Some(lane) = next() {
                send_lane(lane, &client, &sender, begun, now);
            }
        };
        thread::Builder::new().name("webhook".into()).spawn(work).map_err(Error::internal)?;
    }
    Ok(receiver)
}

/// Sends one endpoint's messages until one fails: the others would fail too, and each after a while.
fn send_lane(
    lane: Vec<Claimed>,
    client: &Client,
    done: &UnboundedSender<Done>,
    begun: Instant,
    now: Timestamp,
) {
    let mut goes_on = true;
    for message in lane {
        if done.is_closed() {
            return;
        }
        let answer =
            (goes_on && begun.elapsed() < LONGEST_ROUND).then(|| client.send(&message, now));
        goes_on = answer.as_ref().is_some_and(Answer::is_delivered);
        if done.send((message, answer)).is_err() {
            return;
        }
    }
}
