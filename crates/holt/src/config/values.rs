//! Numbers, sizes and times as people write them.

use std::time::Duration;

/// `true`, `yes`, `on`, `1` and their opposites.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("say true or false".into()),
    }
}

/// A whole number between two bounds.
pub fn number<T: TryFrom<u64>>(text: &str, from: u64, to: u64) -> Result<T, String> {
    let number = text.trim().parse::<u64>().ok().filter(|number| (from..=to).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| format!("a whole number from {from} to {to} is needed"))
}

/// `512M`, `4 GiB`, `2gb`, or a number of bytes. Powers of 1024, whatever the letter case.
pub fn size(text: &str) -> Result<u64, String> {
    let help = || "a size like 512MiB or 4GiB is needed".to_owned();
    let (number, unit) = split_number(text).ok_or_else(help)?;
    let shift = match unit.to_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(help()),
    };
    number.checked_mul(1 << shift).ok_or_else(help)
}

/// `45s`, `30m`, `12h`, `7d`, or a number of seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let help = || "a time like 45s, 30m, 12h or 7d is needed".to_owned();
    let (number, unit) = split_number(text).ok_or_else(help)?;
    let seconds = match unit.to_lowercase().as_str() {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(help()),
    };
    // A century is for ever, and keeps sums far from their limits.
    let bounded = |total: &u64| *total <= 100 * 366 * 24 * 60 * 60;
    number.checked_mul(seconds).filter(bounded).map(Duration::from_secs).ok_or_else(help)
}

/// What may be switched off with a word.
pub fn or_never<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    match text.trim().to_lowercase().as_str() {
        "never" | "none" | "off" => Ok(None),
        _ => parse(text).map(Some),
    }
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_and_times() {
        for (text, bytes) in [("0", 0), ("512", 512), ("4GiB", 4 << 30), ("4 gb", 4 << 30), ("10M", 10 << 20), ("1t", 1 << 40)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for (text, seconds) in [("90", 90), ("45s", 45), ("30m", 1800), ("12h", 43_200), ("7 d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "G", "1.5G", "-1", "4 goats", "99999999999999999999", "99999999999T", "1e3"] {
            assert!(size(text).is_err(), "{text}");
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(or_never("Never", duration), Ok(None));
        assert_eq!(number::<u32>(" 7 ", 1, 10), Ok(7));
        assert!(number::<u32>("11", 1, 10).is_err());
        assert_eq!((yes_or_no("On"), yes_or_no("0")), (Ok(true), Ok(false)));
    }

    proptest! {
        #[test]
        fn no_text_breaks_them(text in any::<String>()) {
            let _ = (size(&text), duration(&text), yes_or_no(&text), number::<u8>(&text, 0, 9));
        }
    }
}
