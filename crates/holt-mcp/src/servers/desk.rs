//! The servers as a person looks after them.

use std::sync::{MutexGuard, PoisonError};

use async_trait::async_trait;
use holt_core::elsewhere::{
    NeededSecret, TestedServer, ToolBrief, ToolServer, ToolServerError, ToolServerList, ToolServerNotice, ToolServers,
};
use holt_core::vault::SecretName;
use secrecy::SecretString;
use serde_json::Value;

use super::running::Starting;
use super::{Inner, Servers};
use crate::config::{Server, Way};
use crate::package::Package;
use crate::shelf::{Agreed, ShelfError};
use crate::tools::Listing;
use crate::{config, fetch};

type Done<T = ()> = Result<T, ToolServerError>;

impl From<ShelfError> for ToolServerError {
    fn from(error: ShelfError) -> Self {
        match error {
            ShelfError::NoServer(name) => Self::Unknown(name),
            ShelfError::Refused(why) => Self::Refused(why),
            ShelfError::Bad(why) => Self::Refused(why.to_string()),
            ShelfError::Io { .. } => Self::Storage(error.to_string()),
        }
    }
}

#[async_trait]
impl ToolServers for Servers {
    async fn list(&self) -> Done<ToolServerList> {
        let shelf = &self.inner.parts.shelf;
        let (configuration, agreed) = (shelf.read()?, shelf.agreed());
        let mut servers = Vec::new();
        for (name, server) in &configuration.servers {
            let agreed = agreed.get(name).filter(|agreed| shelf.entry(name).as_ref() == Some(&agreed.entry));
            servers.push(self.inner.shown(name, server, agreed).await?);
        }
        let notices = configuration.notices.into_iter();
        let notices = notices.map(|note| ToolServerNotice { server: note.server, code: note.code.into(), text: note.text });
        Ok(ToolServerList { servers, notices: notices.collect() })
    }

    async fn put(&self, name: &str, entry: Value) -> Done {
        Ok(self.inner.parts.shelf.put(name, entry)?)
    }

    async fn remove(&self, name: &str) -> Done {
        let server = self.inner.server(name)?;
        self.inner.parts.shelf.remove(name)?;
        for secret in server.secrets() {
            let known = secret_name(name, &secret)?;
            self.inner.parts.vault.forget(&known).await.map_err(|error| ToolServerError::Storage(error.to_string()))?;
        }
        Ok(())
    }

    async fn fetch(&self, name: &str) -> Done {
        let server = self.inner.server(name)?;
        let unusable = |why: String| ToolServerError::Unusable { name: name.to_owned(), why };
        let package = package(&server).ok_or_else(|| unusable("its program is in no package that could be fetched".into()))?;
        fetch::fetch(&self.inner.parts.shelf, &package).await.map(drop).map_err(unusable)
    }

    async fn test(&self, name: &str) -> Done<TestedServer> {
        let parts = &self.inner.parts;
        self.inner.server(name)?;
        let entry = parts.shelf.entry(name).ok_or_else(|| ToolServerError::Unknown(name.to_owned()))?;
        let listing = self.inner.try_out(name).await?;
        let before = parts.shelf.agreed().remove(name).map(|agreed| agreed.listing).unwrap_or_default();
        let tested = TestedServer {
            tools: briefs(&listing),
            left_out: listing.left_out,
            changed: listing.differences(&before),
            fingerprint: listing.fingerprint(),
        };
        self.inner.tested().insert(name.to_owned(), Agreed { entry, listing });
        Ok(tested)
    }

    async fn agree(&self, name: &str, fingerprint: &str) -> Done {
        let shelf = &self.inner.parts.shelf;
        let tested = self.inner.tested().get(name).cloned();
        let is_it =
            |tested: &Agreed| tested.listing.fingerprint() == fingerprint && shelf.entry(name).as_ref() == Some(&tested.entry);
        let tested = tested.filter(is_it).ok_or_else(|| ToolServerError::Other(name.to_owned()))?;
        shelf.agree(name, Some(tested))?;
        Ok(shelf.switch(name, true)?)
    }

    async fn switch(&self, name: &str, on: bool) -> Done {
        Ok(self.inner.parts.shelf.switch(name, on)?)
    }

    async fn keep_secret(&self, name: &str, secret: &str, value: SecretString) -> Done {
        if !self.inner.server(name)?.secrets().iter().any(|needed| needed == secret) {
            return Err(ToolServerError::Refused(format!("`{name}` needs no secret of that name")));
        }
        let known = secret_name(name, secret)?;
        self.inner.parts.vault.keep(&known, value).await.map_err(|error| ToolServerError::Storage(error.to_string()))
    }
}

impl Inner {
    fn tested(&self) -> MutexGuard<'_, std::collections::HashMap<String, Agreed>> {
        self.tested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self, name: &str) -> Done<Server> {
        self.parts.shelf.read()?.servers.remove(name).ok_or_else(|| ToolServerError::Unknown(name.to_owned()))
    }

    async fn try_out(&self, name: &str) -> Done<Listing> {
        let unusable =
            |why: crate::conversation::Failure| ToolServerError::Unusable { name: name.to_owned(), why: why.to_string() };
        let starting = Starting::alone(&self.parts, name).map_err(unusable)?;
        let started = starting.start(&self.parts).await.map_err(unusable)?;
        let listing = started.conversation.list().await;
        started.end(&self.parts).await;
        listing.map_err(unusable)
    }

    async fn shown(&self, name: &str, server: &Server, agreed: Option<&Agreed>) -> Done<ToolServer> {
        let package = package(server);
        let mut secrets = Vec::new();
        for secret in server.secrets() {
            let kept = self.parts.vault.fetch(&secret_name(name, &secret)?).await;
            let kept = kept.map_err(|error| ToolServerError::Storage(error.to_string()))?.is_some();
            secrets.push(NeededSecret { name: secret, kept });
        }
        Ok(ToolServer {
            name: name.to_owned(),
            description: server.description.clone(),
            reached_by: reached_by(&server.way),
            on: !server.disabled,
            agreed: agreed.is_some(),
            fetched: package.as_ref().is_none_or(|package| self.parts.shelf.launch(package).is_some()),
            package: package.map(|package| package.wanted),
            apart: server.holds_secret(),
            secrets,
            tools: agreed.map(|agreed| briefs(&agreed.listing)).unwrap_or_default(),
        })
    }
}

fn briefs(listing: &Listing) -> Vec<ToolBrief> {
    listing.tools.iter().map(|tool| ToolBrief { name: tool.name.clone(), description: tool.description.clone() }).collect()
}

fn package(server: &Server) -> Option<Package> {
    let Way::Program(program) = &server.way else { return None };
    let args: Vec<String> = program.args.iter().map(ToString::to_string).collect();
    Package::of(&program.command, &args)
}

fn reached_by(way: &Way) -> String {
    match way {
        Way::Remote(remote) => remote.url.to_string(),
        Way::Program(program) => program.args.iter().fold(program.command.clone(), |all, arg| format!("{all} {arg}")),
    }
}

fn secret_name(server: &str, secret: &str) -> Done<SecretName> {
    let wrong = |_| ToolServerError::Refused(format!("`{secret}` is not a name for a secret"));
    if !config::is_name(server) {
        return Err(ToolServerError::Unknown(server.to_owned()));
    }
    SecretName::new(format!("mcp/{server}/{secret}")).map_err(wrong)
}
