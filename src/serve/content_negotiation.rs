//! Chooses the encoding of pages, and the format of a page of metrics, by `Accept` and `Accept-Encoding` (RFC 9110 section 12.5).

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName, HeaderValue, VARY};

use super::content::Content;
use super::response::{FullResponse, ok};
use crate::render::prometheus::Format;

/// Bytes from which a page is compressed: smaller ones fit into one packet.
const MIN_COMPRESSED: usize = 1024;

/// The format and encoding of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// The format of the page.
    pub format: Format,
    gzip: bool,
}

impl Negotiated {
    /// Reads them from `headers`; the default is the text format, not compressed.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self { format: format(headers), gzip: gzip(headers) }
    }

    /// Builds the response with `body`, which is written in `format`.
    pub fn respond(self, body: impl Into<Content>) -> FullResponse {
        let mut response = ok(self.format.content_type(), body);
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }

    /// Compresses the body of a response where that is accepted and worth it.
    pub fn encode(self, response: FullResponse) -> FullResponse {
        if response.body().len() < MIN_COMPRESSED {
            return response;
        }
        let (mut head, body) = response.into_parts();
        head.headers.entry(VARY).or_insert(HeaderValue::from_static("accept-encoding"));
        if !self.gzip {
            return FullResponse::from_parts(head, body);
        }
        head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        FullResponse::from_parts(head, body.into_gzip())
    }
}

/// Returns OpenMetrics where it is asked for by name and text has no higher quality.
fn format(headers: &HeaderMap) -> Format {
    let (mut open_metrics, mut text) = (0.0_f32, 0.0_f32);
    for item in items(headers, &ACCEPT) {
        match item.value.as_str() {
            // Version 0.0.1 was a draft. A peer that names no version takes any.
            "application/openmetrics-text" if item.parameter("version").is_none_or(|version| version == "1.0.0") => {
                open_metrics = open_metrics.max(item.quality());
            }
            "text/plain" | "text/*" | "*/*" => text = text.max(item.quality()),
            _ => {}
        }
    }
    if open_metrics > 0.0 && open_metrics >= text { Format::OpenMetrics } else { Format::Text }
}

/// Reports whether gzip is accepted: by its name, else by the wildcard.
fn gzip(headers: &HeaderMap) -> bool {
    let quality = |names: &[&str]| {
        items(headers, &ACCEPT_ENCODING).find(|item| names.contains(&item.value.as_str())).map(|item| item.quality())
    };
    quality(&["gzip", "x-gzip"]).or_else(|| quality(&["*"])).is_some_and(|quality| quality > 0.0)
}

/// An item of a header's list.
struct Item {
    value: String,
    parameters: Vec<(String, String)>,
}

impl Item {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value.as_str())
    }

    /// Returns its quality, the parameter `q`, from 0 (not accepted) to 1; 0 for what cannot be parsed.
    fn quality(&self) -> f32 {
        let given = self.parameter("q").map_or(Some(1.0), |quality| quality.parse().ok());
        given.filter(|quality| (0.0..=1.0).contains(quality)).unwrap_or(0.0)
    }
}

/// Returns the items that the headers of that name list, in lower case and without white space.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Item> + 'a {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|item| {
        let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
        let value = parts.next().unwrap_or_default();
        let parameter = |part: String| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        };
        Item { value, parameters: parts.filter_map(parameter).collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that headers called `name` lead to the choice with each of the `accepting` values, and with none of the `others`.
    fn assert_chosen(
        name: &HeaderName,
        is_chosen: fn(Negotiated) -> bool,
        accepting: &[&[&'static str]],
        others: &[&[&'static str]],
    ) {
        let accepting = accepting.iter().map(|values| (values, true));
        for (values, expected) in accepting.chain(others.iter().map(|values| (values, false))) {
            let headers = values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect();
            assert_eq!(is_chosen(Negotiated::from_headers(&headers)), expected, "{values:?}");
        }
    }

    #[test]
    fn accept_decides_on_the_format_by_quality() {
        let debian_s = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                        text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let third_s = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                       application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                       text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let accepting: [&[_]; 5] = [
            &[debian_s],
            &[third_s],
            &["application/openmetrics-text"],
            &["Application/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.9, text/plain;q=0.8"],
            &["text/plain", "application/openmetrics-text"],
        ];
        let others: [&[_]; 12] = [
            &[],
            &[""],
            &["*/*"],
            &["text/html,application/xhtml+xml,*/*;q=0.8"],
            &["text/plain;version=0.0.4"],
            &["application/openmetrics-text;version=0.0.1"],
            &["application/openmetrics-text;version=2.0.0"],
            &["application/openmetrics-text;q=0.4, text/*;q=0.5"],
            &["application/openmetrics-text;q=0"],
            &["application/openmetrics-text;q=NaN"],
            &["application/openmetrics-text;q=5"],
            &[";;,=;q,,application/openmetrics-text;;;q=,"],
        ];
        assert_chosen(&ACCEPT, |chosen| chosen.format == Format::OpenMetrics, &accepting, &others);
    }

    #[test]
    fn accept_encoding_decides_on_gzip() {
        let accepting: [&[_]; 4] = [&["gzip"], &["deflate, GZIP;q=1.0, *;q=0.5"], &["br", "x-gzip"], &["*"]];
        let others: [&[_]; 6] = [&["gzip;q=0, *"], &["identity"], &["gzipped"], &["*;q=0"], &[""], &[]];
        assert_chosen(&ACCEPT_ENCODING, |chosen| chosen.gzip, &accepting, &others);
    }

    #[test]
    fn encode_compresses_long_bodies_where_gzip_is_accepted() {
        for (gzip, len, encoding) in [(true, 1024, Some("gzip")), (true, 1023, None), (false, 1024, None)] {
            let negotiated = Negotiated { gzip, ..Negotiated::default() };
            let response = negotiated.encode(ok("text/plain", "x".repeat(len)));
            let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!((header(CONTENT_ENCODING), header(VARY)), (encoding, (len >= 1024).then_some("accept-encoding")));
        }
        let response = Negotiated::default().encode(Negotiated::default().respond("x".repeat(2000)));
        assert_eq!(response.headers().get(VARY), Some(&HeaderValue::from_static("accept, accept-encoding")));
    }
}
