//! Browser profiles in files, sealed by the vault: `profiles/<owner>/<name>`, where no sandbox reaches.
//!
//! One session at a time holds a profile. Taken, it is put into the browser's directory of that session; put back, it is sealed,
//! and everything that the browser left there is removed. A sealed file is replaced only by a whole one.

mod pack;

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use holt_core::id::{OwnerId, SessionId};
use holt_core::profile::{Profile, ProfileError, ProfileKey, ProfileName, Profiles};
use holt_core::time::Timestamp;
use holt_core::vault::{SealError, Vault};
use sha2::{Digest as _, Sha256};

pub use pack::{MOST_BYTES, wipe};

/// No name has this.
const BESIDE: &str = "~";

/// The profiles of one data directory. Cheap to clone.
#[derive(Clone)]
pub struct ProfileStore(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    vault: Arc<dyn Vault>,
    held: Mutex<HashMap<ProfileKey, SessionId>>,
}

impl std::fmt::Debug for ProfileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProfileStore").field("directory", &self.0.directory).finish_non_exhaustive()
    }
}

impl ProfileStore {
    pub fn new(data_dir: &Path, vault: Arc<dyn Vault>) -> Self {
        Self(Arc::new(Inner { directory: data_dir.join("profiles"), vault, held: Mutex::default() }))
    }

    /// A session that was found again has it.
    pub fn found_with(&self, profile: &ProfileKey, session: SessionId) {
        self.held().insert(profile.clone(), session);
    }

    /// Gives a profile to a session: what is kept of it is put into the browser's directory, in place of what was there.
    pub fn take(&self, profile: &ProfileKey, session: SessionId, home: &Path) -> Result<(), ProfileError> {
        {
            let mut held = self.held();
            if let Some(holder) = held.get(profile).filter(|holder| **holder != session) {
                return Err(ProfileError::Held(*holder));
            }
            held.insert(profile.clone(), session);
        }
        let put = self.put(profile, home);
        if put.is_err() {
            let _ = wipe(home).and_then(|()| make(home));
            self.let_go(profile, session);
        }
        put
    }

    /// Takes it back: what the browser left is sealed and then removed. Without anything to keep, what was kept before stays.
    pub fn give_back(&self, profile: &ProfileKey, session: SessionId, home: &Path) -> Result<(), ProfileError> {
        let sealed = self.seal(profile, home);
        let wiped = wipe(home).and_then(|()| make(home));
        self.let_go(profile, session);
        sealed?;
        Ok(wiped?)
    }

