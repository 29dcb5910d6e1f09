//! Compares text with a file in `tests/golden`; `UPDATE_GOLDEN=1` writes the files anew, for `git diff` to show.

use std::path::Path;

/// Fails unless `text` is what the golden file `name` holds.
pub fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, should)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, should, "line {} of {name}; UPDATE_GOLDEN=1 accepts it", number + 1);
    }
    assert_eq!(text, golden, "the end of {name}; UPDATE_GOLDEN=1 accepts it");
}
