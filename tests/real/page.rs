//! The pages in a real browser: without complaints, readable, and usable with keyboard and mouse.

use serde_json::Value;

use crate::browser::{self, Browser};
use crate::needs::{self, Part};
use crate::program::Demo;
use crate::scratch::Scratch;

/// A script that lists texts whose contrast with their background is below WCAG 2's AA: 4.5, or 3 for large text.
const TOO_FAINT: &str = r#"(() => {
  const channels = (colour) => {
    const numbers = colour.match(/-?[\d.]+(e-?\d+)?/g).map(Number);
    const [r, g, b, a = 1] = colour.startsWith("color(") ? [...numbers.slice(0, 3).map((x) => x * 255), numbers[3]] : numbers;
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const layer = channels(getComputedStyle(one).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  let looked = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    const element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility() || element.closest("script,noscript,.unseen,.skip,:disabled")) continue;
    looked++;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [light, dark] = [luminance(ground), luminance(over(channels(style.color), ground))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} "${text.data.trim().slice(0, 40)}" in ${element.tagName}.${element.className}`);
  }
  return looked > 20 ? faint : ["hardly a text was looked at: " + looked];
})()"#;

/// A script that lists obstacles for screen readers and keyboards.
const STUMBLES: &str = r#"(() => {
  const stumbles = [];
  const say = (what, elements) => elements.forEach((one) => stumbles.push(`${what}: ${one.outerHTML.slice(0, 120)}`));
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (!/^(en|de)$/.test(document.documentElement.lang)) stumbles.push("no language");
  for (const landmark of ["header", "main", "footer", "h1", ...(location.pathname === "/public" ? [] : ["nav"])]) if (all(landmark).length !== 1) stumbles.push(`not one ${landmark}`);
  const seen = new Set();
  say("an id stands twice", all("[id]").filter((one) => seen.has(one.id) || !seen.add(one.id)));
  say("a label that names nothing", all("[aria-labelledby]").filter((one) => !document.getElementById(one.getAttribute("aria-labelledby"))));
  say("a heading that skips a level", all("h1,h2,h3,h4").filter((one, at, heads) => at && one.tagName[1] - heads[at - 1].tagName[1] > 1));
  say("a cell without a header", all("tbody tr").filter((row) => !row.querySelector("th[scope=row]")));
  say("a table without headers", all("table").filter((table) => !table.querySelector("thead th[scope=col]")));
  say("a link without a name", all("a,button,summary").filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim())));
  say("a drawing that is not described", all("svg").filter((one) => !one.closest("[aria-hidden=true]") && !(one.getAttribute("role") === "img" && one.getAttribute("aria-label"))));
  say("a list item outside of a list", all("li").filter((one) => !/^(UL|OL)$/.test(one.parentElement.tagName)));
  say("a style that the policy forbids", all("[style]"));
  return stumbles;
})()"#;

/// The judge of accessibility that browsers' own tools use.
const AXE: Part = Part { name: "axe-core", files: &["node_modules/axe-core/axe.min.js"], as_root: false };

/// A script that lists what axe-core finds, in all of its rules, and the elements concerned.
const FOUND_BY_AXE: &str = r#"(async () => {
  const { passes, violations } = await axe.run(document, { resultTypes: ["violations"] });
  if (passes.length < 15) return ["axe-core tried hardly a rule: " + passes.length];
  return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map((node) => node.html.slice(0, 120)).join(" ")}`);
})()"#;

#[track_caller]
fn assert_none(browser: &mut Browser, what: &str, script: &str) {
    let found = browser.evaluate(script);
    assert_eq!(found.as_array().map(Vec::len), Some(0), "{what}: {found:#}");
}

#[track_caller]
fn assert_fine(browser: &mut Browser, url: &str) {
    let schemes = ["light", "dark"];
    for scheme in schemes {
        browser.prefer(scheme);
        browser.show(url);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{url} in {scheme}");
        assert_none(browser, &format!("{url} in {scheme}: too faint"), TOO_FAINT);
    }
    assert_none(browser, &format!("{url}: stumbles"), STUMBLES);
    let axe = std::fs::read_to_string(needs::cache().join(AXE.files[0])).expect("axe-core is installed");
    browser.evaluate(&format!("{axe}; true"));
    assert_none(browser, &format!("{url}: axe-core"), FOUND_BY_AXE);
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert_eq!(browser.evaluate(fits), true, "{url} is wider than the window");
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    for asked in browser.requested() {
        assert!(asked.starts_with(&origin) || asked.starts_with("data:"), "{url} asks for {asked}");
    }
}

