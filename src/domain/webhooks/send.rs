//! Sends due messages: to several endpoints in parallel, and several messages to each at a time.
//!
//! A message is claimed before it is sent, and the result is written afterwards. A process that dies
//! in between leaves a claim that expires, and the message is sent again. Receivers recognise a
//! second copy by its `webhook-id`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::client::{Answer, Client};
use super::{Attempt, ClaimedDelivery, EndpointId, Policy, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::Db;

/// How many messages are sent to an endpoint at the same time, after it has accepted one.
const PARALLEL_MESSAGES: usize = 8;
/// How many helper threads send messages in total. Each one occupies a connection that clients could
/// use otherwise.
const HELPERS: usize = 24;
/// The maximum number of results that are written in one transaction.
const RESULTS_PER_WRITE: usize = 100;
/// After this time, a round starts no further message; the next round continues.
const MAX_ROUND: Duration = Duration::from_secs(10);

/// A claimed message with its answer, or without one if it was released.
type SendResult = (ClaimedDelivery, Option<Answer>);

/// What a round of sending needs.
struct Round {
    client: Client,
    helpers: Arc<Semaphore>,
    started: Instant,
    now: Timestamp,
}

/// Sends due messages. Returns how many attempts were made, including failed ones. This is called
/// repeatedly; if nothing is due, it costs one index look-up. Several nodes may call it at the same
/// time.
pub async fn send_due(
    db: &Db,
    keyring: &Keyring,
    policy: &Policy,
    now: Timestamp,
) -> Result<usize> {
    if !db.read(move |c| store::is_any_due(c, now)).await? {
        return Ok(0);
    }
    let endpoints = db.read(move |c| store::due_endpoints(c, now)).await?;
    let (client, helpers) = (Client::new(policy), Arc::new(Semaphore::new(HELPERS)));
    let round = Round { client, helpers, started: Instant::now(), now };
    let sent = endpoints.into_iter().map(|endpoint| round.send_to(db, keyring, endpoint));
    let sent = join_all(sent).await;
    sent.into_iter().sum()
}

/// Sends one claimed message while a person waits for the result.
pub async fn send_now(
    db: &Db,
    policy: &Policy,
    claimed: ClaimedDelivery,
    now: Timestamp,
) -> Result<Attempt> {
    let (client, helpers) = (Client::new(policy), Arc::new(Semaphore::new(0)));
    let round = Round { client, helpers, started: Instant::now(), now };
    let mut done = Batch::start(vec![claimed], &round)?;
    let sent = done.recv().await.and_then(|(message, answer)| Some((message, answer?)));
    let (message, answer) = sent.ok_or_else(|| Error::internal("a message was not sent"))?;
    db.write(move |tx| store::record(tx, &message, &answer, now)).await
}

impl Round {
    /// Sends an endpoint's due messages until one fails. The others would probably fail too, each
    /// after a timeout. Other endpoints do not wait for this one.
    async fn send_to(&self, db: &Db, keyring: &Keyring, endpoint: EndpointId) -> Result<usize> {
        let (now, mut count) = (self.now, 0);
        while self.started.elapsed() < MAX_ROUND {
            let (keyring, endpoint) = (keyring.clone(), endpoint.clone());
            let claimed =
                db.write(move |tx| store::claim_due(tx, &keyring, &endpoint, now)).await?;
            let expected = claimed.len();
            let sent = self.send(db, claimed).await?;
            count += sent.attempts;
            if sent.delivered < expected || expected == 0 {
                break;
            }
        }
        Ok(count)
    }

    async fn send(&self, db: &Db, claimed: Vec<ClaimedDelivery>) -> Result<SendCounts> {
        let now = self.now;
        let mut done = Batch::start(claimed, self)?;
        let mut sent = SendCounts::default();
        let mut outcomes = Vec::new();
        while done.recv_many(&mut outcomes, RESULTS_PER_WRITE).await > 0 {
            for answer in outcomes.iter().filter_map(|(_, answer)| answer.as_ref()) {
                sent.attempts += 1;
                sent.delivered += usize::from(answer.is_delivered());
            }
            let outcomes = std::mem::take(&mut outcomes);
            let written = db.write(move |tx| {
                outcomes.iter().try_for_each(|(message, answer)| match answer {
                    Some(answer) => store::record(tx, message, answer, now).map(drop),
                    None => store::release(tx, &message.id, message.due_at, now),
                })
            });
            written.await?;
        }
        Ok(sent)
    }
}

/// How many attempts were made, and how many succeeded.
#[derive(Default)]
struct SendCounts {
    attempts: usize,
    delivered: usize,
}

/// Messages to one endpoint that are being sent.
struct Batch {
    waiting: Mutex<VecDeque<ClaimedDelivery>>,
    has_failed: AtomicBool,
    client: Client,
    helpers: Arc<Semaphore>,
    done: UnboundedSender<SendResult>,
    started: Instant,
    now: Timestamp,
}

impl Batch {
    /// Starts sending on separate threads. The results arrive one by one through the receiver; when
    /// it is dropped, sending stops.
    fn start(
        claimed: Vec<ClaimedDelivery>,
        round: &Round,
    ) -> Result<UnboundedReceiver<SendResult>> {
        let (done, outcomes) = mpsc::unbounded_channel();
        let batch = Self {
            waiting: Mutex::new(claimed.into()),
            has_failed: AtomicBool::new(false),
            client: round.client.clone(),
            helpers: Arc::clone(&round.helpers),
            done,
            started: round.started,
            now: round.now,
        };
        let run = move || batch.run();
        thread::Builder::new().name("webhook".into()).spawn(run).map_err(Error::internal)?;
        Ok(outcomes)
    }

    /// The first message shows whether the endpoint works; the others are then sent in parallel.
    fn run(&self) {
        if self.send_next() {
            thread::scope(|scope| {
                let more = self.waiting().len().min(PARALLEL_MESSAGES).saturating_sub(1);
                for _ in 0..more {
                    let Ok(helper) = self.helpers.try_acquire() else { break };
                    let thread = thread::Builder::new().name("webhook".into());
                    let help = move || {
                        let _helper = helper;
                        while self.send_next() {}
                    };
                    // Without another thread, this one sends all messages.
                    let _ = thread.spawn_scoped(scope, help);
                }
                while self.send_next() {}
            });
        }
        for message in self.waiting().drain(..) {
            // When the process is ending, nobody receives this, and the claim expires later.
            let _ = self.done.send((message, None));
        }
    }

    /// Sends the next message. Returns whether there may be another one to send.
    fn send_next(&self) -> bool {
        let must_stop = self.has_failed.load(Ordering::SeqCst)
            || self.started.elapsed() >= MAX_ROUND
            || self.done.is_closed();
        if must_stop {
            return false;
        }
        let Some(message) = self.waiting().pop_front() else { return false };
        let answer = self.client.send(&message, self.now);
        if !answer.is_delivered() {
            self.has_failed.store(true, Ordering::SeqCst);
        }
        self.done.send((message, Some(answer))).is_ok()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<ClaimedDelivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
