use holt_core::agent::*;
use holt_core::id::SessionId;
use holt_core::model::Model;
use holt_core::session::WorkspaceSpec;
use holt_core::workspace::*;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
pub struct Builtin;
impl Builtin {
    pub fn new(_: Arc<dyn Model>) -> Self {
        Self
    }
}
#[async_trait::async_trait]
impl Agent for Builtin {
    async fn work(&self, _: Arc<dyn Desk>) -> Result<(), WorkError> {
        Ok(())
    }
}
pub struct SessionWorkspaces;
impl SessionWorkspaces {
    pub fn new(_: &Path) -> Self {
        Self
    }
}
impl Workspaces for SessionWorkspaces {
    fn files(&self, _: SessionId, _: &WorkspaceSpec) -> Result<Box<dyn Files>, FileError> {
        Err(FileError::NotFound("x".into()))
    }
    fn check_directory(&self, p: &Path) -> Result<String, FileError> {
        Ok(p.display().to_string())
    }
}
pub struct ArtifactStore;
impl ArtifactStore {
    pub fn new(_: &Path) -> Self {
        Self
    }
}
impl Blobs for ArtifactStore {
    fn keep(&self, _: SessionId, _: &mut dyn std::io::Read, _: u64) -> Result<StoredBlob, FileError> {
        Err(FileError::NoSpace)
    }
    fn open(&self, _: SessionId, _: &str) -> Result<OpenFile, FileError> {
        Err(FileError::NoSpace)
    }
    fn remove(&self, _: SessionId) -> Result<(), FileError> {
        Ok(())
    }
}
pub fn write_zip(_: Arc<dyn Files>, _: &mut dyn Write) -> Result<(), FileError> {
    Ok(())
}
