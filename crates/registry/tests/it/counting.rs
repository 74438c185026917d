//! A socket before a server's own, which counts what is asked of it.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Where a server listens in a directory.
const SOCKET: &str = ".s.PGSQL.5432";

/// Listens in a directory, in front of the server that listens in another one; how often it was asked.
pub(crate) fn listen(directory: &Path, server: &Path) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(directory.join(SOCKET)).unwrap();
    let (asked, socket) = (Arc::<AtomicUsize>::default(), server.join(SOCKET));
    let counter = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (counter, server) = (Arc::clone(&counter), UnixStream::connect(&socket).unwrap());
            thread::spawn(move || pass_on(client.unwrap(), server, &counter));
        }
    });
    asked
}

/// Passes on what a client says, and counts what waits for an answer: a query, or the end of a series of messages.
fn pass_on(mut client: UnixStream, server: UnixStream, asked: &AtomicUsize) {
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answering = thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
    });
    let mut server = server;
    // The first message has no kind; every other begins with one.
    let mut has_kind = false;
    loop {
        let mut head = [0; 5];
        let from = usize::from(!has_kind);
        if client.read_exact(&mut head[from..]).is_err() {
            break;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut body).unwrap();
        if has_kind && (head[0] == b'Q' || head[0] == b'S') {
            asked.fetch_add(1, Ordering::SeqCst);
        }
        has_kind = true;
        let message = [&head[from..], &body].concat();
        if server.write_all(&message).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Both);
    answering.join().unwrap();
}
