//! KeyList, sign-in codes and tickets.

use holt_core::id::KeyId;

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};
use holt_api::{CreateKey, CreateTicket, CreatedKey, HostSecretList, KeepHostSecret, KeyList, Me, SignIn, SignInCode, Ticket};

impl Client {
    /// Who the server takes us for.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get(Path::new("/v2/me")).await
    }

    pub async fn keys(&self) -> Result<KeyList, ClientError> {
        self.get(Path::new("/v2/keys")).await
    }

    /// Makes a key. This is the only time that the key itself is shown.
    pub async fn add_key(&self, wanted: &CreateKey) -> Result<CreatedKey, ClientError> {
        self.post(Path::new("/v2/keys"), wanted).await
    }

    pub async fn revoke_key(&self, key: KeyId) -> Result<(), ClientError> {
        self.delete(Path::new("/v2/keys").id(key)).await
    }

    /// The hosts that a secret is kept for.
    pub async fn host_secrets(&self) -> Result<HostSecretList, ClientError> {
        self.get(Path::new("/v2/hosts/secrets")).await
    }

    /// Keeps a secret for a host.
    pub async fn keep_host_secret(&self, host: &str, secret: String) -> Result<(), ClientError> {
        let body = self.json(&KeepHostSecret { secret })?;
        self.ask_whole(Request { body, ..Request::new(Method::PUT, Path::new("/v2/hosts/secrets").segment(host)) })
            .await
            .map(drop)
    }

    pub async fn forget_host_secret(&self, host: &str) -> Result<(), ClientError> {
        self.delete(Path::new("/v2/hosts/secrets").segment(host)).await
    }

    /// A fresh link that signs a browser in, once.
    pub async fn sign_in_code(&self) -> Result<SignInCode, ClientError> {
        self.ask(Request::new(Method::POST, Path::new("/v2/sign-in/codes"))).await
    }

    /// Exchanges a code for a key.
    pub async fn sign_in(&self, code: &str) -> Result<CreatedKey, ClientError> {
        self.post(Path::new("/v2/sign-in"), &SignIn { code: code.to_owned(), name: None }).await
    }

    /// A one-use ticket for one address, for programs that cannot send headers.
    pub async fn ticket(&self, verb: &str, path: &str) -> Result<Ticket, ClientError> {
        self.post(Path::new("/v2/tickets"), &CreateTicket { verb: verb.to_owned(), path: path.to_owned() }).await
    }
}