/// Starts a demonstration with `faults`, and a browser that shows its status page once the script `ready` is true there.
fn shown(scratch: &Scratch, faults: &[&str], ready: &str) -> (Demo, Browser) {
    let demo = Demo::start(scratch, faults);
    let mut browser = Browser::start(scratch);
    browser.show(&demo.url("/"));
    browser.until(ready);
    (demo, browser)
}

#[test]
fn pages_in_light_dark_and_on_a_phone_have_no_complaints() {
    if !needs::all_there(&[browser::PART, AXE]) {
        return;
    }
    let scratch = Scratch::new();
    let (demo, mut browser) = shown(
        &scratch,
        &["client_secret_expired", "throttled@imap"],
        "document.querySelector('h1')?.textContent.includes('problem') || document.querySelectorAll('article').length > 0",
    );
    // The pages of these two have little to show before they have run.
    for probe in ["check=pop3&mailbox=praxis", "check=dns"] {
        browser.show(&demo.url(&format!("/probes?{probe}")));
        browser.until("document.getElementById('phases') !== null");
    }
    for (width, height, phone) in [(1280, 900, false), (360, 780, true), (320, 568, true)] {
        browser.resize(width, height, phone);
        for path in [
            "/?refresh=off",
            "/?refresh=off&lang=de",
            "/probes?check=pop3&mailbox=praxis&refresh=off",
            "/probes?check=dns&refresh=off",
            "/reasons",
            "/reasons?q=AADSTS7000222",
            "/reasons/mailbox_permission_missing",
            "/?q=imap&refresh=off",
            "/public",
        ] {
            assert_fine(&mut browser, &demo.url(path));
        }
    }
    browser.evaluate("void document.querySelector('main').append(new Image())");
    let found = browser.evaluate(FOUND_BY_AXE).to_string();
    assert!(found.contains("image-alt"), "axe-core finds a picture without a description: {found}");
}

#[test]
fn first_screen_of_a_phone_has_banner_owner_and_first_command() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let (demo, mut browser) = shown(
        &scratch,
        &["exchange_service_principal_missing"],
        "document.querySelector('h1')?.textContent.includes('Exchange does not know the application')",
    );
    browser.resize(390, 780, true);
    for language in ["en", "de"] {
        browser.show(&demo.url(&format!("/?refresh=off&lang={language}")));
        for seen in [".banner h1", "article.card .key dd", "article.card code.command"] {
            let top =
                browser.evaluate(&format!("document.querySelector('{seen}').getBoundingClientRect().top < innerHeight - 16"));
            assert_eq!(top, true, "{seen} in {language}");
        }
    }
}

