//! Who wins over whom.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::layers::{Environment, Settings, Source};
use super::*;
use crate::failure::Exit;

fn environment(directory: &Path, variables: &[(&str, &str)]) -> Environment {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut variables: BTreeMap<String, String> = variables.iter().map(own).collect();
    variables.entry("HOME".into()).or_insert_with(|| directory.join("home").display().to_string());
    Environment { variables, working_directory: directory.into(), ..Environment::default() }
}

fn collect(directory: &Path, flags: &Flags, variables: &[(&str, &str)]) -> Result<Settings, crate::failure::Failure> {
    Settings::collect(flags, &environment(directory, variables), WorkingDirectory::Read)
}

#[test]
fn flags_over_environment_over_dotenv_over_file_over_default() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let model = |flags: &Flags, variables: &[(&str, &str)]| {
        let settings = collect(at, flags, variables).unwrap();
        let value = settings.get("log.level").unwrap().clone();
        (value.text, value.source)
    };
    assert_eq!(model(&vec![], &[]), ("info".into(), Source::Default));
    fs::write(at.join("holt.toml"), "[log]\nlevel = \"warn\"\n").unwrap();
    assert_eq!(model(&vec![], &[]), ("warn".into(), Source::File(at.join("holt.toml"))));
    fs::write(at.join(".env"), "LOG_LEVEL=error\nDATABASE_URL=someone-elses\n").unwrap();
    assert_eq!(model(&vec![], &[]), ("error".into(), Source::DotEnv("LOG_LEVEL")));
    let variables = [("LOG_LEVEL", "debug")];
    assert_eq!(model(&vec![], &variables), ("debug".into(), Source::Environment("LOG_LEVEL")));
    let both = [("LOG_LEVEL", "debug"), ("HOLT_LOG_LEVEL", "trace")];
    assert_eq!(model(&vec![], &both), ("trace".into(), Source::Environment("HOLT_LOG_LEVEL")));
    let empty = [("LOG_LEVEL", "")];
    assert_eq!(model(&vec![], &empty), ("error".into(), Source::DotEnv("LOG_LEVEL")));
    assert_eq!(model(&vec![("log.level", "info".into())], &both), ("info".into(), Source::Flag));
}

#[test]
fn files_of_a_directory_that_is_merely_worked_in_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".env"), "ANTHROPIC_BASE_URL=https://evil.example\n").unwrap();
    fs::write(directory.path().join("holt.toml"), "model = \"evil\"\n").unwrap();
    let environment = environment(directory.path(), &[]);
    let settings = Settings::collect(&vec![], &environment, WorkingDirectory::Ignore).unwrap();
    assert_eq!(settings.get("anthropic.base_url"), None);
    assert_eq!(settings.get("model"), None);
}

#[test]
fn names_that_nobody_knows_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join(".env"), "HOLT_LISTNE=1\n").unwrap();
    let error = collect(at, &vec![], &[]).unwrap_err();
    assert!(error.message.contains("did you mean `HOLT_LISTEN`"), "{error:?}");
    assert_eq!(error.exit, Exit::Usage);
    fs::write(at.join(".env"), "").unwrap();
    // A container platform sets variables of its own for a service of this name, so there it is a warning.
    let settings = collect(at, &vec![], &[("HOLT_SERVICE_PORT", "1")]).unwrap();
    assert_eq!(settings.warnings, ["there is no setting `HOLT_SERVICE_PORT`"]);
    let missing = collect(at, &vec![("config", "/nonexistent/holt.toml".into())], &[]).unwrap_err();
    assert!(missing.message.contains("/nonexistent/holt.toml"));
}

#[test]
fn the_named_file_is_the_only_one() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join("holt.toml"), "model = \"here\"\n").unwrap();
    fs::write(at.join("other.toml"), "model = \"other\"\n").unwrap();
    fs::write(at.join("third.toml"), "model = \"third\"\n").unwrap();
    let model =
        |flags: &Flags, variables: &[(&str, &str)]| collect(at, flags, variables).unwrap().get("model").unwrap().text.clone();
    let (other, third) = (at.join("other.toml").display().to_string(), at.join("third.toml").display().to_string());
    assert_eq!(model(&vec![], &[]), "here");
    assert_eq!(model(&vec![], &[("HOLT_CONFIG", &other)]), "other");
    assert_eq!(model(&vec![("config", third)], &[("HOLT_CONFIG", &other)]), "third");
}