    /// The session does not have it any more; nothing is kept.
    pub fn let_go(&self, profile: &ProfileKey, session: SessionId) {
        let mut held = self.held();
        if held.get(profile) == Some(&session) {
            held.remove(profile);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<ProfileKey, SessionId>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Owners' names may have any letters.
    fn of_owner(&self, owner: &OwnerId) -> PathBuf {
        let hash = Sha256::digest(owner.as_str().as_bytes());
        self.0.directory.join(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn file(&self, profile: &ProfileKey) -> PathBuf {
        self.of_owner(&profile.owner).join(profile.name.as_str())
    }

    fn put(&self, profile: &ProfileKey, home: &Path) -> Result<(), ProfileError> {
        wipe(home)?;
        make(home)?;
        let mut sealed = match File::open(self.file(profile)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let (reader, mut writer) = io::pipe()?;
        std::thread::scope(|scope| {
            let unpacking = scope.spawn(move || pack::unpack(reader, home));
            let opened = self.0.vault.open(&label(profile), &mut sealed, &mut writer);
            drop(writer);
            let unpacked = unpacking.join().unwrap_or(Err(ProfileError::Broken));
            // If the one broke off because of the other, the other says why.
            match (opened, unpacked) {
                (Err(SealError::Io(_)), Err(why)) => Err(why),
                (Err(error), _) => Err(said(error)),
                (Ok(_), unpacked) => unpacked,
            }
        })
    }

    fn seal(&self, profile: &ProfileKey, home: &Path) -> Result<(), ProfileError> {
        let directory = self.of_owner(&profile.owner);
        DirBuilder::new().mode(0o700).recursive(true).create(&directory)?;
        let beside = directory.join(format!("{}{BESIDE}", profile.name));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let sealed = self.seal_into(profile, home, &mut file);
        if !matches!(sealed, Ok(true)) {
            let _ = fs::remove_file(&beside);
            return sealed.map(drop);
        }
        file.sync_all()?;
        fs::rename(&beside, self.file(profile))?;
        File::open(&directory)?.sync_all()?;
        Ok(())
    }

    fn seal_into(&self, profile: &ProfileKey, home: &Path, file: &mut File) -> Result<bool, ProfileError> {
        let (mut reader, writer) = io::pipe()?;
        std::thread::scope(|scope| {
            let packing = scope.spawn(move || pack::pack(home, writer));
            let sealed = self.0.vault.seal(&label(profile), &mut reader, &mut *file);
            drop(reader);
            let packed = packing.join().unwrap_or(Err(ProfileError::Broken));
            sealed.map_err(said)?;
            file.flush()?;
            packed
        })
    }
}

/// What is sealed in: a file that is put in another's place does not open.
fn label(profile: &ProfileKey) -> String {
    format!("profile {} {}", profile.name, profile.owner)
}

fn said(error: SealError) -> ProfileError {
    match error {
        SealError::Broken => ProfileError::Broken,
        SealError::NoKey(why) => ProfileError::Io(io::Error::other(why)),
        SealError::Io(error) => ProfileError::Io(error),
    }
}

fn make(home: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(home)
}

impl Profiles for ProfileStore {
    fn list(&self, owner: &OwnerId) -> Result<Vec<Profile>, ProfileError> {
        let mut all = HashMap::new();
        let entries = match fs::read_dir(self.of_owner(owner)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            entries => Some(entries?),
        };
        for entry in entries.into_iter().flatten() {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().filter(|name| !name.ends_with(BESIDE)).map(str::to_owned) else {
                continue;
            };
            let (Ok(name), Ok(found)) = (ProfileName::new(name), entry.metadata()) else { continue };
            let changed = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let kept_at = Some(Timestamp::from_millis(i64::try_from(changed.as_millis()).unwrap_or(i64::MAX)));
            all.insert(name.clone(), Profile { name, bytes: found.len(), kept_at, held_by: None });
        }
        for (profile, session) in self.held().iter().filter(|(profile, _)| profile.owner == *owner) {
            let name = profile.name.clone();
            let new = || Profile { name: name.clone(), bytes: 0, kept_at: None, held_by: None };
            all.entry(name.clone()).or_insert_with(new).held_by = Some(*session);
        }
        let mut all: Vec<Profile> = all.into_values().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn forget(&self, profile: &ProfileKey) -> Result<bool, ProfileError> {
        let held = self.held();
        if let Some(holder) = held.get(profile) {
            return Err(ProfileError::Held(*holder));
        }
        match fs::remove_file(self.file(profile)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        data: tempfile::TempDir,
        store: ProfileStore,
        profile: ProfileKey,
    }

    impl World {
        fn new() -> Self {
            let data = tempfile::tempdir().unwrap();
            let store = ProfileStore::new(data.path(), Arc::new(holt_store::FileVault::new(data.path())));
            Self { data, store, profile: key("owner", "work") }
        }

        fn home(&self, name: &str) -> PathBuf {
            self.data.path().join(name)
        }

        fn cookies(&self, home: &str) -> PathBuf {
            self.home(home).join("browser/Default/Cookies")
        }
    }

    fn key(owner: &str, name: &str) -> ProfileKey {
        ProfileKey { owner: OwnerId::new(owner), name: ProfileName::new(name).unwrap() }
    }

    fn session(number: u128) -> SessionId {
        SessionId::new(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn one_session_at_a_time_has_it_and_it_comes_back_as_it_was() {
        let world = World::new();
        world.store.take(&world.profile, session(1), &world.home("one")).unwrap();
        assert!(matches!(world.store.take(&world.profile, session(2), &world.home("two")), Err(ProfileError::Held(_))));
        world.store.take(&key("other", "work"), session(3), &world.home("three")).unwrap();
        fs::create_dir_all(world.cookies("one").parent().unwrap()).unwrap();
        fs::write(world.cookies("one"), "CANARY").unwrap();
        world.store.give_back(&world.profile, session(1), &world.home("one")).unwrap();
        assert!(!world.cookies("one").exists());
        let sealed = fs::read(world.store.file(&world.profile)).unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"CANARY"));
        world.store.take(&world.profile, session(2), &world.home("two")).unwrap();
        assert_eq!(fs::read_to_string(world.cookies("two")).unwrap(), "CANARY");
        // A browser that was never started leaves what is kept.
        world.store.give_back(&world.profile, session(2), &world.home("never")).unwrap_err();
        world.store.take(&world.profile, session(4), &world.home("four")).unwrap();
        fs::remove_dir_all(world.home("four").join("browser")).unwrap();
        world.store.give_back(&world.profile, session(4), &world.home("four")).unwrap();
        assert_eq!(fs::read(world.store.file(&world.profile)).unwrap(), sealed);
    }

    #[test]
    fn what_was_sealed_as_something_else_or_is_damaged_is_not_put_anywhere() {
        let world = World::new();
        world.store.take(&world.profile, session(1), &world.home("one")).unwrap();
        fs::create_dir_all(world.cookies("one").parent().unwrap()).unwrap();
        fs::write(world.cookies("one"), "x".repeat(10_000)).unwrap();
        world.store.give_back(&world.profile, session(1), &world.home("one")).unwrap();
        let other = key("owner", "other");
        let file = world.store.file(&world.profile);
        fs::copy(&file, world.store.file(&other)).unwrap();
        assert!(matches!(world.store.take(&other, session(1), &world.home("one")), Err(ProfileError::Broken)));
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(world.store.take(&world.profile, session(1), &world.home("one")), Err(ProfileError::Broken)));
        assert_eq!(fs::read_dir(world.home("one")).unwrap().count(), 0);
        assert!(world.store.list(&OwnerId::new("owner")).unwrap().iter().all(|profile| profile.held_by.is_none()));
        assert!(world.store.forget(&world.profile).unwrap());
        assert!(!world.store.forget(&world.profile).unwrap());
    }
}