#[test]
fn page_after_a_fault_button_shows_the_root_cause_by_itself() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let demo = Demo::start(&scratch, &[]);
    let mut browser = Browser::start(&scratch);
    browser.resize(1280, 900, false);
    browser.show(&demo.url("/"));
    browser.until("document.querySelector('h1')?.textContent.includes('Everything works')");
    for (fault, title, owner) in [
        ("client_secret_expired", "the client secret has expired", "The owner of the app registration"),
        ("exchange_service_principal_missing", "Exchange does not know the application", "The tenant's administrator"),
        ("connect_refused", "the connection was refused", "Whoever runs the network"),
        ("ews_disabled", "EWS is disabled", "The tenant's administrator"),
        ("tls_certificate_untrusted", "the certificate's issuer is not trusted here", "Whoever runs the network"),
    ] {
        browser.evaluate(&format!("document.getElementById('fault-{fault}').click()"));
        browser.until(&format!("[...document.querySelectorAll('h1,h2')].some((one) => one.textContent.includes(\"{title}\"))"));
        let names_owner = format!("document.querySelector('article.card .key').textContent.includes(\"{owner}\")");
        assert_eq!(browser.evaluate(&names_owner), true, "{fault}");
        assert_eq!(
            browser.evaluate("/\\d\\d:\\d\\d:\\d\\d UTC/.test(document.querySelector('article.card .key').textContent)"),
            true
        );
        let pressed = format!("document.getElementById('fault-{fault}').getAttribute('aria-pressed')");
        assert_eq!(browser.evaluate(&pressed), "true", "{fault}");
        browser.screenshot(fault);
        browser.evaluate("document.getElementById('clear').click()");
        browser.until("document.querySelector('h1')?.textContent.includes('Everything works')");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn page_by_keyboard_reaches_all_controls_and_keeps_details_open() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let (_demo, mut browser) =
        shown(&scratch, &["exchange_service_principal_missing"], "document.querySelectorAll('article.card details').length > 0");
    let mut reached = Vec::new();
    for _ in 0..400 {
        browser.press("Tab", "");
        let at = browser.evaluate("(() => { const at = document.activeElement; return at === document.body ? '' : at.tagName + ':' + (at.id || at.textContent.trim()) })()");
        let at = at.as_str().unwrap_or_default().to_owned();
        if reached.contains(&at) && at == reached[0] || at.is_empty() {
            break;
        }
        reached.push(at);
    }
    assert_eq!(reached.first().map(String::as_str), Some("A:Skip to the content"));
    for wanted in ["A:Overview", "A:Deutsch", "SUMMARY:Evidence", "BUTTON:fault-client_secret_expired", "A:Pause"] {
        assert!(reached.iter().any(|at| at == wanted), "{wanted} cannot be reached: {reached:#?}");
    }

    // Unfolded with the keyboard, and still so when the page has refreshed itself; the focus stays too.
    browser.evaluate("document.querySelector('#evidence-1 summary').focus()");
    browser.press("Enter", "\r");
    browser.until("document.getElementById('evidence-1').open");
    browser.evaluate("void (window.before = document.getElementById('evidence-1'))");
    browser.until("window.before !== document.getElementById('evidence-1')");
    assert_eq!(browser.evaluate("document.getElementById('evidence-1').open"), true);
    assert_eq!(browser.evaluate("document.activeElement.parentElement.id"), "evidence-1");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn page_refresh_keeps_the_selection_and_announces_a_change() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let (_demo, mut browser) = shown(
        &scratch,
        &["exchange_service_principal_missing"],
        "document.querySelectorAll('article.card code.command').length > 0",
    );
    browser.evaluate("getSelection().selectAllChildren(document.querySelector('article.card code.command'))");
    let marked = browser.evaluate("getSelection().toString()");
    browser.evaluate(
        "(async () => { const clear = document.getElementById('clear'); \
         await fetch(clear.form.action, { method: 'POST', body: new URLSearchParams(new FormData(clear.form, clear)) }) })()",
    );
    browser.until("document.getElementById('held').checkVisibility() && document.title.startsWith('Everything works')");
    assert_eq!(browser.evaluate("document.querySelector('#held strong').textContent.includes('Everything works')"), true);
    assert_eq!(browser.evaluate("getSelection().toString()"), marked);
    browser.evaluate("getSelection().removeAllRanges()");
    browser.until("!document.getElementById('held').checkVisibility()");
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent.includes('Everything works')"), true);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn page_speaks_the_browser_language_and_refreshes_without_scripts() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let demo = Demo::start(&scratch, &["client_secret_expired"]);
    let mut browser = Browser::start(&scratch);
    browser.accept_language("de-AT,de;q=0.9,en;q=0.5");
    browser.show(&demo.url("/"));
    browser.until("document.querySelector('h1')?.textContent.includes('der geheime Clientschlüssel ist abgelaufen')");
    assert_eq!(browser.evaluate("document.documentElement.lang"), "de");
    browser.screenshot("german");

    browser.accept_language("en");
    browser.run_scripts(false);
    browser.show(&demo.url("/"));
    // The page reloads itself as a whole: another document, later.
    let drawn = |browser: &mut Browser| browser.evaluate("document.querySelector('#as-of time').dateTime");
    let before: Value = drawn(&mut browser);
    browser.until(&format!("document.readyState === 'complete' && document.querySelector('#as-of time')?.dateTime > {before}"));
}

#[test]
fn page_of_a_stopped_service_says_that_it_is_stale() {
    if !needs::all_there(&[browser::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let demo = Demo::start(&scratch, &[]);
    let mut browser = Browser::start(&scratch);
    browser.show(&demo.url("/"));
    assert_eq!(browser.evaluate("document.getElementById('stale').checkVisibility()"), false);
    drop(demo);
    browser.until("document.getElementById('stale').checkVisibility()");
    assert_eq!(browser.evaluate("/\\d/.test(document.querySelector('#stale span').textContent)"), true);
}
