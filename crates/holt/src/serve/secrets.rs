//! Secrets for hosts: kept in the vault under `egress/<host>`, and added to what sessions send there.

use holt_core::vault::{SecretName, Vault};
use holt_egress::{Host, Injected, Target};
use secrecy::ExposeSecret as _;

/// The port of hosts that are named without one.
const USUAL: u16 = 443;

/// What is added for a host, when something is kept for it.
pub async fn find(vault: &dyn Vault, target: &Target) -> Option<Injected> {
    // An address proves itself to nobody.
    let Host::Name(name) = &target.host else { return None };
    let own = format!("egress/{name}:{}", target.port, name = name.as_str());
    let usual = (target.port == USUAL).then(|| format!("egress/{}", name.as_str()));
    for name in [Some(own), usual].into_iter().flatten() {
        let Ok(name) = SecretName::new(name) else { continue };
        match vault.fetch(&name).await {
            Ok(Some(secret)) => return read(&name, secret.expose_secret()),
            Ok(None) => {}
            Err(error) => tracing::warn!(%name, %error, "a secret for a host could not be fetched"),
        }
    }
    None
}

fn read(name: &SecretName, secret: &str) -> Option<Injected> {
    let read = Injected::read(secret);
    if read.is_none() {
        tracing::warn!(%name, "a secret for a host is no header");
    }
    read
}
