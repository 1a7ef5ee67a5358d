//! An X server of a test's own, with programs on it.

use std::cell::RefCell;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use holt_screen::{Area, Screen};
use holt_testkit::Xvnc;
use tempfile::TempDir;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, InputFocus, Rectangle, WindowClass};
use x11rb::rust_connection::RustConnection;

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Desk {
    pub display: String,
    _server: Xvnc,
    directory: TempDir,
    programs: RefCell<Vec<Child>>,
}

impl Desk {
    pub fn new() -> Self {
        let server = Xvnc::start("800x600");
        Self {
            display: server.display.clone(),
            _server: server,
            directory: TempDir::new().unwrap(),
            programs: RefCell::default(),
        }
    }

    pub fn screen(&self) -> Screen {
        Screen::open(&self.display).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.display).env("LC_ALL", "C.UTF-8");
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{program} is needed: {error}"));
        self.programs.borrow_mut().push(child);
    }

    pub fn start_manager(&self) {
        self.start("openbox", &[]);
        let screen = self.screen();
        // Without a manager this asks for one.
        self.until("openbox runs", || !matches!(screen.minimize(self.root()), Err(holt_screen::ScreenError::NoManager)));
    }

    fn root(&self) -> u32 {
        let (connection, screen) = RustConnection::connect(Some(&self.display)).unwrap();
        connection.setup().roots[screen].root
    }

    /// Starts a terminal with a title and waits for its window.
    pub fn start_xterm(&self, title: &str, script: &str) {
        self.start("xterm", &["-u8", "-T", title, "-e", "sh", "-c", script]);
        let screen = self.screen();
        self.until("the terminal is there", || screen.find_windows(title).unwrap().len() == 1);
    }

    pub fn wait_for(&self, file: &Path) {
        self.until("a program says that it is done", || file.exists());
    }

    /// Looks until something is so that only the X server and its programs know.
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it is not so that {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for program in self.programs.get_mut().iter_mut().rev() {
            let group = rustix::process::Pid::from_child(program);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = program.wait();
        }
    }
}

/// A window that notes what arrives in it.
pub struct Watcher {
    connection: Arc<RustConnection>,
    window: u32,
    area: Area,
}

impl Watcher {
    pub fn new(desk: &Desk, area: Area, colour: u32) -> Self {
        let (connection, screen) = RustConnection::connect(Some(&desk.display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id().unwrap();
        let mask = EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::POINTER_MOTION
            | EventMask::EXPOSURE;
        let (x, y, width, height) = (area.x as i16, area.y as i16, area.width as u16, area.height as u16);
        let aux = CreateWindowAux::new().background_pixel(colour).event_mask(mask);
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(24, window, root, x, y, width, height, 0, class, 0, &aux).unwrap().check().unwrap();
        connection.map_window(window).unwrap().check().unwrap();
        let mut watcher = Self { connection: Arc::new(connection), window, area };
        watcher.next(|event| matches!(event, Event::Expose(_)).then_some(()));
        watcher
    }

    pub fn take_keyboard(&self) {
        let parent = InputFocus::PARENT;
        self.connection.set_input_focus(parent, self.window, x11rb::CURRENT_TIME).unwrap().check().unwrap();
    }

    /// The next event that is meant.
    pub fn next<T>(&mut self, mut meant: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = meant(&self.connection.wait_for_event().unwrap()) {
                return found;
            }
        }
    }

    /// Paints until the answer is dropped.
    pub fn paint_for_ever(&self) -> Painting {
        let context = self.connection.generate_id().unwrap();
        self.connection.create_gc(context, self.window, &CreateGCAux::new().foreground(0x00ff_0000)).unwrap();
        let going = Arc::new(AtomicBool::new(true));
        let (connection, window, area, go_on) = (self.connection.clone(), self.window, self.area, going.clone());
        let (first, painted) = std::sync::mpsc::channel();
        let painter = std::thread::spawn(move || {
            let all = Rectangle { x: 0, y: 0, width: area.width as u16, height: area.height as u16 };
            while go_on.load(Ordering::Relaxed) {
                connection.poly_fill_rectangle(window, context, &[all]).unwrap().check().unwrap();
                let _ = first.send(());
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        painted.recv().unwrap();
        Painting { going, painter: Some(painter) }
    }
}

pub struct Painting {
    going: Arc<AtomicBool>,
    painter: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Painting {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
        self.painter.take().unwrap().join().unwrap();
    }
}
