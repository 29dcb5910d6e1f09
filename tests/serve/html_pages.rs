//! The pages for people: languages, links, contents, and buttons only where there are faults.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use m365_probe::kind::Check;
use m365_probe::reason::Reason;
use m365_probe::render::page::FaultSwitch;
use m365_probe::serve::{Faults, Options, Service, Source};

use crate::client::{Reply, get, request};
use crate::fixtures::{address, idle, refused, serve, settings};

#[derive(Debug, Default)]
struct Buttons(Mutex<Vec<String>>);

impl Faults for Buttons {
    fn switches(&self) -> Vec<FaultSwitch> {
        let on = |name: &str| self.0.lock().expect("lock").iter().any(|fault| fault == name);
        ["one", "two"].map(|name| FaultSwitch { name, about: "breaks <things>", on: on(name) }).to_vec()
    }

    fn toggle(&self, name: &str) -> Result<(), String> {
        if name == "nothing" {
            return Err("there is no fault `nothing`".to_owned());
        }
        self.0.lock().expect("lock").push(name.to_owned());
        Ok(())
    }

    fn clear(&self) {
        self.0.lock().expect("lock").clear();
    }
}

async fn press(service: &Service, fields: &str, form: &str) -> Reply {
    let headers = format!("{fields}Content-Length: {}\r\n\r\n{form}", form.len());
    request(address(service), "POST", "/faults?lang=de", &headers).await
}

#[tokio::test]
async fn accept_language_chooses_the_language_and_the_parameter_overrides_it() {
    let service = idle().await;
    for (target, accepted, lang, text) in [
        ("/", "", "en", "No check is configured"),
        ("/", "Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\n", "de", "Es ist keine Prüfung eingerichtet"),
        ("/?lang=en", "Accept-Language: de\r\n", "en", "No check is configured"),
        ("/reasons?lang=de", "", "de", "der geheime Clientschlüssel ist abgelaufen"),
    ] {
        let reply = request(address(&service), "GET", target, accepted).await;
        assert!(reply.body.contains(&format!("<html lang=\"{lang}\"")), "{target}");
        assert!(reply.body.to_lowercase().contains(&text.to_lowercase()), "{target}");
        assert_eq!(reply.header("vary"), Some("accept-language, accept-encoding"));
    }
    let german = get(address(&service), "/?lang=de").await.body;
    assert!(german.contains("href=\"./reasons?lang=de\"") && german.contains("href=\"./?lang=en\""), "links carry it on");
}

#[tokio::test]
async fn catalogue_page_has_an_anchor_for_every_reason() {
    let service = idle().await;
    let page = get(address(&service), "/reasons").await.body;
    for reason in Reason::ALL {
        assert_eq!(page.matches(&format!(" id=\"{reason}\"")).count(), 1, "{reason}");
    }
}

#[tokio::test]
async fn reason_has_a_page_and_is_found_by_its_number() {
    let service = idle().await;
    let page = get(address(&service), "/reasons/client_secret_expired?lang=de").await.body;
    assert!(page.contains("<h1>Der geheime Clientschlüssel ist abgelaufen</h1>"), "{page}");
    assert!(page.contains("href=\"../reasons?lang=de#client_secret_expired\"") && page.contains("href=\"../?lang=de\""));
    assert!(page.contains("href=\"../reasons/client_secret_expired?lang=en\""), "the other language");
    let found = get(address(&service), "/reasons?q=AADSTS7000222").await.body;
    assert!(found.contains("href=\"./reasons/client_secret_expired\"") && !found.contains("reasons/connect_refused"));
    let all = get(address(&service), "/reasons").await.body;
    assert!(all.len() < 120_000, "{}", all.len());
}

#[tokio::test]
async fn refusal_answers_a_browser_with_a_page_in_its_language_and_others_with_a_line() {
    let service = idle().await;
    let browser = "Accept: text/html,application/xhtml+xml;q=0.9\r\nAccept-Language: de\r\n";
    let foreign = "Sec-Fetch-Site: cross-site\r\n";
    for (target, further, status, title, back) in [
        ("/nowhere", "", 404, "Diese Seite gibt es nicht", "./"),
        ("/a/b/c", "", 404, "Diese Seite gibt es nicht", "../../"),
        ("/reasons/frobnicate?lang=en", "", 404, "There is no such page", "../?lang=en"),
        ("/?page=0", "", 400, "Diese Adresse ist nicht zu verstehen", "./"),
        ("/?page=0&lang=en", "", 400, "This address cannot be understood", "./?lang=en"),
        ("/?q=%zz&lang=en", "", 400, "This address cannot be understood", "./?lang=en"),
        ("/?lang=fr", "", 400, "Diese Adresse ist nicht zu verstehen", "./"),
        ("/probe?check=pop3&lang=en", foreign, 403, "This was refused", "./?lang=en"),
        ("/-/reload?lang=de", "", 405, "Diese Adresse ist keine Seite", "../?lang=de"),
    ] {
        let reply = request(address(&service), "GET", target, &format!("{browser}{further}")).await;
        assert_eq!(reply.status, status, "{target}");
        let has = |text: &str| assert!(reply.body.contains(text), "{target}: no {text} in {}", reply.body);
        has(&format!("<h1>{title}</h1>"));
        has(&format!("<a href=\"{back}\">"));
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
        let plain = request(address(&service), "GET", target, further).await;
        assert_eq!((plain.status, plain.body.lines().count()), (status, 1), "{target}");
    }
    let reply = request(address(&service), "GET", "/-/reload", browser).await;
    assert_eq!(reply.header("allow"), Some("POST"), "what else the refusal says is kept");
    let reply = request(address(&service), "GET", "/probes?check=nothing&lang=en", browser).await;
    let other = "href=\"./probes?check=nothing&amp;lang=de\"";
    assert!(reply.body.contains(other), "the other language refuses the same address: {}", reply.body);
}

