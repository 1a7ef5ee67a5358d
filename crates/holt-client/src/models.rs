//! Providers of models.

use holt_api::{ProviderInfo, ProviderList, ProviderTest, PutProvider};

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};

impl Client {
    pub async fn providers(&self) -> Result<ProviderList, ClientError> {
        self.get(Path::new("/v2/models")).await
    }

    /// Adds a provider, or changes it.
    pub async fn put_provider(&self, name: &str, wanted: &PutProvider) -> Result<ProviderInfo, ClientError> {
        let request = Request { body: self.json(wanted)?, ..Request::new(Method::PUT, Path::new("/v2/models").segment(name)) };
        self.ask(request).await
    }

    pub async fn remove_provider(&self, name: &str) -> Result<(), ClientError> {
        self.delete(Path::new("/v2/models").segment(name)).await
    }

    pub async fn test_provider(&self, name: &str) -> Result<ProviderTest, ClientError> {
        self.ask(Request::new(Method::POST, Path::new("/v2/models").segment(name).segment("test"))).await
    }
}
