//! On which ports something inside serves, as the kernel tells of the network that the keeper is in.

use std::collections::BTreeSet;
use std::io::{self, Read as _};

use crate::protocol::message::MOST_PORTS;
use crate::spec::OWN_PORTS;

const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// The most bytes of a table that are read: what is in it somebody inside decides.
const MOST: u64 = 1 << 20;
const LISTENING: &str = "0A";

/// The ports, the lowest first, without Holt's own.
pub fn serving() -> io::Result<Vec<u16>> {
    let mut ports = BTreeSet::new();
    for table in TABLES {
        let mut text = String::new();
        match std::fs::File::open(table) {
            Ok(file) => file.take(MOST).read_to_string(&mut text)?,
            // Where IPv6 is switched off.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        ports.extend(listening(&text).filter(|port| !OWN_PORTS.contains(port)));
    }
    Ok(ports.into_iter().take(MOST_PORTS).collect())
}

/// Number, local address and port, the other's, state, …
fn listening(table: &str) -> impl Iterator<Item = u16> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (local, state) = (fields.nth(1)?, fields.nth(1)?);
        let port = local.rsplit_once(':').filter(|_| state == LISTENING)?.1;
        u16::from_str_radix(port, 16).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_listens_is_told() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n\
             \x20  0: 0100007F:1435 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1\n\
             \x20  1: 0100007F:A1B2 0100007F:1435 01 00000000:00000000 00:00000000 00000000  1000        0 2\n\
             \x20  2: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0\n\
             \x20  3: broken\n";
        assert_eq!(listening(table).collect::<Vec<_>>(), [5173, 8080]);
    }

    #[test]
    fn a_server_here_is_found() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (tables, port) = (std::fs::read_to_string(TABLES[0]).unwrap(), server.local_addr().unwrap().port());
        assert!(listening(&tables).any(|found| found == port));
    }
}