#[tokio::test]
async fn page_without_scripts_refreshes_itself_unless_paused() {
    let service = idle().await;
    let page = get(address(&service), "/").await.body;
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>"));
    let still = get(address(&service), "/?refresh=off").await.body;
    assert!(!still.contains("http-equiv=\"refresh\"") && !still.contains("data-refresh"));
}

#[tokio::test]
async fn page_escapes_markup_in_names_of_probes() {
    let probes = [("a\"><script>x</script>", Some("b&<i>"), Check::Pop3)];
    let service = serve(Source::Given(Box::new(settings(refused().await, &probes)))).await;
    for target in ["/", "/probes?check=pop3"] {
        let page = get(address(&service), target).await.body;
        assert!(!page.contains("<script>x") && !page.contains("<i>") && page.contains("&lt;script&gt;x"), "{target}");
    }
}

#[tokio::test]
async fn status_page_of_hundreds_of_probes_is_paged_searched_and_compressed() {
    let names: Vec<String> = (0..100).map(|number| format!("mailbox{number}")).collect();
    let mut probes = vec![("contoso", None, Check::Token), ("contoso", None, Check::Reach)];
    for name in &names {
        probes.extend([Check::Pop3, Check::Imap, Check::Smtp, Check::Ews].map(|check| ("contoso", Some(name.as_str()), check)));
    }
    let service = serve(Source::Given(Box::new(settings(refused().await, &probes)))).await;
    let page = get(address(&service), "/").await.body;
    assert!(page.contains("Page 1 of 3"), "the first of its pages");
    let found = get(address(&service), "/?q=mailbox77&lang=de").await.body;
    assert!(found.contains("4 von 402 Prüfungen gefunden"), "{found}");
    assert!(found.contains("href=\"./?q=mailbox77&amp;lang=en\""), "the other language looks for the same");
    for (target, status) in
        [("/?page=0", 400), ("/?page=two", 400), ("/?page=999", 200), ("/?q=a&q=b", 400), ("/?tenant=nobody", 200)]
    {
        assert_eq!(get(address(&service), target).await.status, status, "{target}");
    }
    let small = request(address(&service), "HEAD", "/", "Accept-Encoding: gzip\r\n").await;
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert_eq!(small.header("vary"), Some("accept-language, accept-encoding"));
}

#[tokio::test]
async fn service_without_faults_has_no_form_and_no_faults_path() {
    let service = idle().await;
    assert!(!get(address(&service), "/").await.body.contains("<form"));
    assert_eq!(press(&service, "", "fault=one").await.status, 404);
    let policy = get(address(&service), "/").await;
    assert!(policy.header("content-security-policy").is_some_and(|policy| policy.contains("form-action 'self'")));
}

#[tokio::test]
async fn fault_button_is_refused_from_another_origin() {
    let buttons = Arc::new(Buttons::default());
    let faults = Some(Arc::clone(&buttons) as Arc<dyn Faults>);
    let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()];
    let options = Options { faults, ..Options::new(Source::Given(Box::default()), listen) };
    let service = Service::start(options).await.expect("it starts");
    let page = get(address(&service), "/").await;
    assert!(page.body.contains("aria-pressed=\"false\" title=\"breaks &lt;things&gt;\""));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("form-action 'self'")));

    let own = "Origin: http://localhost:10365\r\nSec-Fetch-Site: same-origin\r\n";
    let done = press(&service, own, "fault=two").await;
    assert_eq!((done.status, done.header("location")), (303, Some("./?lang=de#faults")));
    assert!(get(address(&service), "/").await.body.contains("In force now: two"));
    for (fields, form, status) in [
        ("Origin: http://evil.example\r\n", "fault=one", 403),
        ("Origin: null\r\n", "fault=one", 403),
        ("Sec-Fetch-Site: cross-site\r\n", "fault=one", 403),
        (own, "fault=nothing", 400),
        (own, "", 400),
        (own, "fault=one&clear=all", 400),
        (own, &"x".repeat(2000), 400),
    ] {
        assert_eq!(press(&service, fields, form).await.status, status, "{fields}{form}");
    }
    assert_eq!(*buttons.0.lock().expect("lock"), ["two"]);
    assert_eq!(press(&service, "", "clear=all").await.status, 303);
    assert!(get(address(&service), "/").await.body.contains("Nothing is wrong now."));
    assert_eq!(get(address(&service), "/faults").await.status, 405);
}
