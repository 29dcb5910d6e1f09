//! Writes the catalogue as a JSON Schema, for editors that complete and check while one types.

use serde_json::{Map, Value as Json, json};

use super::catalogue::{Key, Kind, Level, PROXY_LOGIN, Section, checks_of};
use super::credential;
use super::value::{Format, Switch, Value as _};

/// Returns the schema of the configuration: JSON Schema 2020-12. It may accept what the reader refuses, never the reverse.
pub fn schema() -> Json {
    let parts: Map<String, Json> = Section::ALL.iter().map(|section| (section.name().to_owned(), object(*section))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of m365-probe",
        "$ref": reference(Section::Root),
        "$defs": parts,
    })
}

fn reference(section: Section) -> String {
    format!("#/$defs/{}", section.name())
}

fn object(section: Section) -> Json {
    let properties: Map<String, Json> = section.keys().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = section.keys().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({
        // A section may be empty: `network:` with every line below commented out.
        "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    });
    match section {
        Section::Root => object["anyOf"] = json!([{ "required": ["tenants"] }, { "required": ["include"] }]),
        Section::Credential => {
            object["oneOf"] = credential::SOURCES.iter().map(one_source).collect();
        }
        Section::Network => {
            let [user, password] = PROXY_LOGIN;
            object["dependentRequired"] = json!({ user: [password], password: [user] });
        }
        _ => {}
    }
    object
}

/// Returns the schema of a credential that `source` names: its key alone of all that name one, and none that stands beside others.
fn one_source(source: &credential::Source) -> Json {
    let others = credential::SOURCES.iter().flat_map(|other| other.beside).filter(|name| !source.beside.contains(name));
    let absent: Map<String, Json> = others.map(|name| ((*name).to_owned(), json!(false))).collect();
    json!({ "required": [source.key], "properties": absent })
}

fn property(key: &Key) -> Json {
    let mut property = match key.kind {
        Kind::One(format) => value(format),
        Kind::List(format) => json!({ "type": "array", "minItems": 1, "items": value(format) }),
        Kind::OneOrList(format) => {
            json!({ "oneOf": [value(format), { "type": "array", "minItems": 1, "items": value(format) }] })
        }
        Kind::Table(format) => json!({ "type": ["object", "null"], "additionalProperties": value(format) }),
        Kind::Map(section) => json!({ "$ref": reference(section) }),
        Kind::Maps(section) => json!({ "type": ["object", "null"], "additionalProperties": { "$ref": reference(section) } }),
        Kind::MapList(section) => json!({ "type": "array", "minItems": 1, "items": { "$ref": reference(section) } }),
        Kind::Checks(level) => {
            json!({ "type": "array", "minItems": usize::from(level == Level::Mailbox), "items": check(level) })
        }
    };
    let allowed = match key.kind {
        Kind::One(format) | Kind::List(format) | Kind::OneOrList(format) | Kind::Table(format) => format!("; {}", format.allowed),
        Kind::Map(_) | Kind::Maps(_) | Kind::MapList(_) | Kind::Checks(_) => String::new(),
    };
    let default = if key.default.is_empty() { String::new() } else { format!("; default: {}", key.default) };
    property["description"] = json!(format!("{}{allowed}{default}", key.about));
    property
}

fn value(format: &Format) -> Json {
    if format.choices == Switch::FORMAT.choices {
        // YAML's own, or the same in quotes.
        return json!({ "enum": [true, false, "true", "false"] });
    }
    let mut value = json!({ "type": if format.number { json!(["string", "number"]) } else { json!("string") } });
    if !format.pattern.is_empty() {
        value["pattern"] = json!(format.pattern);
    }
    if !format.choices.is_empty() {
        value["enum"] = json!(format.choices);
    }
    value
}

/// Returns the schema of a check: a name, or a map of one name to its options.
fn check(level: Level) -> Json {
    let names: Vec<Json> =
        checks_of(level).map(|check| json!({ "const": check.name(), "description": check.kind().purpose })).collect();
    let options: Map<String, Json> =
        checks_of(level).map(|check| (check.name().to_owned(), json!({ "$ref": reference(Section::Check) }))).collect();
    let map = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": options,
    });
    json!({ "oneOf": [{ "oneOf": names }, map] })
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::KEYS;
    use super::*;

    #[test]
    fn schema_describes_every_key() {
        let schema = schema();
        for key in KEYS {
            let property = &schema["$defs"][key.section.name()]["properties"][key.name];
            assert!(property["description"].as_str().is_some_and(|text| text.starts_with(key.about)), "{}", key.name);
        }
    }

    #[test]
    fn schema_references_are_defined() {
        let schema = schema();
        let text = schema.to_string();
        for piece in text.split("\"$ref\":\"#/$defs/").skip(1) {
            let name = piece.split('"').next().expect("a name");
            assert!(schema["$defs"][name].is_object(), "{name}");
        }
    }
}
