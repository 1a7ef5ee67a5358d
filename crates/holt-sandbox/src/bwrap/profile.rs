//! The profile of a session's browser: it comes when the sandbox opens, and goes when nothing of the sandbox is left.

use holt_core::id::SessionId;
use holt_core::profile::{ProfileError, ProfileKey};
use holt_core::sandbox::{SandboxError, SandboxSpec};
use holt_keeper::spec::Identity;
use tokio::task::spawn_blocking;

use super::driver::Inner;
use super::places::Session;
use super::problem::cannot_open;
use super::records::Records;
use crate::profiles::ProfileStore;
use crate::workspace::give_away;

/// Sandboxes that an earlier server left have their profiles still.
pub fn find_again(profiles: Option<&ProfileStore>, records: &Records) {
    let Some(profiles) = profiles else { return };
    for record in records.all().into_iter().filter_map(|session| records.get(session)) {
        if let Some(profile) = &record.profile {
            profiles.found_with(profile, record.session);
        }
    }
}

impl Inner {
    /// Puts what is kept into the browser's directory.
    pub(super) async fn take_profile(
        &self,
        spec: &SandboxSpec,
        directory: &Session,
        identity: Option<Identity>,
    ) -> Result<(), SandboxError> {
        let Some(profile) = spec.profile.clone() else { return Ok(()) };
        let Some(profiles) = self.options.profiles.clone() else { return Err(no_profiles()) };
        let (session, home, name) = (spec.session, directory.browser_profile(), profile.name.clone());
        let taken = spawn_blocking(move || {
            profiles.take(&profile, session, &home)?;
            let given = identity.map_or(Ok(()), |Identity { uid, gid }| give_away(&home, uid, gid));
            given.map_err(|error| {
                profiles.let_go(&profile, session);
                ProfileError::Io(error)
            })
        });
        let taken = taken.await.unwrap_or_else(|error| Err(ProfileError::Io(std::io::Error::other(error))));
        taken.map_err(|error| not_had(name.as_str(), &error))
    }

    /// Seals what the browser left. Nothing of the sandbox may be left that could still write.
    pub(super) async fn give_back_profile(&self, profile: Option<&ProfileKey>, session: SessionId) {
        let (Some(profile), Some(profiles)) = (profile.cloned(), self.options.profiles.clone()) else { return };
        let home = self.places.session(session).browser_profile();
        let (name, kept) = (profile.name.clone(), spawn_blocking(move || profiles.give_back(&profile, session, &home)));
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%session, profile = %name, %error, "a browser's profile was not kept"),
            Err(error) => tracing::warn!(%session, profile = %name, %error, "a browser's profile was not kept"),
        }
    }
}

fn no_profiles() -> SandboxError {
    let message = "Profiles of browsers cannot be kept here.";
    cannot_open("profiles_off", message, "Make the session without one.")
}

fn not_had(name: &str, error: &ProfileError) -> SandboxError {
    let (code, hint) = match error {
        ProfileError::Held(_) => ("profile_held", "Stop that session or let it sleep, then try again; or use another profile."),
        ProfileError::Broken => ("profile_broken", "Bring back the vault's key, or remove the profile and sign in anew."),
        ProfileError::TooLarge(_) | ProfileError::Io(_) => ("profile_failed", "Mend what it names, then try again."),
    };
    cannot_open(code, format!("The browser's profile `{name}` cannot be had: {error}."), hint)
}
