//! Chooses the language of a page: by the parameter `lang`, else by `Accept-Language`.

use hyper::HeaderMap;
use hyper::header::ACCEPT_LANGUAGE;

use super::query::Query;
use crate::lang::Lang;

/// Returns the language of the parameter, else the browser's; and whether the parameter chose it.
///
/// # Errors
/// A message: the parameter names a language that there is not, or is given twice.
pub fn language(query: &Query, headers: &HeaderMap) -> Result<(Lang, bool), String> {
    if let Some(name) = query.one("lang")? {
        return Ok((name.parse()?, true));
    }
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Ok((accepted.and_then(best).unwrap_or_default(), false))
}

/// Returns the language of ours with the highest quality (RFC 9110 section 12.5.4); of equals, the first.
fn best(accepted: &str) -> Option<Lang> {
    let mut best: Option<(Lang, f32)> = None;
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Ok(lang) = primary.parse::<Lang>() else { continue };
        if quality > 0.0 && best.is_none_or(|(_, before)| quality > before) {
            best = Some((lang, quality));
        }
    }
    best.map(|(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_decides_by_quality_among_known_languages() {
        for (accepted, lang) in [
            ("de-DE,de;q=0.9,en;q=0.8", Some(Lang::De)),
            ("en-GB,en;q=0.9,de;q=0.8", Some(Lang::En)),
            ("la, de;q=0.5, en;q=0.4", Some(Lang::De)),
            ("de;q=0, en;q=0.1", Some(Lang::En)),
            ("DE-at", Some(Lang::De)),
            ("de;q=nonsense,en", Some(Lang::En)),
            ("fr,*;q=0.5", None),
            ("", None),
            ("dehydrated", None),
        ] {
            assert_eq!(best(accepted), lang, "{accepted}");
        }
    }
}
