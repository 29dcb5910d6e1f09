//! `config init`: writes a first configuration from options, and from questions where there is a terminal.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::args::Init;
use super::{FAULT, GOOD, USAGE, charset, failed, output, terminal};
use crate::config::{self, LocalSystem, StartingFile};
use crate::lang::{Lang, fill};

/// Writes the file, says what to do next, and returns the exit code. A file that is there already is left alone.
pub fn run(arguments: &Init) -> u8 {
    let (file, lang) = (&arguments.file, terminal::lang());
    let name = file.display().to_string();
    if file.symlink_metadata().is_ok() {
        return failed(false, USAGE, &fill(lang.texts().init.exists, &[("file", &name)]));
    }
    let probes = match text(arguments, lang) {
        Ok((text, probes)) => match write(file, &text) {
            Ok(()) => probes,
            Err(error) => return failed(false, FAULT, &format!("{name}: {error}")),
        },
        Err(problem) => return failed(false, USAGE, &problem),
    };
    output::out(&charset::text(&(lang.texts().init.written.with(probes, &[("file", &name)]) + "\n")));
    GOOD
}

/// Returns the configuration and the number of its probes.
fn text(arguments: &Init, lang: Lang) -> Result<(String, usize), String> {
    let text = answers(arguments, lang)?.text();
    match config::parse(&text, &arguments.file, &LocalSystem) {
        Ok(loaded) => Ok((text, loaded.settings.probes.len())),
        Err(mistakes) => Err(format!("{mistakes}\n{}", lang.texts().init.nothing_written)),
    }
}

/// Creates the file, and never writes over one that appeared meanwhile.
fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}

fn answers(arguments: &Init, lang: Lang) -> Result<StartingFile, String> {
    let texts = &lang.texts().init;
    let tenant_id = given_or_asked(arguments.tenant_id.as_ref(), "--tenant-id", texts.tenant_id, lang)?;
    let of_identity = arguments.managed_identity.as_deref().and_then(config::named_client_id);
    let client_id = given_or_asked(arguments.client_id.as_ref().or(of_identity.as_ref()), "--client-id", texts.client_id, lang)?;
    let credential = credential(arguments, lang)?;
    let mailboxes = if arguments.mailbox.is_empty() && is_asking() { asked_mailboxes(lang)? } else { arguments.mailbox.clone() };
    let (name, checks) = (arguments.name.clone(), arguments.check.clone());
    Ok(StartingFile { name, tenant_id, client_id, credential, mailboxes, checks })
}

/// The keys of the credential that is given, with their values; without one the file of a client secret is asked for, and where there
/// is none the managed identity.
fn credential(arguments: &Init, lang: Lang) -> Result<Vec<(&'static str, String)>, String> {
    let given = [
        ("client_secret_file", &arguments.client_secret_file),
        ("certificate_file", &arguments.certificate_file),
        ("private_key_file", &arguments.private_key_file),
        ("federated_token_file", &arguments.federated_token_file),
    ];
    let mut files: Vec<_> = given.into_iter().filter_map(|(key, path)| Some((key, path.clone()?))).collect();
    let mut identity = arguments.managed_identity.clone();
    if files.is_empty() && identity.is_none() {
        let path = given_or_asked(None, "--client-secret-file", lang.texts().init.secret_file, lang)?;
        if path.is_empty() {
            let asked = ask(lang.texts().init.managed_identity).map_err(|error| error.to_string())?;
            identity = Some(if asked.is_empty() { "system".to_owned() } else { asked });
        } else {
            files.push(("client_secret_file", path.into()));
        }
    }
    // A path in the file begins at the file's directory; the one given begins here.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
    let files = files.into_iter().map(|(key, path)| (key, absolute(path)));
    Ok(files.chain(identity.map(|identity| ("managed_identity", identity))).collect())
}

fn asked_mailboxes(lang: Lang) -> Result<Vec<String>, String> {
    let mut mailboxes = Vec::new();
    loop {
        let address = ask(lang.texts().init.mailbox).map_err(|error| error.to_string())?;
        if address.is_empty() {
            return Ok(mailboxes);
        }
        mailboxes.push(address);
    }
}

/// Returns the value of `option` as given, otherwise the answer to `question`.
fn given_or_asked(given: Option<&String>, option: &str, question: &str, lang: Lang) -> Result<String, String> {
    match given {
        Some(value) => Ok(value.clone()),
        None if is_asking() => ask(question).map_err(|error| error.to_string()),
        None => Err(fill(lang.texts().init.missing, &[("option", option)])),
    }
}

/// Reports whether a person is there to be asked.
fn is_asking() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks on the terminal, and returns the line without the white space around it; empty at the end of input.
fn ask(question: &str) -> io::Result<String> {
    output::out(&charset::text(&format!("{question}: ")));
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
