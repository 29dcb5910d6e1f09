//! Which known word a mistyped one was meant to be.

/// The word of `known` that a slip of the hand may have turned into `written`, if one is near enough.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short word, two in a longer one, three in a long one.
    let allowed = match written.chars().count() {
        3..=5 => 1,
        6..=9 => 2,
        10..=64 => 3,
        _ => return None,
    };
    let meant = fold(written);
    let near = known.into_iter().map(|word| (slips(&meant, &fold(word)), word));
    near.filter(|(slips, _)| *slips <= allowed).min_by_key(|(slips, _)| *slips).map(|(_, word)| word)
}

/// `clientId`, `client-id` and `client_id` are one word.
fn fold(word: &str) -> Vec<char> {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut fewest = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                fewest = fewest.min(before[j - 1] + 1);
            }
            row.push(fewest);
        }
        (before, last) = (last, row);
    }
    last.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_understood() {
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
