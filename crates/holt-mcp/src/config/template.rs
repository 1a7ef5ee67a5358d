//! Text with secrets in it: `Bearer ${GITHUB_TOKEN}`.

use std::fmt;

/// Text, and the names of secrets between it. `${NAME:-other}` falls back to other text; `$$` is one `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Secret { name: String, otherwise: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret is written as `${{NAME}}`, of letters, digits and `_`; a `$` that is meant itself is written twice")]
pub struct BadTemplate;

impl Template {
    /// # Errors
    /// When what stands after a `$` names no secret.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                plain.push('$');
                rest = after;
            } else if let Some(inner) = rest.strip_prefix('{') {
                let end = inner.find('}').ok_or(BadTemplate)?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(secret(&inner[..end])?);
                rest = &inner[end + 1..];
            } else {
                // A lone `$` is what it is in the files of others too.
                plain.push('$');
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The names of the secrets in it that have nothing to fall back to, and of those that have.
    pub fn secrets(&self) -> Vec<String> {
        let name = |part: &Part| match part {
            Part::Text(_) => None,
            Part::Secret { name, .. } => Some(name.clone()),
        };
        self.0.iter().filter_map(name).collect()
    }

    /// The whole text.
    ///
    /// # Errors
    /// With the name of a secret that there is none of.
    pub fn fill(&self, mut find: impl FnMut(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Secret { name, otherwise } => {
                    text.push_str(&find(name).or_else(|| otherwise.clone()).ok_or_else(|| name.clone())?);
                }
            }
        }
        Ok(text)
    }
}

/// As it stands in the file.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('$', "$$")),
            Part::Secret { name, otherwise: None } => write!(f, "${{{name}}}"),
            Part::Secret { name, otherwise: Some(other) } => write!(f, "${{{name}:-{other}}}"),
        })
    }
}

fn secret(inner: &str) -> Result<Part, BadTemplate> {
    let (name, otherwise) = match inner.split_once(":-") {
        Some((name, other)) => (name, Some(other.to_owned())),
        None => (inner, None),
    };
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if fits { Ok(Part::Secret { name: name.to_owned(), otherwise }) } else { Err(BadTemplate) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(text: &str) -> Result<String, String> {
        Template::parse(text).unwrap().fill(|name| (name == "TOKEN").then(|| "s3cret".into()))
    }

    #[test]
    fn secrets_are_put_where_they_are_named() {
        assert_eq!(filled("Bearer ${TOKEN}!").unwrap(), "Bearer s3cret!");
        assert_eq!(filled("${OTHER:-none}${TOKEN}").unwrap(), "nones3cret");
        assert_eq!(filled("costs 5$ or $$ {TOKEN}").unwrap(), "costs 5$ or $ {TOKEN}");
        assert_eq!(filled("${HOME}").unwrap_err(), "HOME", "no variable of the environment is looked at");
        for bad in ["${", "${}", "${a b}", "${a-b}", "${TOKEN", "${${TOKEN}}"] {
            assert_eq!(Template::parse(bad), Err(BadTemplate), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_template_reads_as_it_was_written(text in "([a-z$]|\\$\\{[A-Z]{1,3}(:-[a-z]{0,2})?\\}){0,12}") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(Template::parse(&template.to_string()).unwrap(), template);
            }
        }

        #[test]
        fn no_text_is_read_badly(text in "\\PC{0,60}") {
            let _ = Template::parse(&text);
        }
    }
}
