//! Connections: accepted, given time limits, and ended without cutting off an answer.
//!
//! Invariant: a client that sends or takes nothing is let go, and a signal ends everything within
//! [`WORK`] and two seconds.

use super::routes::{self, App};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

/// Connections at a time; more wait to be accepted.
const MOST: usize = 1024;
/// For the head of a request to come, also of the next one on the same connection.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// A client that takes no byte of an answer for so long is gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Wait after an error of the system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);
/// How long photos may be worked on once a signal came; whoever waits then is asked to come back.
const WORK: Duration = Duration::from_secs(8);
/// How long the last answers may take to be sent after that.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Serves until a signal; whether every request that was begun was answered.
pub(super) async fn serve(listener: TcpListener, app: App) -> bool {
    let graceful = GracefulShutdown::new();
    let queue = Arc::clone(&app.queue);
    let router = routes::router(app);
    let places = Arc::new(Semaphore::new(MOST));
    let mut signals = Signals::listen();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accepted => match accepted {
                (Ok((stream, _)), place) => (stream, place),
                (Err(_), _) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            () = signals.next() => break,
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        tokio::spawn(async move {
            let _place = place;
            // Whatever ends it is the client's business.
            let _ = connection.await;
        });
    }
    drop(listener);
    let time_is_over = async {
        tokio::time::sleep(WORK).await;
        queue.close();
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        () = graceful.shutdown() => true,
        () = time_is_over => false,
        () = signals.next() => false,
    }
}

fn connection(
    stream: TcpStream,
    router: axum::Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(router),
        )
}

/// What asks to end.
struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn listen() -> Self {
        Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .ok(),
        }
    }

    /// Waits for SIGINT or SIGTERM.
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(terminate) = &mut self.terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
