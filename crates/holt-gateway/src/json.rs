//! JSON that can be read in one way only: a name that stands twice in one object would let others read what was not looked at.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let Strict(value) = fields.next_value()?;
            if all.contains_key(&name) {
                return Err(A::Error::custom("a name stands twice in an object"));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

/// Reads an object.
pub fn read(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(fields))) => Ok(fields),
        Ok(_) => Err("it is not an object".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// The same bytes with one more field at the front. The object must not be an empty one.
pub fn with_field(bytes: &[u8], field: &str) -> Vec<u8> {
    let at = bytes.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
    [&bytes[..at], field.as_bytes(), b",", &bytes[at..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(read(br#"{"a": 1, "b": [{"a": 2}]}"#).is_ok());
        for wrong in [r#"{"a":1,"a":2}"#, r#"{"x":{"a":1,"\u0061":2}}"#, "[]", "{", "{} {}", "", "\u{feff}{}"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(read(format!(r#"{{"a":{deep}}}"#).as_bytes()).is_err());
    }

    #[test]
    fn a_field_is_added_without_touching_the_rest() {
        let changed = with_field(b" {\"z\": 1.0, \"a\": \"{\"}", "\"store\":false");
        assert_eq!(changed, b" {\"store\":false,\"z\": 1.0, \"a\": \"{\"}");
        assert!(read(&changed).is_ok());
    }
}
