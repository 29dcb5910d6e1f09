//! Packaging: unit, Debian package, container, manifests; each read by the tool it is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::needs::{self, Part};
use crate::scratch::Scratch;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");
const SYSTEMD: Part = Part { name: "systemd-analyze", files: &["/usr/bin/systemd-analyze"], as_root: false };
const DEBIAN: Part = Part {
    name: "dpkg-dev and lintian",
    files: &["/usr/bin/dpkg-shlibdeps", "/usr/bin/lintian", "/usr/bin/strip"],
    as_root: true,
};
const RPM: Part =
    Part { name: "rpm and rpmlint", files: &["/usr/bin/rpmbuild", "/usr/bin/rpmlint", "/usr/bin/strip"], as_root: true };
const ANSIBLE: Part = Part {
    name: "ansible-core and ansible-lint (pip)",
    files: &["packaging/bin/ansible-playbook", "packaging/bin/ansible-lint"],
    as_root: false,
};
const PYTHON: Part = Part {
    name: "kubernetes-validate and dockerfile-parse (pip)",
    files: &["packaging/bin/kubernetes-validate", "packaging/bin/python"],
    as_root: false,
};

/// Python programs that print, as JSON, the documents of YAML files, and the steps of a container's file.
const READ_MANIFESTS: &str =
    "import json, sys, yaml\nprint(json.dumps([one for name in sys.argv[1:] for one in yaml.safe_load_all(open(name))]))";
const READ_CONTAINERFILE: &str = "import json, sys, dockerfile_parse\nparser = dockerfile_parse.DockerfileParser(fileobj=open(sys.argv[1], 'rb'))\n\
    print(json.dumps([[one['instruction'], one['value']] for one in parser.structure]))";

