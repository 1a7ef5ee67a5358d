//! Reads what models really send: a number as text, a process id as a number, `null` for what is left out.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(input)?;
    if value.is_null() {
        return Ok(None);
    }
    whole(&value).map(Some).ok_or_else(|| D::Error::custom(format!("`{value}` is not a whole number of at least 0")))
}

pub fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(input)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::String(text) if text == "true" => Ok(Some(true)),
        Value::String(text) if text == "false" => Ok(Some(false)),
        other => Err(D::Error::custom(format!("`{other}` is neither true nor false"))),
    }
}

pub fn pid<'de, D: Deserializer<'de>>(input: D) -> Result<i32, D::Error> {
    let value = Value::deserialize(input)?;
    whole(&value)
        .and_then(|number| i32::try_from(number).ok())
        .filter(|pid| *pid > 0)
        .ok_or_else(|| D::Error::custom(format!("`{value}` is not a process id")))
}

/// A number of pixels, also one with a part behind the point.
pub fn coordinate<'de, D: Deserializer<'de>>(input: D) -> Result<i32, D::Error> {
    let value = Value::deserialize(input)?;
    let number = match &value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.map(f64::round).filter(|number| number.abs() <= f64::from(1 << 20));
    number.map(|number| number as i32).ok_or_else(|| D::Error::custom(format!("`{value}` is not a number of pixels")))
}

/// A window's id, in decimal or with `0x`.
pub fn window<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(input)?;
    let hexadecimal = value.as_str().and_then(|text| text.trim().strip_prefix("0x"));
    let number = match hexadecimal {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => whole(&value).and_then(|number| u32::try_from(number).ok()),
    };
    number.ok_or_else(|| D::Error::custom(format!("`{value}` is not the id of a window")))
}

/// Several texts, or only one.
pub fn texts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format!("`{other}` is not a text"))),
    };
    match Value::deserialize(input)? {
        Value::Array(values) => values.into_iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

/// A number that may be below zero.
pub fn signed<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(input)?;
    if value.is_null() {
        return Ok(None);
    }
    let number = match &value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.map(f64::round).filter(|number| number.abs() <= 1e9);
    number.map(|number| Some(number as i64)).ok_or_else(|| D::Error::custom(format!("`{value}` is not a whole number")))
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            // Exact up to 2^53, which is far above any line, second or byte that can be asked for.
            (float.fract() == 0.0 && (0.0..9e15).contains(&float)).then_some(float as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
