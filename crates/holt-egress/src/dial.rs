//! The one checked dialer. The address that was checked is the address that is dialled.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::address::{Class, class, plain};
use crate::own::Own;
use crate::refusal::Refusal;
use crate::target::{Host, NotATarget, Target};

/// Names that are looked up at a time. One that takes long holds a thread until the resolver gives it up.
const LOOKUPS: usize = 32;
/// The most addresses of one name that are tried.
const ADDRESSES: usize = 8;
/// The next address is tried when the one before has not answered for so long.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long looking up and connecting may take together.
const WITHIN: Duration = Duration::from_secs(20);

/// Hosts and ports that may be reached although they are not public: only what the configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions(BTreeSet<Target>);

impl Exceptions {
    /// # Errors
    /// With the text that is not `host:port`.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (String, NotATarget)> {
        let one = |text: &'a str| text.parse::<Target>().map_err(|error| (text.to_owned(), error));
        texts.into_iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    fn names(&self, target: &Target) -> bool {
        self.0.contains(target)
    }

    fn name_address(&self, address: IpAddr, port: u16) -> bool {
        self.0.contains(&Target { host: Host::Address(plain(address)), port })
    }
}

/// Makes every connection that somebody else may choose the address of. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dialer {
    exceptions: Arc<Exceptions>,
    lookups: Arc<Semaphore>,
}

impl Dialer {
    pub fn new(exceptions: Exceptions) -> Self {
        Self { exceptions: Arc::new(exceptions), lookups: Arc::new(Semaphore::new(LOOKUPS)) }
    }

    /// Connects to a public address of the target, or to one that is named as an exception.
    ///
    /// # Errors
    /// Says why nothing was reached.
    pub async fn dial(&self, target: &Target) -> Result<TcpStream, Refusal> {
        let reach = async {
            let addresses = self.resolve(target).await?;
            connect(addresses).await
        };
        timeout(WITHIN, reach).await.unwrap_or(Err(Refusal::Late))
    }

    /// The addresses of the target that may be dialled; never none.
    ///
    /// # Errors
    /// When it has none, or none that may be.
    pub async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Refusal> {
        // An address needs no looking up, and waits for nobody who does.
        let permit = match &target.host {
            Host::Address(_) => None,
            Host::Name(_) => Some(Arc::clone(&self.lookups).acquire_owned().await.map_err(|_| Refusal::Unreachable)?),
        };
        let asked = target.clone();
        let look_up = move || {
            let found = look_up(&asked);
            drop(permit);
            (found, Own::read())
        };
        let (found, own) = tokio::task::spawn_blocking(look_up).await.map_err(|_| Refusal::Unreachable)?;
        // Without knowing this machine's own addresses, none can be told from them.
        let (found, own) = (found?, own.map_err(|_| Refusal::Unreachable)?);
        self.let_through(target, &found, &own)
    }

    fn let_through(&self, target: &Target, found: &[SocketAddr], own: &Own) -> Result<Vec<SocketAddr>, Refusal> {
        let named = self.exceptions.names(target);
        let mut why: Option<Class> = None;
        let mut addresses = Vec::new();
        for address in found {
            let excepted = named || self.exceptions.name_address(address.ip(), address.port());
            match class(address.ip()).or_else(|| own.class(address.ip())).filter(|_| !excepted) {
                None => addresses.push(SocketAddr::new(plain(address.ip()), address.port())),
                Some(class) => why = why.or(Some(class)),
            }
        }
        addresses.truncate(ADDRESSES);
        if addresses.is_empty() { Err(why.map_or(Refusal::NoSuchHost, Refusal::Address)) } else { Ok(addresses) }
    }
}

fn look_up(target: &Target) -> Result<Vec<SocketAddr>, Refusal> {
    match &target.host {
        Host::Address(address) => Ok(vec![SocketAddr::new(*address, target.port)]),
        Host::Name(name) => {
            let found = (name.as_str(), target.port).to_socket_addrs();
            found.map(Iterator::collect).map_err(|_| Refusal::NoSuchHost)
        }
    }
}

/// Tries one after the other, the next as soon as one has failed or has not answered for a moment; the first that answers wins.
async fn connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, Refusal> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    loop {
        if let Some(address) = waiting.next() {
            trying.push(TcpStream::connect(address));
        } else if trying.is_empty() {
            return Err(Refusal::Unreachable);
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(tried) = trying.next() => if let Ok(stream) = tried {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            },
            () = sleep(HEAD_START), if more => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    fn dialer(exceptions: &[&str]) -> Dialer {
        Dialer::new(Exceptions::parse(exceptions.iter().copied()).unwrap())
    }

    fn through(dialer: &Dialer, asked: &str, found: &[&str]) -> Result<Vec<String>, Refusal> {
        let found: Vec<SocketAddr> = found.iter().map(|text| text.parse().unwrap()).collect();
        let through = dialer.let_through(&target(asked), &found, &Own::default())?;
        Ok(through.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_public_addresses_of_a_name_are_left_and_at_most_so_many() {
        let dialer = dialer(&[]);
        let some = through(&dialer, "a.example:1", &["10.0.0.1:1", "[::1]:1", "1.1.1.1:1", "[::ffff:9.9.9.9]:1"]);
        assert_eq!(some.unwrap(), ["1.1.1.1:1", "9.9.9.9:1"]);
        assert_eq!(through(&dialer, "a.example:1", &["169.254.169.254:1"]), Err(Refusal::Address(Class::Metadata)));
        assert_eq!(through(&dialer, "a.example:1", &[]), Err(Refusal::NoSuchHost));
        assert_eq!(through(&dialer, "a.example:1", &["1.1.1.1:1"; 100]).unwrap().len(), ADDRESSES);
    }

    #[test]
    fn an_exception_holds_for_exactly_its_host_and_port() {
        let dialer = dialer(&["127.0.0.1:80", "Inner.Example:443"]);
        let (here, inner) = ("127.0.0.1:80", "10.0.0.1:443");
        assert!(through(&dialer, here, &[here]).is_ok());
        assert!(through(&dialer, "other.example:80", &[here]).is_ok(), "the address itself is what is named");
        assert!(through(&dialer, "other.example:80", &["[::ffff:127.0.0.1]:80"]).is_ok());
        assert!(through(&dialer, "127.0.0.1:81", &["127.0.0.1:81"]).is_err());
        assert!(through(&dialer, "inner.example:443", &[inner]).is_ok());
        assert!(through(&dialer, "other.example:443", &[inner]).is_err());
        assert!(through(&dialer, "inner.example:444", &["10.0.0.1:444"]).is_err());
        assert!(Exceptions::parse(["10.0.0.0/8"]).is_err());
    }

    #[tokio::test]
    async fn ways_of_writing_this_machine_do_not_reach_it() {
        let dialer = dialer(&[]);
        for host in ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
        {
            let why = dialer.dial(&target(&format!("{host}:1"))).await.unwrap_err();
            assert!(matches!(why, Refusal::Address(_) | Refusal::NoSuchHost), "{host}: {why:?}");
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_for_the_next() {
        let there = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let reached = connect(vec![gone, there.local_addr().unwrap()]).await.unwrap();
        assert_eq!(reached.peer_addr().unwrap(), there.local_addr().unwrap());
        assert_eq!(connect(vec![gone]).await.unwrap_err(), Refusal::Unreachable);
    }
}