fn integrations(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations").join(name)
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

#[track_caller]
fn run(program: impl AsRef<Path>, arguments: &[&str]) -> String {
    let program = program.as_ref();
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{} {arguments:?}: {}", program.display(), printed(&output));
    printed(&output)
}

/// Asserts that the checksums beside `package` are those of it and of its bill of materials.
#[track_caller]
fn assert_checksums(package: &Path) {
    let (directory, sums) = (package.parent().expect("a directory"), package.with_extension("sha256"));
    let checked = Command::new("sha256sum").args(["--check", "--strict"]).arg(sums).current_dir(directory).output();
    let checked = printed(&checked.expect("sha256sum"));
    assert_eq!(checked.matches(": OK").count(), 2, "{checked}");
}

#[test]
fn systemd_unit_verifies_and_has_little_exposure() {
    if !needs::all_there(&[SYSTEMD]) {
        return;
    }
    let scratch = Scratch::new();
    let unit = fs::read_to_string(integrations("service/m365-probe.service")).expect("the unit");
    assert!(unit.contains("/usr/bin/m365-probe "));
    let credential = format!("LoadCredential=contoso:{}", scratch.secret("contoso.secret", "x").display());
    let unit = unit
        .replace("/usr/bin/m365-probe", PROGRAM)
        .replace("#LoadCredential=contoso:/etc/m365-probe/contoso.secret", &credential);
    assert!(unit.contains(&credential));
    let file = scratch.file("m365-probe.service", unit);
    let verified = run("systemd-analyze", &["verify", "--man=no", &file.display().to_string()]);
    assert_eq!(verified.trim(), "", "nothing to complain of");
    // 2.0 is where systemd's own judgement of what is closed well ends.
    run("systemd-analyze", &["security", "--offline=true", "--threshold=20", &file.display().to_string()]);
}

#[test]
fn debian_package_installs_upgrades_and_purges() {
    if !needs::all_there(&[DEBIAN]) {
        return;
    }
    let scratch = Scratch::new();
    let output = scratch.dir("debian").display().to_string();
    let package = run(integrations("deb/build"), &["--program", PROGRAM, "--output", &output]);
    let package = package.trim();
    run("lintian", &["--fail-on", "error,warning", "--allow-root", "--no-cfg", package]);
    let depends = run("dpkg-deb", &["--field", package, "Depends"]);
    assert!(depends.contains("libssl") && depends.contains("libc6") && depends.contains("ca-certificates"), "{depends}");

    // Beside it, what went into it, and the checksums of both.
    assert_checksums(Path::new(package));
    let bill: Value =
        serde_json::from_slice(&fs::read(Path::new(package).with_extension("cdx.json")).expect("the bill of materials"))
            .expect("JSON");
    assert_eq!(bill["metadata"]["component"]["purl"], concat!("pkg:cargo/m365-probe@", env!("CARGO_PKG_VERSION")));
    let crates = bill["components"].as_array().expect("crates");
    let is_there = |name: &str| crates.iter().any(|one| one["name"] == name && one["hashes"][0]["content"].is_string());
    assert!(is_there("tokio") && is_there("openssl") && is_there("oauth2"), "{bill}");
    assert!(!is_there("criterion") && !is_there("proptest"), "no crate of tests");

    // A root of its own, without the packages that ours depends on, and without a shell to run its scripts in.
    let root = scratch.dir("root");
    for directory in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"] {
        fs::create_dir_all(root.join(directory)).expect("a directory");
    }
    scratch.file("root/var/lib/dpkg/status", "");
    let dpkg = |arguments: &[&str]| {
        let root = format!("--root={}", root.display());
        let mut all = vec![root.as_str(), "--force-depends", "--force-script-chrootless"];
        all.extend(arguments);
        run("dpkg", &all)
    };
    dpkg(&["--install", package]);
    let there = |path: &str| root.join(path).symlink_metadata().is_ok();
    let version =
        run(root.join("usr/lib/nagios/plugins").join("check_m365").canonicalize().expect("the link leads to it"), &["--version"]);
    assert!(version.starts_with("m365-probe "), "{version}");
    for path in [
        "lib/systemd/system/m365-probe.service",
        "usr/share/bash-completion/completions/m365-probe",
        "usr/share/bash-completion/completions/check_m365",
        "usr/share/fish/vendor_completions.d/check_m365.fish",
        "usr/share/zsh/vendor-completions/_check_m365",
        "usr/share/m365-probe/dashboards/provisioning/dashboards/m365-probe.yml",
        "usr/share/man/man1/m365-probe.1.gz",
        "usr/share/doc/m365-probe/examples/icinga2/m365.conf",
    ] {
        assert!(there(path), "{path}");
    }
    let configuration = root.join("etc/m365-probe/m365-probe.yml");
    let credentials = scratch.dir("credentials");
    scratch.secret("credentials/contoso", "x");
    let mut check = Command::new(root.join("usr/bin/m365-probe"));
    let checked = check.args(["config", "check"]).arg(&configuration).env("CREDENTIALS_DIRECTORY", &credentials).output();
    let checked = checked.expect("run it");
    assert!(checked.status.success(), "{}", printed(&checked));

    let ours = "# the administrator's own\n";
    fs::write(&configuration, ours).expect("written");
    let secret = root.join("etc/m365-probe/contoso.secret");
    fs::write(&secret, "x").expect("written");
    dpkg(&["--install", package]);
    assert_eq!(fs::read_to_string(&configuration).expect("it stays"), ours, "an upgrade leaves the configuration alone");
    dpkg(&["--remove", "m365-probe"]);
    assert!(!there("usr/bin/m365-probe") && there("etc/m365-probe/m365-probe.yml"), "what is configured outlives a removal");
    dpkg(&["--purge", "m365-probe"]);
    assert!(!there("etc/m365-probe/m365-probe.yml") && secret.exists(), "a secret is not the package's to delete");
}

