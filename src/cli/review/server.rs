//! A small HTTP server for one person: threads, no runtime. It listens on 127.0.0.1 only.
//!
//! Invariant: no connection can keep the others waiting. There are at most [`MOST_CONNECTIONS`],
//! each with a deadline for every step, and a body is read only from who passed the gate.

use super::gate::{Asked, Gate};
use super::request::{Reader, Unread};
use super::response::Response;
use crate::cli::run::batch;
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Browsers open six to one server.
const MOST_CONNECTIONS: usize = 48;
/// For a request to come, also the next one on the same connection.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// For its body.
const BODY_WITHIN: Duration = Duration::from_secs(60);
/// How often the wish to end is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// What answers requests.
pub(super) trait Site: Sync {
    /// The answer to a reading request: a path below the token, and its query.
    fn read(&self, path: &str, query: &str) -> Response;
    /// The answer to a changing request.
    fn change(&self, path: &str, body: &[u8]) -> Response;
}

/// A port that listens.
pub(super) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    pub(super) gate: Gate,
}

impl Server {
    /// Takes a port that the system chooses.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("listening on 127.0.0.1 for the browser")?;
        let address = listener.local_addr().context("asking for the port")?;
        Ok(Self {
            gate: Gate::new(address)?,
            address,
            listener,
        })
    }

    /// Serves until the run is to stop, and closes every connection then. `repeated` is called when
    /// the address for one visit is used again.
    pub(super) fn run(&self, site: &dyn Site, interrupt: &Interrupt, repeated: &(dyn Fn() + Sync)) {
        let open = Open::default();
        std::thread::scope(|scope| {
            // `accept` waits for a connection; this is one.
            scope.spawn(|| {
                let mut visits = 0;
                while !interrupt.requested() {
                    if self.gate.repeated_visits() > visits {
                        visits = self.gate.repeated_visits();
                        repeated();
                    }
                    std::thread::sleep(LOOK);
                }
                let _ = TcpStream::connect(self.address);
            });
            for stream in self.listener.incoming() {
                if interrupt.requested() {
                    open.shut();
                    return;
                }
                let Ok(stream) = stream else {
                    // Out of descriptors, most likely: let some be closed.
                    std::thread::sleep(LOOK);
                    continue;
                };
                let Some(number) = open.enter(&stream) else {
                    let _ = stream.set_nonblocking(true);
                    let _ = Response::text(503, "too many connections").send(&stream, false);
                    continue;
                };
                let open = &open;
                let served = batch::worker(number).spawn_scoped(scope, move || {
                    self.serve(&stream, site, interrupt);
                    open.leave(number);
                });
                if served.is_err() {
                    open.leave(number);
                }
            }
        });
    }

    /// Answers the requests of one connection.
    fn serve(&self, stream: &TcpStream, site: &dyn Site, interrupt: &Interrupt) {
        let _ = stream.set_nodelay(true);
        let mut reader = Reader::new(stream);
        loop {
            let (response, goes_on) = match self.answer(&mut reader, site) {
                Ok(answered) => answered,
                Err(Unread::Gone) => return,
                Err(Unread::Bad(status, why)) => (Response::text(status, why), false),
            };
            let goes_on = goes_on && !interrupt.requested();
            if response.send(stream, goes_on).is_err() || !goes_on {
                return;
            }
        }
    }

    /// The answer to the next request, and whether another one may come.
    fn answer(&self, reader: &mut Reader<'_>, site: &dyn Site) -> Result<(Response, bool), Unread> {
        let head = reader.head(HEAD_WITHIN)?;
        let asked = match self.gate.check(&head) {
            Ok(asked) => asked,
            // Closed, since its body, if it has one, is not read.
            Err(refusal) => return Ok((refusal, false)),
        };
        let length = head.body_length()?;
        let body = match asked {
            Asked::Change(_) => reader.body(length, BODY_WITHIN)?,
            _ if length > 0 => return Err(Unread::Bad(400, "a body where none is expected")),
            _ => Vec::new(),
        };
        let answer = || match asked {
            Asked::Enter => Response::see_other(self.gate.home()),
            Asked::Read(path, query) => site.read(path, query),
            Asked::Change(path) => site.change(path, &body),
        };
        let response = batch::caught(answer)
            .unwrap_or_else(|message| Response::text(500, format!("a bug in faceveil: {message}")));
        Ok((response, head.goes_on()))
    }
}

/// The connections that are open.
#[derive(Default)]
struct Open(Mutex<(usize, HashMap<usize, TcpStream>)>);

impl Open {
    fn lock(&self) -> MutexGuard<'_, (usize, HashMap<usize, TcpStream>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection, if there is room for one more.
    fn enter(&self, stream: &TcpStream) -> Option<usize> {
        let (next, streams) = &mut *self.lock();
        if streams.len() >= MOST_CONNECTIONS {
            return None;
        }
        *next += 1;
        streams.insert(*next, stream.try_clone().ok()?);
        Some(*next)
    }

    fn leave(&self, number: usize) {
        if let Some(stream) = self.lock().1.remove(&number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn shut(&self) {
        for stream in self.lock().1.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
