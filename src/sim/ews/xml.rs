//! XML as a small tree with its namespaces resolved.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// The namespaces of an EWS request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// SOAP 1.1.
    Soap,
    /// EWS messages.
    Messages,
    /// EWS types.
    Types,
    /// Any other, or none.
    Other,
}

/// EWS types.
pub(super) const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";
/// EWS messages.
pub(super) const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
/// SOAP 1.1.
pub(super) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// Elements within elements are taken this deep.
const DEPTH: usize = 32;
/// Tags and texts are taken up to this many.
const EVENTS: usize = 8192;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its local name.
    pub name: String,
    /// Its attributes without a prefix.
    pub attributes: Vec<(String, String)>,
    /// The elements in it.
    pub children: Vec<Self>,
    /// The text in it.
    pub text: String,
}

impl Element {
    /// Reads a whole document; `None` where it is not well-formed, too deep or too large.
    pub(super) fn read(document: &str) -> Option<Self> {
        let mut reader = NsReader::from_str(document.trim_start_matches('\u{feff}'));
        reader.config_mut().check_end_names = true;
        let mut open: Vec<Self> = Vec::new();
        for _ in 0..EVENTS {
            let (namespace, event) = reader.read_resolved_event().ok()?;
            let closed = match event {
                Event::Start(start) => {
                    open.push(Self::begin(&namespace, &start)?);
                    None
                }
                Event::Empty(start) => Some(Self::begin(&namespace, &start)?),
                Event::End(_) => open.pop(),
                // Exchange refuses document types, and so no entity can be defined.
                Event::DocType(_) | Event::Eof => return None,
                other => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text(&other)?);
                    }
                    None
                }
            };
            match (closed, open.last_mut()) {
                (Some(element), Some(parent)) => parent.children.push(element),
                (Some(element), None) => return Some(element),
                (None, _) => {}
            }
            if open.len() > DEPTH {
                return None;
            }
        }
        None
    }

    fn begin(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Option<Self> {
        let namespace = match namespace {
            ResolveResult::Bound(name) if name.as_ref() == SOAP => Namespace::Soap,
            ResolveResult::Bound(name) if name.as_ref() == MESSAGES => Namespace::Messages,
            ResolveResult::Bound(name) if name.as_ref() == TYPES => Namespace::Types,
            ResolveResult::Bound(_) | ResolveResult::Unbound => Namespace::Other,
            ResolveResult::Unknown(_) => return None,
        };
        let name = start.local_name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            if attribute.key.prefix().is_none() && attribute.key.as_namespace_binding().is_none() {
                let key = attribute.key.as_ref().to_owned();
                attributes.push((key, attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned()));
            }
        }
        Some(Self { namespace, name, attributes, children: Vec::new(), text: String::new() })
    }

    /// Tells whether it is the element of that namespace and name.
    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The first child of that name.
    pub(super) fn child(&self, namespace: Namespace, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// An attribute's value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The text an event stands for: none for comments and their like.
fn text(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Text(text) => text.xml10_content().into_owned(),
        Event::CData(text) => text.xml10_content().into_owned(),
        Event::GeneralRef(reference) => reference.resolve_char_ref().ok()?.or_else(|| predefined(reference))?.to_string(),
        _ => String::new(),
    })
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// `text` with what XML gives a meaning to written out; control characters XML 1.0 forbids are left out.
pub(super) fn escaped(text: &str) -> String {
    let allowed: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n')).collect();
    quick_xml::escape::escape(allowed.as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_namespace_and_text_is_put_together() {
        let document = format!(
            "\u{feff}<?xml version=\"1.0\"?><!-- x --><e xmlns=\"{SOAP}\" xmlns:q=\"{TYPES}\"><q:a k=\"&lt;1\">b&amp;<![CDATA[<c>]]>&#100;</q:a></e>"
        );
        let envelope = Element::read(&document).expect("well-formed");
        assert!(envelope.is(Namespace::Soap, "e"));
        let inner = envelope.child(Namespace::Types, "a").expect("there");
        assert_eq!((inner.text.as_str(), inner.attribute("k")), ("b&<c>d", Some("<1")));
    }

    #[test]
    fn what_is_no_document_is_nothing() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        let wide = format!("<a>{}</a>", "<b/>".repeat(10_000));
        let entity = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
        for document in
            ["", " ", "x", "<a>", "<a></b>", "<q:a/>", "<a>&b;</a>", "<a b=c/>", "<a b=\"1\" b=\"1\"/>", &deep, &wide, entity]
        {
            assert!(Element::read(document).is_none(), "{}", document.chars().take(40).collect::<String>());
        }
    }
}