#[test]
fn rpm_installs_upgrades_and_is_removed() {
    if !needs::all_there(&[RPM]) {
        return;
    }
    let scratch = Scratch::new();
    let output = scratch.dir("rpm").display().to_string();
    let package = run(integrations("rpm/build"), &["--program", PROGRAM, "--output", &output]);
    let package = package.trim();
    let complaints = printed(&Command::new("rpmlint").arg(package).output().expect("rpmlint"));
    let errors: Vec<_> = complaints.lines().filter(|line| line.contains(": E: ")).collect();
    assert!(matches!(errors[..], [one] if one.ends_with("no-signature")), "whoever publishes it signs it: {complaints}");
    let requires = run("rpm", &["-qp", "--requires", package]);
    assert!(requires.contains("libssl.so.3") && requires.contains("ca-certificates"), "{requires}");
    assert_checksums(Path::new(package));

    // A root of its own, without the packages that ours depends on, and without a shell to run its scripts in.
    let root = scratch.dir("root");
    let rpm = |arguments: &[&str]| {
        let root = root.display().to_string();
        let mut all = vec!["--root", root.as_str(), "--nodeps", "--noscripts"];
        all.extend(arguments);
        run("rpm", &all)
    };
    rpm(&["--install", package]);
    let there = |path: &str| root.join(path).symlink_metadata().is_ok();
    let version = run(root.join("usr/bin/m365-probe"), &["--version"]);
    assert!(version.starts_with("m365-probe "), "{version}");
    for path in [
        "usr/lib64/nagios/plugins/check_m365",
        "usr/lib/systemd/system/m365-probe.service",
        "usr/share/bash-completion/completions/check_m365",
        "usr/share/zsh/site-functions/_m365-probe",
        "usr/share/man/man1/check_m365.1.gz",
        "usr/share/m365-probe/dashboards/provisioning/dashboards/m365-probe.yml",
        "usr/share/doc/m365-probe/examples/icinga2/m365.conf",
    ] {
        assert!(there(path), "{path}");
    }
    let configuration = root.join("etc/m365-probe/m365-probe.yml");
    let ours = "# the administrator's own\n";
    fs::write(&configuration, ours).expect("written");
    rpm(&["--upgrade", "--replacepkgs", package]);
    assert_eq!(fs::read_to_string(&configuration).expect("it stays"), ours, "an upgrade leaves the configuration alone");
    rpm(&["--erase", "m365-probe"]);
    assert!(
        !there("usr/bin/m365-probe") && there("etc/m365-probe/m365-probe.yml.rpmsave"),
        "what is configured outlives a removal"
    );
}

#[test]
fn ansible_playbook_is_accepted_by_ansible_and_its_linter() {
    if !needs::all_there(&[ANSIBLE]) {
        return;
    }
    let scratch = Scratch::new();
    let (programs, playbook) = (needs::cache().join("packaging/bin"), integrations("ansible/playbook.yml"));
    let ansible = |program: &str, arguments: &[&str]| {
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(programs.join(program));
        command
            .args(arguments)
            .arg(&playbook)
            .env("PATH", path)
            .env("HOME", scratch.dir("home"))
            .current_dir(scratch.dir("work"));
        let output = command.output().expect("run it");
        assert!(output.status.success(), "{program}: {}", printed(&output));
    };
    ansible("ansible-playbook", &["--syntax-check"]);
    ansible("ansible-lint", &["--offline", "--profile", "production"]);
}

#[test]
fn kubernetes_manifests_and_their_configuration_are_accepted() {
    if !needs::all_there(&[PYTHON]) {
        return;
    }
    let python = needs::cache().join("packaging/bin");
    let manifest = |name: &str| integrations("kubernetes").join(name).display().to_string();
    let checked =
        run(python.join("kubernetes-validate"), &["--strict", &manifest("m365-probe.yaml"), &manifest("secret-example.yaml")]);
    assert_eq!(checked.matches(" passed for resource ").count(), 7, "{checked}");
    let names = ["m365-probe.yaml", "secret-example.yaml", "servicemonitor.yaml"].map(manifest);
    let objects = run(python.join("python"), &["-c", READ_MANIFESTS, &names[0], &names[1], &names[2]]);
    let objects: Vec<Value> = serde_json::from_str(&objects).expect("JSON");
    let find = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    let secret = |name: &Value| {
        let is_it = |object: &&Value| object["kind"] == "Secret" && object["metadata"]["name"] == *name;
        &objects.iter().find(is_it).unwrap_or_else(|| panic!("no secret {name}"))["stringData"]
    };

    // The parts find each other by these.
    let (deployment, service, monitor) = (find("Deployment"), find("Service"), find("ServiceMonitor"));
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&service["spec"]["selector"], labels);
    assert_eq!(&monitor["spec"]["selector"]["matchLabels"], &service["metadata"]["labels"]);
    assert_eq!(monitor["spec"]["endpoints"][0]["port"], service["spec"]["ports"][0]["name"]);
    let pod = &deployment["spec"]["template"]["spec"];
    let volumes = &pod["volumes"];
    assert_eq!(volumes[0]["configMap"]["name"], find("ConfigMap")["metadata"]["name"]);
    let policy = &find("NetworkPolicy")["spec"];
    assert_eq!(&policy["podSelector"]["matchLabels"], labels);
    assert_eq!(policy["ingress"][0]["ports"][0]["port"], pod["containers"][0]["ports"][0]["name"]);
    for (key, given) in monitor["spec"]["endpoints"][0]["basicAuth"].as_object().expect("a login") {
        assert_eq!(given["key"], *key);
        assert!(secret(&given["name"])[key].is_string(), "{given}");
    }

    let scratch = Scratch::new();
    let secrets = scratch.dir("secrets");
    for (name, secret) in secret(&volumes[1]["secret"]["secretName"]).as_object().expect("secrets") {
        scratch.secret(&format!("secrets/{name}"), secret.as_str().expect("text"));
    }
    let configuration = find("ConfigMap")["data"]["m365-probe.yml"].as_str().expect("the configuration");
    let mounted = pod["containers"][0]["volumeMounts"][1]["mountPath"].as_str().expect("a path");
    assert!(configuration.contains(mounted), "{mounted}");
    let configuration = configuration.replace(mounted, &secrets.display().to_string());
    let file = scratch.file("m365-probe.yml", configuration);
    run(PROGRAM, &["config", "check", &file.display().to_string()]);

    // Nobody gets in without a login: the arguments name a web configuration with users.
    let web = secret(&volumes[2]["secret"]["secretName"])["web.yml"].as_str().expect("the web configuration");
    assert!(web.contains("basic_auth_users:"), "{web}");
    run(PROGRAM, &["config", "check", "--web", &scratch.file("web.yml", web).display().to_string()]);
    let mounted = pod["containers"][0]["volumeMounts"][2]["mountPath"].as_str().expect("a path");
    let arguments = pod["containers"][0]["args"].as_array().expect("arguments");
    assert!(arguments.contains(&format!("--web.config.file={mounted}/web.yml").into()), "{arguments:?}");
    let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    let output = Command::new(PROGRAM).args(&arguments).env_clear().output().expect("run");
    assert!(printed(&output).contains("/etc/m365-probe/m365-probe.yml: cannot be read"), "{}", printed(&output));
}

