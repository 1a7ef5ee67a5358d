//! The contract of every store, tried on SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use holt_core::store::{Keys, Store};
use holt_store::{DataDir, Options, SqliteStore};
use holt_testkit::store_contract::Subject;
use tempfile::TempDir;

struct Sqlite {
    directory: TempDir,
    store: Option<Arc<SqliteStore>>,
}

impl Sqlite {
    fn open(&mut self) {
        let data_dir = Arc::new(DataDir::acquire(self.directory.path()).unwrap());
        self.store = Some(Arc::new(SqliteStore::open(Options::new(data_dir)).unwrap()));
    }

    fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(self.store.as_ref().unwrap())
    }
}

#[async_trait]
impl Subject for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        self.store()
    }

    fn keys(&self) -> Arc<dyn Keys> {
        self.store()
    }

    async fn reopen(&mut self) {
        let store = self.store.take().unwrap();
        assert_eq!(Arc::strong_count(&store), 1, "somebody still holds the store");
        drop(store);
        self.open();
    }
}

async fn make() -> Sqlite {
    let mut sqlite = Sqlite { directory: tempfile::tempdir().unwrap(), store: None };
    sqlite.open();
    sqlite
}

holt_testkit::store_contract!(make);
