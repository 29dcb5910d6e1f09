//! Names that another program chose, where ours are constants: each kept once, and only so many.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names there may be: about thirty are ours, and others only a newer version has.
const MOST: usize = 100;
/// Bytes of a name.
const LONGEST: usize = 40;

/// `name` for as long as the program runs; `None` for one that is no plain name, or one too many.
pub fn interned(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    if !plain || name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    (names.len() < MOST).then(|| {
        let name: &'static str = String::leak(name.to_owned());
        names.insert(name);
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_what_is_no_name_never() {
        let twice = [interned("session"), interned(&["sess", "ion"].concat())].map(|name| name.expect("a name").as_ptr());
        assert_eq!(twice[0], twice[1]);
        for text in ["", "a b", "a|b", "größe", &"x".repeat(LONGEST + 1)] {
            assert_eq!(interned(text), None, "{text}");
        }
    }
}
