//! What may have been meant by a word that is not known.

/// The name of `known` that a slip of the hand may have turned into `written`, if one is near enough.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short word, two in a longer one, three in a long one.
    let allowed = match written.chars().count() {
        3..=5 => 1,
        6..=9 => 2,
        10..=64 => 3,
        _ => return None,
    };
    let folded = fold(written);
    let near = known.into_iter().map(|name| (distance(&folded, &fold(name)), name));
    near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// `clientId`, `client-id` and `client_id` are one word.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if j > 0 && previous == Some(y) && b[j - 1] == x {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        (before, last, previous) = (last, row, Some(x));
    }
    last.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_understood() {
        let known = ["client_id", "client_secret_file", "checks", "cloud", "name", "tenant_id", "dns", "pop3"];
        for (written, meant) in [
            ("clientId", Some("client_id")),
            ("client-id", Some("client_id")),
            ("cleint_id", Some("client_id")),
            ("client_secrets_file", Some("client_secret_file")),
            ("check", Some("checks")),
            ("clouds", Some("cloud")),
            ("nmae", Some("name")),
            ("POP3", Some("pop3")),
            ("pop", Some("pop3")),
            ("tenant", Some("tenant_id")),
            ("x", None),
            ("", None),
            ("grüße", None),
            ("something_else", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }
}
