//! Requirements on every dashboard, whatever it shows: its place among the others, its layout, its links.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::boards::{self, Board, list, string};

const WIDTH: u64 = 24;

#[test]
fn dashboard_uid_is_that_of_its_file() {
    let mut uids = BTreeSet::new();
    for board in boards::all() {
        let (uid, file) = (board.uid(), board.file);
        assert_eq!(uid, format!("m365-{}", file.trim_end_matches(".json")), "{file}: the uid is a promise");
        assert!(uid.len() <= 40 && uids.insert(uid.to_owned()), "{file}: {uid}");
        assert_eq!(board.json["schemaVersion"], 42, "{file}");
        assert_eq!(board.json["tags"], serde_json::json!(["m365-probe"]), "{file}: links among the dashboards go by the tag");
        assert!(board.json.get("id").is_none_or(Value::is_null), "{file}: a number belongs to one Grafana");
        assert!(board.json.get("__inputs").is_none(), "{file}: a provisioned file has no inputs");
        assert!(!string(&board.json["description"]).is_empty(), "{file}: says what it is for");
        assert_eq!((&board.json["timezone"], &board.json["graphTooltip"]), (&"browser".into(), &1.into()), "{file}");
    }
}

#[test]
fn dashboard_panels_have_unique_ids_and_do_not_overlap() {
    for board in boards::all() {
        let (mut ids, mut taken) = (BTreeSet::new(), BTreeMap::new());
        for panel in board.panels() {
            let title = string(&panel["title"]).to_owned();
            assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}: the id of {title} stands twice", board.file);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a place"));
            assert!(w > 0 && h > 0 && x + w <= WIDTH, "{}: {title} is too wide", board.file);
            for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |row| (column, row))) {
                let other = taken.insert(cell, title.clone());
                assert!(other.is_none(), "{}: {title} lies over {other:?}", board.file);
            }
        }
        let bottom = taken.keys().map(|(_, row)| row + 1).max().expect("panels");
        let holes: Vec<_> = (0..bottom)
            .flat_map(|row| (0..WIDTH).map(move |column| (column, row)))
            .filter(|cell| !taken.contains_key(cell))
            .collect();
        assert!(holes.is_empty(), "{}: nothing at {holes:?}", board.file);
    }
}

/// Returns every string in `value`, however deep.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn dashboard_links_have_a_target() {
    let boards = boards::all();
    let mut links = 0;
    for board in &boards {
        let begins = |text: &&str| ["/d/", "http", "${"].iter().any(|begin| text.starts_with(begin));
        for url in texts(&board.json).into_iter().filter(begins).filter(|text| text.contains('/')) {
            links += 1;
            let Some(rest) = url.strip_prefix("/d/") else {
                let known = url.starts_with("${pages}/") && board.variable("pages").is_some();
                assert!(known, "{}: {url} leads where no browser need reach", board.file);
                continue;
            };
            let (uid, query) = rest.split_once('?').unwrap_or((rest, ""));
            let target = boards.iter().find(|target| target.uid() == uid);
            let target = target.unwrap_or_else(|| panic!("{}: no dashboard {uid}", board.file));
            assert!(query.contains("var-tenant=") || !query.contains("var-mailbox="), "{}: {url} means any tenant's", board.file);
            for name in query.split('&').filter_map(|part| part.strip_prefix("var-")?.split('=').next()) {
                assert!(target.variable(name).is_some(), "{}: {uid} has no variable {name}", board.file);
            }
        }
        let links = list(&board.json["links"]);
        assert!(links.iter().any(|link| link["type"] == "dashboards" && link["includeVars"] == true), "{}", board.file);
    }
    assert!(links > 5, "{links}");
}

/// Two tenants may have mailboxes of one name.
#[test]
fn dashboards_show_a_mailbox_with_its_tenant() {
    for query in boards::all().iter().flat_map(Board::queries) {
        let groups = query.text.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
        for group in groups.map(|group| group.split(", ").collect::<Vec<_>>()).filter(|group| group.contains(&"mailbox")) {
            assert!(group.contains(&"tenant"), "{}: {group:?}", query.at);
        }
    }
}

/// A name of an override or a column that is not there is silently ignored by Grafana.
#[test]
fn dashboard_tables_format_only_columns_they_show() {
    for board in boards::all() {
        for panel in board.drawn().into_iter().filter(|panel| panel["type"] == "table") {
            let step =
                |id: &str| list(&panel["transformations"]).iter().find(|step| step["id"] == id).map(|step| &step["options"]);
            let dressed = list(&panel["fieldConfig"]["overrides"]).iter().map(|one| &one["matcher"]);
            if let Some(matrix) = step("groupingToMatrix") {
                let corner = format!("{}\\{}", string(&matrix["rowField"]), string(&matrix["columnField"]));
                let mut by_name = dressed.filter(|matcher| matcher["id"] == "byName");
                assert!(
                    by_name.all(|matcher| matcher["options"] == corner.as_str()),
                    "{}: {} is not {corner}",
                    board.file,
                    panel["title"]
                );
                continue;
            }
            let organized = step("organize").expect("a table has its columns in order");
            let renamed = organized["renameByName"].as_object().expect("names");
            let ordered = organized["indexByName"].as_object().expect("an order");
            let shown: Vec<_> =
                ordered.keys().map(|field| renamed.get(field).map_or(field.as_str(), |name| string(name))).collect();
            for matcher in dressed {
                let name = string(&matcher["options"]);
                assert!(shown.contains(&name), "{}: {} has no column {name}", board.file, panel["title"]);
            }
            for sorted in list(&panel["options"]["sortBy"]) {
                assert!(shown.contains(&string(&sorted["displayName"])), "{}: {}", board.file, panel["title"]);
            }
        }
    }
}

/// A screenshot is for the README; all of them together must not weigh down a checkout.
#[test]
fn screenshots_are_few_and_small() {
    let directory = crate::file("screenshots");
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).expect("screenshots") {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().and_then(|end| end.to_str()), Some("png"), "{}", path.display());
        assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"), "{}", path.display());
        bytes += path.metadata().unwrap().len();
    }
    assert!((1..1_500_000).contains(&bytes), "{bytes}");
}

#[test]
fn dashboards_begin_with_four_stats() {
    for Board { file, json } in boards::all() {
        let first = list(&json["panels"]).iter().filter(|panel| panel["gridPos"]["y"] == 0);
        assert!(first.clone().count() >= 4 && first.clone().all(|panel| panel["type"] == "stat"), "{file}");
    }
}