#[test]
fn a_wrong_value_says_where_it_stands_and_a_secret_is_never_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let read = |variables: &[(&str, &str)]| {
        let environment = environment(directory.path(), variables);
        Config::read(&Settings::collect(&vec![], &environment, WorkingDirectory::Read).unwrap(), &environment)
    };
    let wrong = [("HOLT_LISTEN", "nowhere"), ("HOLT_LIMIT_MEMORY", "4"), ("HOLT_RETENTION", "1s"), ("LOG_LEVEL", "loud")];
    for (name, value) in wrong {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.message.contains(name) && error.message.contains(value), "{error:?}");
    }
    let error = read(&[("MANAGEMENT_API_KEY", "hunter2")]).unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
    let good = read(&[("MANAGEMENT_API_KEY", "hunter2-hunter2-hunter2"), ("ANTHROPIC_API_KEY", "sk-secret")]).unwrap();
    assert!(!format!("{good:?}").contains("hunter2") && !format!("{good:?}").contains("sk-secret"));
}

#[test]
fn the_defaults_are_the_cores_own() {
    let directory = tempfile::tempdir().unwrap();
    let environment = environment(directory.path(), &[]);
    let config = Config::read(&Settings::collect(&vec![], &environment, WorkingDirectory::Read).unwrap(), &environment).unwrap();
    assert_eq!(config.sandbox.limits, holt_core::session::Limits::default());
    assert_eq!(config.sessions.budget, holt_core::budget::Budget::default());
    assert_eq!(config.listen.addresses, ["127.0.0.1:9090".parse().unwrap()]);
    assert_eq!(config.data_dir, directory.path().join("home/.local/share/holt"));
}

#[test]
fn where_data_is_kept() {
    let directory = Path::new("/somewhere");
    let where_is = |variables: &[(&str, &str)], is_service, is_root| {
        let environment = Environment { is_service, is_root, ..environment(directory, variables) };
        data_dir::read(&Settings::default(), &environment).unwrap().display().to_string()
    };
    assert_eq!(where_is(&[("HOME", "/home/u")], false, false), "/home/u/.local/share/holt");
    assert_eq!(where_is(&[("HOME", "/home/u"), ("XDG_DATA_HOME", "/data")], false, false), "/data/holt");
    assert_eq!(where_is(&[("HOME", "/home/u"), ("XDG_DATA_HOME", "data")], false, false), "/home/u/.local/share/holt");
    assert_eq!(where_is(&[("HOME", "/root")], true, true), "/var/lib/holt");
    assert_eq!(where_is(&[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")], true, false), "/var/lib/a");
    assert_eq!(where_is(&[("HOME", "/home/u"), ("STATE_DIRECTORY", "/var/lib/a")], false, false), "/home/u/.local/share/holt");
    assert_eq!(where_is(&[("HOME", "/home/u")], true, false), "/home/u/.local/share/holt");
}

#[test]
fn a_wide_address_without_tls_is_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let warned = |variables: &[(&str, &str)]| {
        let environment = environment(directory.path(), variables);
        let config = Config::read(&Settings::collect(&vec![], &environment, WorkingDirectory::Read).unwrap(), &environment);
        config.map(|config| config.listen.warning(config.tls.is_on()).is_some())
    };
    let wide = ("HOLT_LISTEN", "0.0.0.0:9090");
    assert_eq!(warned(&[wide]), Ok(true));
    assert_eq!(warned(&[]), Ok(false));
    assert_eq!(warned(&[wide, ("HOLT_TLS_GENERATE", "yes")]), Ok(false));
    assert_eq!(warned(&[wide, ("HOLT_TRUSTED_PROXIES", "10.0.0.1")]), Ok(false));
    assert!(warned(&[("HOLT_TLS_CERT", "/c.pem")]).is_err());
}

#[test]
fn ports_of_sessions_are_a_range_however_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let read = |variables: &[(&str, &str)]| SessionPorts::read(&collect(directory.path(), &vec![], variables).unwrap());
    assert!(read(&[]).unwrap().is_none(), "off unless asked for");
    let ports = read(&[("HOLT_VNC_SESSION_PORTS", "6080-6200"), ("VNC_PORT_RANGE_START", "1")]).unwrap().unwrap();
    assert_eq!((ports.range, ports.addresses, ports.wide), (6080..=6200, vec![[127, 0, 0, 1].into()], false));
    let ports = read(&[("VNC_PORT_RANGE_START", "6080"), ("VNC_PORT_RANGE_END", "6200")]).unwrap().unwrap();
    assert_eq!(ports.range, 6080..=6200);
    for wrong in ["6200-6080", "x", "0-5", "6080-", "6080-99999"] {
        assert!(read(&[("HOLT_VNC_SESSION_PORTS", wrong)]).is_err(), "{wrong}");
    }
    assert!(read(&[("VNC_PORT_RANGE_START", "6080")]).is_err());
    assert!(read(&[("VNC_PORT_RANGE_START", "6081"), ("VNC_PORT_RANGE_END", "6080")]).is_err());
}