#[test]
fn containerfile_names_existing_files_and_a_valid_command() {
    if !needs::all_there(&[PYTHON]) {
        return;
    }
    let python = needs::cache().join("packaging/bin/python");
    let file = integrations("container/Containerfile");
    let steps: Vec<(String, String)> =
        serde_json::from_str(&run(python, &["-c", READ_CONTAINERFILE, &file.display().to_string()])).expect("steps");
    let values = |name: &str| steps.iter().filter(|(step, _)| step == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    assert_eq!(values("FROM").len(), 2, "{steps:#?}");
    // What is copied from here is there, and what the build takes is copied.
    for value in values("COPY").into_iter().filter(|value| !value.starts_with("--from")) {
        let mut words: Vec<&str> = value.split_whitespace().collect();
        words.pop();
        assert!(words.iter().all(|word| Path::new(env!("CARGO_MANIFEST_DIR")).join(word).exists()), "{value}");
    }
    // Each image is an argument and given by its digest, so that a build can be repeated, and take another.
    for (from, name) in values("FROM").into_iter().zip(["BUILD_IMAGE", "RUN_IMAGE"]) {
        let argument = values("ARG").into_iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='));
        assert!(from.starts_with(&format!("${{{name}}}")), "{from}");
        let digest = argument.and_then(|image| image.split_once("@sha256:")).map(|(_, digest)| digest);
        assert!(digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())), "{from}");
    }
    let version = format!("rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(values("ARG")[0].contains(&version), "{version} is what Cargo.toml asks for");
    assert!(values("USER")[0].starts_with("65532"), "not root");
    let command: Vec<String> = serde_json::from_str(values("CMD")[0]).expect("a list");
    let entry: Vec<String> = serde_json::from_str(values("ENTRYPOINT")[0]).expect("a list");
    assert_eq!(entry, ["/usr/bin/m365-probe"]);
    // The command is one that we take: all that is wrong with it here is that there is no such configuration.
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let output = Command::new(PROGRAM).args(&arguments).env_clear().output().expect("run");
    assert!(printed(&output).contains("/etc/m365-probe/m365-probe.yml: cannot be read"), "{}", printed(&output));
    // Its second stage installs the libraries that the program is linked with.
    let linked = run("ldd", &[PROGRAM]);
    assert!(linked.contains("libssl.so.3") && values("RUN").iter().any(|run| run.contains("libssl3")), "{linked}");
}
