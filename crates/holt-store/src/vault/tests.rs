use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn text(secret: Option<SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose_secret().to_owned())
}

fn names(kept: Vec<KeptSecret>) -> Vec<String> {
    kept.into_iter().map(|kept| kept.name.into()).collect()
}

#[tokio::test]
async fn secrets_are_kept_replaced_listed_and_forgotten() {
    let data = tempfile::tempdir().unwrap();
    let vault = FileVault::new(data.path());
    assert_eq!(text(vault.fetch(&name("models/openai")).await.unwrap()), None);
    assert!(vault.below("models").await.unwrap().is_empty());
    for (place, secret) in [("models/openai", "one"), ("models/gemini", "two"), ("modelsx/a", "three"), ("models/openai", "four")]
    {
        vault.keep(&name(place), secret.into()).await.unwrap();
    }
    // Another server, later.
    let vault = FileVault::new(data.path());
    assert_eq!(text(vault.fetch(&name("models/openai")).await.unwrap()).as_deref(), Some("four"));
    assert_eq!(names(vault.below("models").await.unwrap()), ["models/gemini", "models/openai"]);
    assert!(vault.below("models").await.unwrap().iter().all(|kept| kept.kept_at.as_millis() > 0));
    assert!(vault.forget(&name("models/openai")).await.unwrap());
    assert!(!vault.forget(&name("models/openai")).await.unwrap());
    assert_eq!(text(vault.fetch(&name("models/openai")).await.unwrap()), None);
    let long = vault.keep(&name("a"), "x".repeat(MAX_SECRET_BYTES + 1).into()).await;
    assert!(matches!(long, Err(StoreError::Invalid(_))));
    vault.keep(&name("a"), "x".repeat(MAX_SECRET_BYTES).into()).await.unwrap();
    assert_eq!(text(vault.fetch(&name("a")).await.unwrap()).unwrap().len(), MAX_SECRET_BYTES);
}

#[tokio::test]
async fn what_stands_on_the_disk_is_private_and_tells_nothing() {
    let data = tempfile::tempdir().unwrap();
    let vault = FileVault::new(data.path());
    vault.keep(&name("models/openai"), "sk-canary".into()).await.unwrap();
    for (path, mode) in [("vault.key", 0o600), ("vault", 0o700), ("vault/models+openai", 0o600)] {
        let path = data.path().join(path);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{path:?}");
        assert!(path.is_dir() || !fs::read(&path).unwrap().windows(6).any(|part| part == b"canary"));
    }
    assert_eq!(fs::read_dir(data.path().join("vault")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_secret_cannot_stand_in_for_another_and_a_lost_key_is_said() {
    let data = tempfile::tempdir().unwrap();
    let vault = FileVault::new(data.path());
    vault.keep(&name("egress/a"), "one".into()).await.unwrap();
    fs::copy(data.path().join("vault/egress+a"), data.path().join("vault/egress+b")).unwrap();
    assert!(matches!(vault.fetch(&name("egress/b")).await, Err(StoreError::Damaged(_))));
    fs::remove_file(data.path().join("vault.key")).unwrap();
    let vault = FileVault::new(data.path());
    let lost = vault.fetch(&name("egress/a")).await.unwrap_err().to_string();
    assert!(lost.contains("vault.key"), "{lost}");
    let lost = vault.keep(&name("egress/c"), "two".into()).await.unwrap_err().to_string();
    assert!(lost.contains("vault.key") && !data.path().join("vault.key").exists(), "{lost}");
}

fn sealed(vault: &FileVault, label: &str, plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    assert_eq!(vault.seal(label, &mut &*plain, &mut sealed).unwrap(), plain.len() as u64);
    sealed
}

fn opened(vault: &FileVault, label: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    vault.open(label, &mut &*sealed, &mut plain).ok().map(|_| plain)
}

#[test]
fn streams_of_every_length_come_back() {
    let data = tempfile::tempdir().unwrap();
    let vault = FileVault::new(data.path());
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let plain: Vec<u8> = (0..length).map(|at: usize| (at % 251) as u8).collect();
        let whole = sealed(&vault, "profile", &plain);
        assert_eq!(opened(&vault, "profile", &whole), Some(plain), "{length}");
        assert_eq!(opened(&vault, "profiles", &whole), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_or_shortened_stream_is_refused(length in 0usize..140_000, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let data = tempfile::tempdir().unwrap();
        let vault = FileVault::new(data.path());
        let whole = sealed(&vault, "profile", &vec![7; length]);
        let at = at.index(whole.len());
        prop_assert_eq!(opened(&vault, "profile", &whole[..at]), None);
        let mut changed = whole.clone();
        changed[at] ^= 1 << bit;
        prop_assert_eq!(opened(&vault, "profile", &changed), None);
        let longer = [&whole[..], b"x"].concat();
        prop_assert_eq!(opened(&vault, "profile", &longer), None);
    }
}
