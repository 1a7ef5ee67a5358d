//! Paths and queries of requests.

use std::fmt::Write as _;

/// The path of a request: fixed parts as they are, everything else encoded.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    text: String,
    has_query: bool,
}

impl Path {
    /// `fixed` is part of this program's text, never input.
    pub fn new(fixed: &'static str) -> Self {
        Self { text: fixed.to_owned(), has_query: false }
    }

    /// One further segment; a `/` in it is encoded.
    pub fn segment(mut self, segment: &str) -> Self {
        self.text.push('/');
        encode(&mut self.text, segment);
        self
    }

    pub fn id(self, id: impl std::fmt::Display + Copy) -> Self {
        self.segment(&id.to_string())
    }

    /// A path of several segments, such as a file's.
    pub fn segments(self, path: &str) -> Self {
        path.split('/').filter(|part| !part.is_empty()).fold(self, Self::segment)
    }

    pub fn query(mut self, name: &'static str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        encode(&mut self.text, value);
        self
    }

    pub fn query_if(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, &value.to_string()),
            None => self,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Leaves only what RFC 3986 calls unreserved.
fn encode(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_never_leaves_its_segment() {
        let path =
            Path::new("/v2/sessions").segment("a/b?c").segments("x//y z/ü#").query("path", "a&b=c").query_if("limit", Some(3));
        assert_eq!(path.as_str(), "/v2/sessions/a%2Fb%3Fc/x/y%20z/%C3%BC%23?path=a%26b%3Dc&limit=3");
    }
}
