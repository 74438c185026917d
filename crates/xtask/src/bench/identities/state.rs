//! A server on loopback that keeps states, as the cores' own `http` backend asks for: a state at a path, in memory.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

/// The largest state that is taken.
const STATE_BYTES_MAX: usize = 1 << 30;

type States = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// It lives as long as the process does.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("listen on loopback")?;
        let address = listener.local_addr()?;
        let states = States::default();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let states = Arc::clone(&states);
                // A core that hangs up has what it wanted.
                thread::spawn(move || serve(connection, &states));
            }
        });
        Ok(Self { address })
    }

    /// Where a state of this name is kept.
    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

fn serve(connection: TcpStream, states: &States) -> Option<()> {
    let mut answers = connection.try_clone().ok()?;
    let mut requests = BufReader::new(connection);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        requests.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        loop {
            let mut header = String::new();
            requests.read_line(&mut header).ok()?;
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok().filter(|bytes| *bytes <= STATE_BYTES_MAX)?;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body).ok()?;
        let mut states = states.lock().unwrap_or_else(PoisonError::into_inner);
        let (code, answer) = match method.as_str() {
            "GET" => match states.get(&path) {
                Some(state) => ("200 OK", state.clone()),
                None => ("404 Not Found", Vec::new()),
            },
            _ => {
                states.insert(path, body);
                ("200 OK", Vec::new())
            }
        };
        drop(states);
        let head = format!("HTTP/1.1 {code}\r\nContent-Length: {}\r\n\r\n", answer.len());
        answers.write_all(head.as_bytes()).ok()?;
        answers.write_all(&answer).ok()?;
    }
}
