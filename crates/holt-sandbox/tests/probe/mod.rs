//! The escape probe: what a hostile program tries from inside. It runs in the sandbox, tries everything, and prints a line for
//! each thing that should have been refused and was not.

mod calls;
mod places;

/// What the probe is told about the outside.
pub struct Outside {
    /// Files and directories that must not be reachable.
    pub paths: Vec<String>,
    /// Addresses that somebody listens on.
    pub addresses: Vec<String>,
    /// The name of an abstract socket that somebody listens on.
    pub abstract_socket: String,
    /// A variable of the host's environment.
    pub variable: String,
}

impl Outside {
    pub fn write(&self) -> String {
        [self.paths.join("|"), self.addresses.join("|"), self.abstract_socket.clone(), self.variable.clone()].join("\n")
    }

    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let list = |text: String| text.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { paths: list(next()), addresses: list(next()), abstract_socket: next(), variable: next() }
    }
}

/// Counts what was tried, and prints what went through.
#[derive(Default)]
pub struct Attempts {
    tried: usize,
}

impl Attempts {
    /// Something that must not be so.
    pub fn hole(&mut self, what: &str, is_open: bool) {
        self.tried += 1;
        if is_open {
            println!("HOLE {what}");
        }
    }
}

/// Tries everything. Called inside.
pub fn probe(outside: &str) {
    let outside = Outside::read(outside);
    let mut attempts = Attempts::default();
    places::try_all(&mut attempts, &outside);
    calls::try_all(&mut attempts);
    println!("TRIED {}", attempts.tried);
}
