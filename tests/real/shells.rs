//! The completions, asked for by the shells that they are made for.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::needs::{self, Part};
use crate::scratch::Scratch;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");
const BASH: Part = Part { name: "bash", files: &["/usr/bin/bash"], as_root: false };
const ZSH: Part = Part { name: "zsh", files: &["/usr/bin/zsh"], as_root: false };
const FISH: Part = Part { name: "fish", files: &["/usr/bin/fish"], as_root: false };

/// Lines as they are typed, and the word that the tab key makes of the last one: commands, options, values of options and arguments.
const TYPED: &[(&str, &str)] = &[
    ("m365-probe doc", "doctor"),
    ("m365-probe config exa", "example"),
    ("m365-probe config check --w", "--web"),
    ("m365-probe check pop", "pop3"),
    ("m365-probe check pop3 --warn", "--warning"),
    ("m365-probe doctor --lang d", "de"),
    ("m365-probe completions bash check", "check_m365"),
    ("check_m365 pop", "pop3"),
    ("check_m365 pop3 --warn", "--warning"),
    ("check_m365 all --output checkm", "checkmk"),
    ("check_m365 all --from-ca", "--from-ca-file"),
];

/// Writes the completions of both names to `directory`, in files called `prefix` and the name, and returns the names.
fn write_completions(directory: &Path, shell: &str, prefix: &str) -> [&'static str; 2] {
    let names = ["m365-probe", "check_m365"];
    for name in names {
        let output = Command::new(PROGRAM).args(["completions", shell, name]).output().expect("run the program");
        assert!(output.status.success());
        fs::write(directory.join(format!("{prefix}{name}")), output.stdout).expect("written");
    }
    names
}

/// Runs a shell's script with further arguments and returns what it prints.
#[track_caller]
fn printed(shell: &str, options: &[&str], script: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(shell);
    command.args(options).args(["-c", script]).args(arguments).env("TERM", "dumb").env("HOME", "/nonexistent");
    let output = command.output().expect("run the shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// As readline does it: the function that `complete -p` names, with the words of the line.
const ASK_BASH: &str = r#"
source "$1/m365-probe"; source "$1/check_m365"
read -ra COMP_WORDS <<<"$2"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
registered=$(complete -p "${COMP_WORDS[0]}")
[[ $registered =~ -F\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash_completes_commands_options_and_values() {
    if !needs::all_there(&[BASH]) {
        return;
    }
    let scratch = Scratch::new();
    let directory = scratch.dir("bash");
    write_completions(&directory, "bash", "");
    for (line, word) in TYPED {
        let found = printed("bash", &["--norc", "--noprofile"], ASK_BASH, &["bash", &directory.display().to_string(), line]);
        assert_eq!(found.lines().collect::<Vec<_>>(), [*word], "{line}");
    }
}

#[test]
fn fish_completes_commands_options_and_values() {
    if !needs::all_there(&[FISH]) {
        return;
    }
    let scratch = Scratch::new();
    let directory = scratch.dir("fish");
    write_completions(&directory, "fish", "");
    let ask = "source $argv[1]/m365-probe; source $argv[1]/check_m365; complete -C $argv[2]";
    for (line, word) in TYPED {
        let found = printed("fish", &["--no-config"], ask, &[&directory.display().to_string(), line]);
        let words: Vec<&str> = found.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words, [*word], "{line}");
    }
}

/// An interactive zsh on a terminal of its own: the line is typed, then the tab key, then a key that notes the line as it stands.
const ASK_ZSH: &str = r#"
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell "note() { print -r -- \"\$BUFFER\" >$1/line; exit }; zle -N note; bindkey '^X' note; bindkey '^I' expand-or-complete"
zpty -w -n shell "$2"$'\t\x18'
while zpty -r shell ignored; do :; done
"#;

#[test]
fn zsh_completes_commands_options_and_values() {
    if !needs::all_there(&[ZSH]) {
        return;
    }
    let scratch = Scratch::new();
    let directory = scratch.dir("zsh");
    write_completions(&directory, "zsh", "_");
    for (line, word) in TYPED {
        printed("zsh", &["-f"], ASK_ZSH, &["zsh", &directory.display().to_string(), line]);
        let completed = fs::read_to_string(directory.join("line")).expect("the line");
        // zsh puts `=` behind an option that takes a value.
        let last = completed.split_whitespace().last().map(|last| last.trim_end_matches('='));
        assert_eq!(last, Some(*word), "{line}: {completed}");
        fs::remove_file(directory.join("line")).expect("removed");
    }
}
