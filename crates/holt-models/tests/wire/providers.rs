//! Providers that come, change and go while requests are made, with a real vault and servers that look at keys.

use std::sync::Arc;

use holt_core::model::Model as _;
use holt_core::provider::{ProviderError, ProviderOrigin, ProviderSettings, Providers as _};
use holt_core::vault::{SecretName, Vault};
use holt_models::{Given, Kind, Prices, Registry, Settings, Setup};
use holt_store::FileVault;
use holt_testkit::{ScriptedModel, temp_dir};

const KEY: &str = "sk-canary-0123456789";

fn setup() -> Setup {
    Setup {
        default_model: None,
        fallbacks: Vec::new(),
        given: Vec::new(),
        find_ollama: false,
        local_context: None,
        prices: Prices::known().unwrap(),
        effort: None,
        demo: holt_models::demo::Options::default(),
    }
}

fn settings(kind: &str, url: &str) -> ProviderSettings {
    ProviderSettings { kind: kind.into(), base_url: Some(url.into()), ..ProviderSettings::default() }
}

async fn server() -> ScriptedModel {
    let server = ScriptedModel::start([]).await;
    server.opens_with(KEY);
    server.lists(&["small", "large"]);
    server
}

#[tokio::test]
async fn a_provider_is_added_tested_rotated_and_removed_while_everything_runs() {
    let (directory, server) = (temp_dir(), server().await);
    let vault: Arc<dyn Vault> = Arc::new(FileVault::new(directory.path()));
    let registry = Registry::new(setup(), vault.clone()).await.unwrap();
    let models = registry.models();
    assert!(models.is_demo_only());

    let wanted = settings("compatible", &format!("{}/v1", server.url()));
    let made = registry.put("mine", wanted.clone(), Some("wrong".into())).await.unwrap();
    assert!(made.has_key && made.problem.is_some(), "{made:?}");
    let tested = registry.test("mine").await.unwrap();
    assert_eq!((tested.ok, tested.code.as_deref()), (false, Some("model_bad_key")), "{tested:?}");

    let made = registry.put("mine", wanted.clone(), Some(KEY.into())).await.unwrap();
    let ids: Vec<&str> = made.offers.iter().map(|model| model.id.as_str()).collect();
    assert_eq!((ids, made.problem), (vec!["mine/small", "mine/large"], None));
    assert_eq!(models.default_model().unwrap(), "mine/small", "who asks next, asks the new one");
    assert!(registry.test("mine").await.unwrap().ok);
    assert!(!format!("{registry:?} {:?}", registry.list().await).contains("canary"));

    // Another start finds it again.
    let again = Registry::new(setup(), vault.clone()).await.unwrap();
    let list = again.list().await;
    assert_eq!((list.items[0].origin, list.items[0].offers.len()), (ProviderOrigin::Kept, 2));

    registry.remove("mine").await.unwrap();
    assert!(models.is_demo_only() && registry.list().await.items.is_empty());
    assert!(vault.fetch(&SecretName::new("models/mine").unwrap()).await.unwrap().is_none(), "the key is gone");
    assert!(matches!(registry.remove("mine").await, Err(ProviderError::NotFound(_))));
}

#[tokio::test]
async fn a_key_does_not_follow_to_another_address() {
    let (directory, server) = (temp_dir(), server().await);
    let registry = Registry::new(setup(), Arc::new(FileVault::new(directory.path()))).await.unwrap();
    registry.put("openai", settings("openai", &format!("{}/v1", server.url())), Some(KEY.into())).await.unwrap();
    let thief = ScriptedModel::start([]).await;
    let moved = registry.put("openai", settings("openai", thief.url()), None).await;
    assert!(matches!(moved, Err(ProviderError::Invalid(_))), "{moved:?}");
    let stays = ProviderSettings { models: vec!["small".into()], ..settings("openai", &format!("{}/v1", server.url())) };
    assert!(registry.put("openai", stays, None).await.unwrap().has_key, "at the same address it stays");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let directory = temp_dir();
    let registry = Registry::new(setup(), Arc::new(FileVault::new(directory.path()))).await.unwrap();
    for (name, wanted, key) in [
        ("Not a name", settings("openai", "https://x.example"), Some(KEY)),
        ("demo", settings("openai", "https://x.example"), Some(KEY)),
        ("x", settings("nonsense", "https://x.example"), Some(KEY)),
        ("x", settings("openai", "http://x.example"), Some(KEY)),
        ("x", settings("openai", "http://169.254.169.254"), Some(KEY)),
        ("x", settings("openai", "https://x.example"), None),
        ("x", ProviderSettings { kind: "compatible".into(), ..ProviderSettings::default() }, None),
        ("x", ProviderSettings { models: vec!["a b".into()], ..settings("openai", "https://x.example") }, Some(KEY)),
    ] {
        let refused = registry.put(name, wanted, key.map(Into::into)).await;
        assert!(matches!(refused, Err(ProviderError::Invalid(_))), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn what_is_configured_is_there_and_stays() {
    let (directory, server) = (temp_dir(), server().await);
    let url = Some(format!("{}/v1", server.url()));
    let given = Given {
        name: "openai".into(),
        settings: Settings { base_url: url, ..Settings::of(Kind::Openai) },
        key: Some(KEY.into()),
    };
    let setup = Setup { given: vec![given], ..setup() };
    let registry = Registry::new(setup, Arc::new(FileVault::new(directory.path()))).await.unwrap();
    assert_eq!(registry.list().await.items[0].origin, ProviderOrigin::Configuration);
    assert!(matches!(registry.remove("openai").await, Err(ProviderError::Fixed(_))));
}

#[tokio::test]
async fn ollama_is_found_with_its_models_and_its_context() {
    let (directory, server) = (temp_dir(), ScriptedModel::start([]).await);
    server.lists(&["qwen3:8b", "llama3.2:3b"]);
    let settings = Settings { base_url: Some(server.url().into()), ..Settings::of(Kind::Ollama) };
    let given = vec![Given { name: "ollama".into(), settings, key: None }];
    let setup = Setup { given, local_context: Some(16_384), ..setup() };
    let registry = Registry::new(setup, Arc::new(FileVault::new(directory.path()))).await.unwrap();
    registry.list().await;
    let model = registry.models().info("ollama/qwen3:8b").unwrap();
    assert_eq!((model.context_tokens, model.tools, model.pictures), (16_384, true, true));
    assert_eq!(model.price, Some(holt_core::model::Price::default()), "it costs nothing, and that is known");
}
