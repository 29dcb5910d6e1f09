//! Suggestions for a mistyped word: the known word it was meant to be.

/// Finds the word of `known` that was probably meant by `written`, if one is near enough.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short word, two in a longer one, three in a long one.
    let allowed = match written.chars().count() {
        3..=5 => 1,
        6..=9 => 2,
        10..=64 => 3,
        _ => return None,
    };
    let meant = fold(written);
    // Insertions, deletions, replacements and swaps of neighbours.
    let near = known.into_iter().map(|word| (strsim::osa_distance(&meant, &fold(word)), word));
    near.filter(|(slips, _)| *slips <= allowed).min_by_key(|(slips, _)| *slips).map(|(_, word)| word)
}

/// Reduces `word` to its letters and digits in lower case: `clientId`, `client-id` and `client_id` are one word.
fn fold(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn did_you_mean_names_the_known_word_nearest_to_a_mistyped_one() {
        let known = ["total", "connect", "certificate_days", "pop3", "dns"];
        for (written, meant) in [
            ("totla", Some("total")),
            ("Total", Some("total")),
            ("conect", Some("connect")),
            ("certificate-days", Some("certificate_days")),
            ("pop", Some("pop3")),
            ("dn", None),
            ("mailbox", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }
}
