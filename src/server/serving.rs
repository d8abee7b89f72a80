//! Serving until the process is told to stop: the servers and the background work, which are replaced
//! by others when the master key is rotated.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;

use actix_server::{Server, ServerHandle};
use actix_web::rt::task::JoinHandle;
use futures_util::future::{Either, join_all, select, try_join_all};

use super::{Shared, Sockets, dashboard, dependencies, serve_metrics, verify};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::service_manager;
use crate::base::stop::{self, Signals};
use crate::domain::master_key;
use crate::jobs::{Worker, Writer};
use crate::web::Site;
use crate::web::metrics::Metrics;

/// Serves on `sockets` until the process gets a signal to stop, and calls `announce` once it
/// handles signals. Runs the background work at the same time. The listener for programs serves
/// metrics if only this machine can reach it.
pub fn run(
    shared: &Shared,
    sockets: &Sockets,
    workers: Option<NonZeroUsize>,
    metrics: &Metrics,
    announce: impl FnOnce(),
) -> Result<()> {
    // Dropped after the last request has finished, and then writes for the last time.
    let _writer = Writer::start(Arc::clone(&shared.usage), shared.site.db.clone())?;
    let workers = workers.map(NonZeroUsize::get);
    actix_web::rt::System::new().block_on(async {
        let mut serving = Serving::start(shared.clone(), sockets, workers, metrics)?;
        actix_web::rt::spawn(metrics.clone().run_upkeep());
        let mut signals = Signals::listen().map_err(Error::internal)?;
        announce();
        service_manager::ready();
        actix_web::rt::spawn(service_manager::keep_alive());
        while let Some(keyring) = serving.until_rotated(&mut signals).await? {
            tracing::info!("the master key was rotated");
            let shared = serving.shared.with_master_key(keyring);
            match Serving::start(shared, sockets, workers, metrics) {
                Ok(next) => std::mem::replace(&mut serving, next).retire(),
                // The next look finds the same, and tries again.
                Err(error) => tracing::warn!(%error, "the new master key is not in use yet"),
            }
        }
        serving.end(signals).await
    })
}

/// Servers and background work under one master key.
struct Serving {
    shared: Shared,
    handles: Vec<ServerHandle>,
    ended: JoinHandle<std::io::Result<Vec<()>>>,
    worker: Worker,
}

impl Serving {
    fn start(
        shared: Shared,
        sockets: &Sockets,
        workers: Option<usize>,
        metrics: &Metrics,
    ) -> Result<Self> {
        let worker = Worker::start(dependencies(&shared.site))?;
        let servers = sockets.serve(&shared, workers, metrics).map_err(Error::internal)?;
        let handles = servers.iter().map(Server::handle).collect();
        Ok(Self { shared, handles, ended: actix_web::rt::spawn(try_join_all(servers)), worker })
    }

    /// Waits for a signal to stop or for another master key, which is returned.
    async fn until_rotated(&mut self, signals: &mut Signals) -> Result<Option<Keyring>> {
        let Site { db, keyring, config, .. } = &self.shared.site;
        tokio::select! {
            () = signals.received() => Ok(None),
            ended = &mut self.ended => Err(Error::internal(format!("a server ended: {ended:?}"))),
            replaced = master_key::replaced(db, keyring, &config.database.secret_key_file) => {
                replaced.map(Some)
            }
        }
    }

    /// Finishes requests in flight beside the servers that have replaced these.
    fn retire(self) {
        let Self { shared, handles, worker, .. } = self;
        // Ending the background work waits for what is in progress.
        std::thread::spawn(move || drop(worker));
        actix_web::rt::spawn(async move {
            shared.ending.announce().await;
            join_all(handles.iter().map(|server| server.stop(true))).await;
        });
    }

    /// Lets requests in flight finish after the first signal to stop; returns at the second.
    async fn end(self, mut signals: Signals) -> Result<()> {
        service_manager::stopping();
        tracing::info!("told to end: requests in flight are finished");
        stop::end_in_time();
        self.shared.ending.announce().await;
        let stopped = async {
            join_all(self.handles.iter().map(|server| server.stop(true))).await;
            self.ended.await
        };
        // Polled first, so that a caller that got an answer can stop the server.
        match select(pin!(signals.received()), pin!(stopped)).await {
            Either::Left(_) => Ok(()),
            Either::Right((ended, _)) => {
                ended.map_err(Error::internal)?.map_err(Error::internal).map(drop)
            }
        }
    }
}

impl Sockets {
    /// Servers on these sockets, which stay open.
    fn serve(
        &self,
        shared: &Shared,
        workers: Option<usize>,
        metrics: &Metrics,
    ) -> std::io::Result<Vec<Server>> {
        let mut servers = vec![dashboard(shared, self.dashboard.try_clone()?, workers)?];
        if let Some(socket) = &self.verify {
            servers.push(verify(shared, socket.try_clone()?, workers, metrics)?);
        }
        if let Some(socket) = &self.metrics {
            servers.push(serve_metrics(shared, socket.try_clone()?, metrics)?);
        }
        Ok(servers)
    }
}
