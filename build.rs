//! Arranges the released program, where the linker and the system's loader can: what a plugin does not use stands apart.
//!
//! The kernel maps a program in pieces of 64 KiB, of which a plugin that uses a few functions of each touches nearly all. So the
//! functions that only other commands need stand together at the end; and relocations are packed, into a bit or two in place of 24 bytes
//! each. That is a tenth of the plugin's memory. Where the linker or the loader cannot do it, the program is the same without.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The modules and crates of which the check of a mailbox uses nothing, or next to nothing.
const APART: &[&str] = &[
    // `demo`
    "m365_probe::sim",
    "m365_probe::cli::demo",
    "async_native_tls",
    // `serve`
    "m365_probe::serve",
    "m365_probe::schedule",
    "m365_probe::store",
    "m365_probe::compressed",
    "m365_probe::render::page",
    "m365_probe::render::prometheus",
    "hyper::server",
    "prometheus",
    "bcrypt",
    "blowfish",
    "flate2",
    "miniz_oxide",
    "crc32fast",
    // Further commands, and the checks that look at the network or send mail.
    "m365_probe::cli::doctor",
    "m365_probe::cli::init",
    "m365_probe::cli::manual",
    "m365_probe::cli::reasons",
    "m365_probe::render::doctor",
    "m365_probe::render::checkmk",
    "m365_probe::check::dns",
    "m365_probe::check::reach",
    "m365_probe::check::round_trip",
    "m365_probe::outcome::json",
    "clap_complete",
    "hickory_proto",
    "data_encoding",
    "quick_xml",
    // `check --from`
    "m365_probe::remote",
    "reqwest",
    "hyper_util",
    "tower",
    "tower_http",
    "tokio_native_tls",
    "native_tls",
    "idna",
    // How a mistake in the configuration is shown.
    "annotate_snippets",
    // Three hundred kilobytes for lists of more than twenty; shorter ones are sorted where they are.
    "core::slice::sort",
];

fn main() {
    println!("cargo:rerun-if-changed=src");
    // Made for each build, so that a module that moves is missed in the next test and not in the next release.
    let linker_script = linker_script();
    let is_released = variable("PROFILE") == "release" && variable("TARGET") == variable("HOST");
    if !is_released || variable("CARGO_CFG_TARGET_OS") != "linux" || variable("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    let script = PathBuf::from(variable("OUT_DIR")).join("apart.ld");
    fs::write(&script, linker_script).expect("OUT_DIR takes files");
    for argument in [format!("-Wl,-T,{}", script.display()), "-Wl,-z,pack-relative-relocs".to_owned()] {
        if works(&argument) {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}

/// Returns a script for the linkers of GNU and of LLVM that adds to the one they have (`INSERT`).
fn linker_script() -> String {
    let sections = APART.iter().flat_map(|path| patterns(path)).map(|pattern| format!("    *(.text.*{pattern}*)\n"));
    format!("SECTIONS {{\n  .text.apart : {{\n{}  }}\n}} INSERT AFTER .text;\n", sections.collect::<String>())
}

/// Returns how the names of functions show the module or crate at `path`: as the module they are in, each part with its length before it;
/// and within the name of a type.
fn patterns(path: &str) -> [String; 2] {
    if let Some(module) = path.strip_prefix("m365_probe::") {
        let file = Path::new("src").join(module.replace("::", "/")).with_extension("rs");
        assert!(file.exists(), "build.rs: `{path}` in `APART`, but there is no {}", file.display());
    }
    let parts = path.split("::").map(|part| format!("{}{part}", part.len()));
    [parts.collect(), format!("{}..", path.replace("::", ".."))]
}

/// Reports whether a program can be linked with `argument` by the linker that cargo was told to use, and runs then.
fn works(argument: &str) -> bool {
    /// Has a relocation, or there would be none to pack.
    const PROGRAM: &[u8] = b"static int x; int *volatile p = &x; int main(void) { return p != &x; }";
    let program = PathBuf::from(variable("OUT_DIR")).join("trial");
    let mut linking = Command::new(env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned()));
    linking.args(["-x", "c", "-", "-pie", "-fPIE", argument, "-o"]).arg(&program).args(configured_arguments());
    let linked = linking.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().and_then(|mut linking| {
        linking.stdin.take().map_or(Ok(()), |mut input| input.write_all(PROGRAM))?;
        linking.wait()
    });
    let runs = || Command::new(&program).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    linked.is_ok_and(|status| status.success()) && runs()
}

/// Returns the linker's arguments in `RUSTFLAGS` or cargo's configuration, such as the one that chooses another linker.
fn configured_arguments() -> Vec<String> {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let options = flags.split('\u{1f}').map(|flag| flag.trim_start_matches("-C"));
    options.filter_map(|option| option.strip_prefix("link-arg=")).map(ToOwned::to_owned).collect()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
