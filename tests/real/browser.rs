//! Chromium without a window, driven over pipes in its DevTools protocol.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::needs::Part;
use crate::scratch::Scratch;

pub const PART: Part = Part { name: "Chromium", files: &["/usr/bin/chromium"], as_root: false };

/// The longest that anything may take; far more than it does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Chromium's options. Nothing is to be fetched from anywhere but our own service, and nothing for the browser itself.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--lang=en",
    "--remote-debugging-pipe",
];

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: File,
    messages: Receiver<Value>,
    /// Events that came while a reply was waited for.
    events: VecDeque<Value>,
    session: String,
    last: u64,
}

impl Browser {
    /// Starts Chromium with an empty profile.
    pub fn start(scratch: &Scratch) -> Self {
        let home = scratch.dir("chromium");
        let [commands, answers] = ["commands", "answers"].map(|name| home.join(name));
        let made = Command::new("mkfifo").arg(&commands).arg(&answers).status().expect("run mkfifo");
        assert!(made.success());
        let log = File::create(home.join("chromium.log")).expect("open a log");
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "sh", "-c", "exec \"$@\" 3<\"$COMMANDS\" 4>\"$ANSWERS\"", "sh", "chromium"])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", home.join("profile").display()))
            .arg("about:blank")
            .env("COMMANDS", &commands)
            .env("ANSWERS", &answers)
            .env("HOME", &home)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("share a log"))
            .stderr(log)
            .spawn()
            .expect("start chromium");
        let writing = OpenOptions::new().write(true).open(&commands).expect("open a pipe");
        let messages = listen(&answers);
        let mut browser = Self { child, commands: writing, messages, events: VecDeque::new(), session: String::new(), last: 0 };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Calls a method of the protocol.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).expect("speak to chromium");
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let message = self.messages.recv_timeout(left).unwrap_or_else(|_| panic!("chromium does not answer {method}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    /// Shows a page and waits until it is there.
    #[track_caller]
    pub fn show(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", &json!({ "url": url }));
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Evaluates a script on the page and returns its value.
    #[track_caller]
    pub fn evaluate(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// Waits until a script on the page evaluates to true.
    #[track_caller]
    pub fn until(&mut self, script: &str) {
        let begun = Instant::now();
        while self.evaluate(script) != true {
            let text = if begun.elapsed() > PATIENCE { self.evaluate("document.body.innerText") } else { Value::Null };
            assert!(text.is_null(), "never: {script}\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str, text: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            _ => 32,
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Sets the window's size, in pixels of CSS, and whether it is a phone's.
    pub fn resize(&mut self, width: u32, height: u32, phone: bool) {
        let scale = if phone { 2 } else { 1 };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Sets the preferred colour scheme: `dark` or `light`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Sets the header `Accept-Language` of all requests.
    pub fn accept_language(&mut self, languages: &str) {
        self.call("Network.setExtraHTTPHeaders", &json!({ "headers": { "Accept-Language": languages } }));
    }

    /// Allows or forbids scripts on the page.
    pub fn run_scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !run }));
    }

    /// Returns the whole page as a PNG, and writes it to the directory `M365_TESTS_SCREENSHOTS` if that is set.
    pub fn screenshot(&mut self, name: &str) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png", "captureBeyondViewport": true }));
        let png = STANDARD.decode(shot["data"].as_str().unwrap_or_default()).expect("base64");
        if let Some(directory) = std::env::var_os("M365_TESTS_SCREENSHOTS") {
            std::fs::write(Path::new(&directory).join(format!("{name}.png")), &png).expect("keep a screenshot");
        }
        png
    }

    /// Returns the browser's complaints since the page was shown: errors of scripts, violations of the policy, failed loads.
    pub fn complaints(&mut self) -> Vec<String> {
        self.call("Runtime.evaluate", &json!({ "expression": "0" })); // what came before it has arrived
        let complains = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Audits.issueAdded" | "Network.loadingFailed" => true,
            "Log.entryAdded" => event["params"]["entry"]["level"] == "error" || event["params"]["entry"]["level"] == "warning",
            "Runtime.consoleAPICalled" => event["params"]["type"] == "error" || event["params"]["type"] == "warning",
            _ => false,
        };
        self.events.iter().filter(complains).map(|event| format!("{:#}", event["params"])).collect()
    }

    /// Returns the URLs of all requests since the page was shown.
    pub fn requested(&mut self) -> Vec<String> {
        self.call("Runtime.evaluate", &json!({ "expression": "0" }));
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str()).map(ToOwned::to_owned).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads messages, each ended by a NUL, on a thread of its own.
fn listen(answers: &Path) -> Receiver<Value> {
    let reading = File::open(answers).expect("open a pipe");
    let (sender, messages) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reading);
        let mut message = Vec::new();
        while reader.read_until(0, &mut message).is_ok_and(|count| count > 0) {
            let text = message.strip_suffix(b"\0").unwrap_or(&message);
            if let Ok(value) = serde_json::from_slice(text)
                && sender.send(value).is_err()
            {
                return;
            }
            message.clear();
        }
    });
    messages
}
