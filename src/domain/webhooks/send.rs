//! Sending what is due: endpoints beside each other, and several messages to each at a time.
//!
//! A message is claimed before it is sent, and what came of it is written afterwards: so a process
//! that dies in between leaves a claim that ends, and the message is sent again. Receivers tell a
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
use super::{Attempt, Claimed, EndpointId, Policy, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::Db;

/// How many messages are sent to an endpoint at the same time, once it has taken one.
const AT_ONCE: usize = 8;
/// How many threads help with that, over all endpoints: each takes a connection from those that clients
/// may have.
const HELPERS: usize = 24;
/// How many outcomes are written in one transaction at most.
const WRITTEN_AT_ONCE: usize = 100;
/// After how long no further message is begun in a round: what is left comes with the next.
const LONGEST_ROUND: Duration = Duration::from_secs(10);

/// What became of a claim: an answer, or it was let go of.
type Done = (Claimed, Option<Answer>);

/// What messages are sent with.
struct Round {
    client: Client,
    helpers: Arc<Semaphore>,
    begun: Instant,
    now: Timestamp,
}

/// Sends what is due. Returns how many messages were sent, in vain or not. Called again and again;
/// where nothing is due it costs one look into an index. Several nodes may call it at once.
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
    let round = Round { client, helpers, begun: Instant::now(), now };
    let sent = endpoints.into_iter().map(|endpoint| round.send_to(db, keyring, endpoint));
    let sent = join_all(sent).await;
    sent.into_iter().sum()
}

/// Sends one message that was claimed, while somebody waits for it.
pub async fn send_now(
    db: &Db,
    policy: &Policy,
    claimed: Claimed,
    now: Timestamp,
) -> Result<Attempt> {
    let (client, helpers) = (Client::new(policy), Arc::new(Semaphore::new(0)));
    let round = Round { client, helpers, begun: Instant::now(), now };
    let mut done = Batch::start(vec![claimed], &round)?;
    let sent = done.recv().await.and_then(|(message, answer)| Some((message, answer?)));
    let (message, answer) = sent.ok_or_else(|| Error::internal("a message was not sent"))?;
    db.write(move |tx| store::record(tx, &message, &answer, now)).await
}

impl Round {
    /// Sends an endpoint what is due, until one message fails: the others would fail too, and each
    /// after a while. No other endpoint waits for it.
    async fn send_to(&self, db: &Db, keyring: &Keyring, endpoint: EndpointId) -> Result<usize> {
        let (now, mut count) = (self.now, 0);
        while self.begun.elapsed() < LONGEST_ROUND {
            let (keyring, endpoint) = (keyring.clone(), endpoint.clone());
            let claimed =
                db.write(move |tx| store::claim_due(tx, &keyring, &endpoint, now)).await?;
            let wanted = claimed.len();
            let sent = self.send(db, claimed).await?;
            count += sent.attempts;
            if sent.delivered < wanted || wanted == 0 {
                break;
            }
        }
        Ok(count)
    }

    async fn send(&self, db: &Db, claimed: Vec<Claimed>) -> Result<Sent> {
        let now = self.now;
        let mut done = Batch::start(claimed, self)?;
        let mut sent = Sent::default();
        let mut outcomes = Vec::new();
        while done.recv_many(&mut outcomes, WRITTEN_AT_ONCE).await > 0 {
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

/// How many messages were tried, and how many of them arrived.
#[derive(Default)]
struct Sent {
    attempts: usize,
    delivered: usize,
}

/// Messages of one endpoint on their way.
struct Batch {
    waiting: Mutex<VecDeque<Claimed>>,
    has_failed: AtomicBool,
    client: Client,
    helpers: Arc<Semaphore>,
    done: UnboundedSender<Done>,
    begun: Instant,
    now: Timestamp,
}

impl Batch {
    /// Starts to send, on threads of their own. What comes of each is told one by one; when nobody
    /// listens any more, nothing more is sent.
    fn start(claimed: Vec<Claimed>, round: &Round) -> Result<UnboundedReceiver<Done>> {
        let (done, outcomes) = mpsc::unbounded_channel();
        let batch = Self {
            waiting: Mutex::new(claimed.into()),
            has_failed: AtomicBool::new(false),
            client: round.client.clone(),
            helpers: Arc::clone(&round.helpers),
            done,
            begun: round.begun,
            now: round.now,
        };
        let run = move || batch.run();
        thread::Builder::new().name("webhook".into()).spawn(run).map_err(Error::internal)?;
        Ok(outcomes)
    }

    /// The first message shows whether the endpoint works; the others follow side by side.
    fn run(&self) {
        if self.send_next() {
            thread::scope(|scope| {
                let more = self.waiting().len().min(AT_ONCE).saturating_sub(1);
                for _ in 0..more {
                    let Ok(helper) = self.helpers.try_acquire() else { break };
                    let thread = thread::Builder::new().name("webhook".into());
                    let help = move || {
                        let _helper = helper;
                        while self.send_next() {}
                    };
                    // Without another thread, this one sends them all.
                    let _ = thread.spawn_scoped(scope, help);
                }
                while self.send_next() {}
            });
        }
        for message in self.waiting().drain(..) {
            // Nobody listens when the process ends: the claim does too, later.
            let _ = self.done.send((message, None));
        }
    }

    /// Sends the next message, and says whether there may be another one to send.
    fn send_next(&self) -> bool {
        let is_over = self.has_failed.load(Ordering::SeqCst)
            || self.begun.elapsed() >= LONGEST_ROUND
            || self.done.is_closed();
        if is_over {
            return false;
        }
        let Some(message) = self.waiting().pop_front() else { return false };
        let answer = self.client.send(&message, self.now);
        if !answer.is_delivered() {
            self.has_failed.store(true, Ordering::SeqCst);
        }
        self.done.send((message, Some(answer))).is_ok()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Claimed>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
