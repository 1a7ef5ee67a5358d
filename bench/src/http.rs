//! Requests on plain sockets, for where a client library's own work would be part of the figure.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// One request on a connection of its own. Says its status.
pub fn get(address: SocketAddr, path: &str) -> io::Result<u16> {
    let mut connection = Connection::open(address)?;
    connection.send(&format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"))?;
    Ok(connection.answer()?.0)
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    from: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { from: BufReader::new(stream) })
    }

    /// Sends a request that is written out whole.
    pub fn send(&mut self, request: &str) -> io::Result<()> {
        self.from.get_mut().write_all(request.as_bytes())
    }

    /// Reads an answer with a stated length: its status and its body.
    pub fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let (status, length) = self.head()?;
        let mut body = vec![0; length];
        self.from.read_exact(&mut body)?;
        Ok((status, body))
    }

    /// Reads the head of an answer: its status and the stated length of its body.
    pub fn head(&mut self) -> io::Result<(u16, usize)> {
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "that was no answer of HTTP");
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(malformed)?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok((status, length));
            }
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| malformed())?;
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// The socket, and what was read from it already.
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        let rest = self.from.buffer().to_vec();
        (self.from.into_inner(), rest)
    }
}
