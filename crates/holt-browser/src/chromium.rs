//! Chromium as a process: how it is started, and that it ends.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Options;

/// Debian's own start script looks for settings first, which takes time and reads files of the system.
const PLACES: [&str; 3] = ["/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser"];
/// Chromium speaks over its descriptors 3 and 4. What it prints is of no use to anybody.
const LAUNCH: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

const FLAGS: &[&str] = &[
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-search-engine-choice-screen",
    "--hide-crash-restore-bubble",
    "--metrics-recording-only",
    "--no-pings",
    "--noerrdialogs",
    "--password-store=basic",
    // A page is driven also while another window covers it.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    // A page from that cache comes back without a word of how far it has come.
    "--disable-features=AutofillServerCommunication,BackForwardCache,CertificateTransparencyComponentUpdater,GlobalMediaControls,\
     LeakDetectionUnauthenticated,MediaRouter,NetworkTimeServiceQuerying,OptimizationGuideModelDownloading,\
     OptimizationGuideOnDeviceModel,OptimizationHints,Translate",
    // What it would ask its maker by itself all the same goes to a port where nobody is.
    "--component-updater=url-source=http://127.0.0.1:9/",
    "--gaia-url=http://127.0.0.1:9",
    "--google-apis-url=http://127.0.0.1:9",
    "--lang=en-US",
    "--start-maximized",
];

/// A Chromium that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Chromium {
    child: Child,
}

impl Chromium {
    /// Starts it; the two streams are its debugging pipe.
    pub fn start(options: &Options) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let program = program(options)?;
        prepare(&options.profile)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LAUNCH, "sh"]).arg(program).args(FLAGS).args(arguments(options));
        if let Some(display) = &options.display {
            command.env("DISPLAY", display);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let streams = child.stdout.take().zip(child.stdin.take());
        let (read, write) = streams.ok_or_else(|| io::Error::other("its pipe did not open"))?;
        Ok((Self { child }, read, write))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn program(options: &Options) -> io::Result<PathBuf> {
    let places = options.chromium.iter().map(PathBuf::as_path).chain(PLACES.map(Path::new));
    let found = places.into_iter().find(|place| place.exists());
    found.map(Path::to_owned).ok_or_else(|| io::Error::other("there is no Chromium: install chromium"))
}

fn arguments(options: &Options) -> Vec<OsString> {
    let mut all = vec![with("--user-data-dir=", &options.profile)];
    if let Some(proxy) = &options.proxy {
        all.push(format!("--proxy-server={proxy}").into());
    }
    if !options.own_sandbox {
        all.push("--no-sandbox".into());
        all.push("--test-type".into());
    }
    all.extend(options.arguments.iter().map(Into::into));
    all.push("about:blank".into());
    all
}

fn with(flag: &str, path: &Path) -> OsString {
    let mut all = OsString::from(flag);
    all.push(path);
    all
}

/// Makes the profile ready. The browser that had it last is gone, so its lock means nothing.
fn prepare(profile: &Path) -> io::Result<()> {
    let settings = profile.join("Default");
    std::fs::create_dir_all(&settings)?;
    for lock in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
        let _ = std::fs::remove_file(profile.join(lock));
    }
    let preferences = settings.join("Preferences");
    if preferences.exists() {
        return Ok(());
    }
    let wanted = json!({
        "alternate_error_pages": { "enabled": false },
        "autofill": { "credit_card_enabled": false, "profile_enabled": false },
        "credentials_enable_service": false,
        "download": { "prompt_for_download": false },
        "profile": { "password_manager_enabled": false, "password_manager_leak_detection": false },
        "safebrowsing": { "enabled": false },
        "search": { "suggest_enabled": false },
        "signin": { "allowed": false },
        "translate": { "enabled": false },
    });
    std::fs::write(preferences, wanted.to_string())
}
