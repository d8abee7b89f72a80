//! The files of `packaging/` agree with the program and with each other. `tests/packaging` builds and
//! tries what they make.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use latchkey::config::Config;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What follows `start` in each line that begins with it.
fn after<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim().strip_prefix(start)).collect()
}

#[test]
fn compose_names_the_image_of_this_version() {
    let compose = read("packaging/compose.yaml");
    let image = format!("localhost/latchkey:{}", env!("CARGO_PKG_VERSION"));
    assert!(after(&compose, "image: ").contains(&image.as_str()), "{image}");
}

/// The configuration of the image that `packaging/oci` makes of a root file system.
fn image_config() -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("root/data")).expect("a folder");
    let images = ["one.tar", "two.tar"].map(|image| {
        let mut command = Command::new("python3");
        command.arg(root().join("packaging/oci")).arg(path("root")).arg("1.2.3");
        command.arg(path("layer.tar.gz")).arg(path(image)).env("SOURCE_DATE_EPOCH", "1000000000");
        assert!(command.status().expect("python3").success());
        fs::read(path(image)).expect("an image")
    });
    assert_eq!(images[0], images[1], "the same files give the same bytes");
    let mut unpack = Command::new("tar");
    unpack.arg("-xf").arg(path("one.tar")).arg("-C").arg(folder.path());
    assert!(unpack.status().expect("tar").success());
    let json = |name: String| -> Value {
        serde_json::from_slice(&fs::read(path(&name)).expect("a file")).expect("JSON")
    };
    let blob = |described: &Value| {
        json(format!("blobs/{}", described["digest"].as_str().expect("a digest").replace(':', "/")))
    };
    let manifest = blob(&json("index.json".into())["manifests"][0]);
    blob(&manifest["config"])["config"].clone()
}

/// The same configuration as the Containerfile states it.
fn containerfile() -> Value {
    let containerfile = read("packaging/Containerfile");
    let one = |start: &str| {
        let [value] = after(&containerfile, start)[..] else { panic!("{start}") };
        value
    };
    let list = |text: &str| -> Vec<String> { serde_json::from_str(text).expect("a list") };
    let (times, command) = one("HEALTHCHECK ").split_once(" CMD ").expect("a command");
    let seconds = |name: &str| {
        let time = times.split(' ').find_map(|time| time.strip_prefix(name)?.strip_suffix('s'));
        time.expect(name).parse::<u64>().expect("a number") * 1_000_000_000
    };
    let test = [vec!["CMD".to_owned()], list(command)].concat();
    json!({
        "User": one("USER "),
        "Env": one("ENV ").split(' ').collect::<Vec<_>>(),
        "Entrypoint": list(one("ENTRYPOINT ")),
        "ExposedPorts": { format!("{}/tcp", one("EXPOSE ")): {} },
        "Volumes": { one("VOLUME "): {} },
        "StopSignal": one("STOPSIGNAL "),
        "Healthcheck": {
            "Test": test,
            "Interval": seconds("--interval="),
            "Timeout": seconds("--timeout="),
            "StartPeriod": seconds("--start-period="),
        },
    })
}

#[test]
fn the_image_is_what_the_containerfile_describes() {
    let mut image = image_config();
    let labels = image.as_object_mut().and_then(|image| image.remove("Labels")).expect("labels");
    assert_eq!(labels["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image, containerfile());
    assert_eq!(image["User"], "65532:65532");
}

#[test]
fn every_file_of_the_debian_package_exists() {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("[package.metadata.deb]").expect("a section");
    let section = section.split("\n[").next().expect("a section");
    let sources =
        after(section, "[\"").into_iter().map(|line| line.split('"').next().expect("a path"));
    let sources: Vec<_> = sources.filter(|source| !source.starts_with("target/")).collect();
    assert!(sources.contains(&"packaging/latchkey.env"), "{sources:?}");
    let units = after(section, "{ unit-name = \"");
    let units: Vec<_> = units.iter().map(|line| line.split('"').next().expect("a name")).collect();
    assert_eq!(units, ["latchkey", "latchkey-backup"]);
    let units = units.iter().map(|unit| format!("packaging/{unit}.service"));
    for file in sources.into_iter().map(str::to_owned).chain(units) {
        assert!(root().join(&file).is_file(), "{file} does not exist");
    }
    assert!(!section.contains("enable = true") && !section.contains("start = true"), "{section}");
}

/// The names in a text that look like variables of the program.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    words.filter(|word| word.starts_with("LATCHKEY_")).collect()
}

#[test]
fn every_variable_in_packaging_is_a_setting() {
    let settings = Config::of_options(&[]).expect("a configuration").settings;
    let known = settings.iter().map(|setting| {
        let option = setting.option.trim_start_matches('-');
        format!("LATCHKEY_{}", option.to_uppercase().replace('-', "_"))
    });
    let known: BTreeSet<String> = known.collect();
    let mut found = 0;
    for entry in fs::read_dir(root().join("packaging")).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let text = read(&format!("packaging/{name}"));
        for variable in variables(&text) {
            assert!(known.contains(variable), "{name}: {variable}");
            found += 1;
        }
    }
    for page in ["docs/install.md", "docs/operations.md", "docs/metrics.md", "README.md"] {
        let text = read(page);
        let unknown = |name: &&str| !known.contains(*name) && *name != "LATCHKEY_TEST_POSTGRES";
        assert_eq!(variables(&text).into_iter().find(unknown), None, "{page}");
    }
    assert!(found > 10, "{found}");
}

/// What every unit that runs the program has, so that neither is less protected than the other.
const DIRECTIVES: [&str; 32] = [
    "EnvironmentFile=-/etc/latchkey/latchkey.env",
    "Environment=LATCHKEY_DATA_DIR=/var/lib/latchkey",
    "DynamicUser=yes",
    "User=latchkey",
    "StateDirectory=latchkey",
    "StateDirectoryMode=0700",
    "UMask=0077",
    "CapabilityBoundingSet=",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "NoNewPrivileges=yes",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "PrivateUsers=yes",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHome=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "ProtectSystem=strict",
    "RemoveIPC=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
];

#[test]
fn both_units_protect_the_machine_and_share_the_data_directory() {
    let service = read("packaging/latchkey.service");
    let backup = read("packaging/latchkey-backup.service");
    for (name, unit) in [("latchkey", &service), ("latchkey-backup", &backup)] {
        for directive in DIRECTIVES {
            assert!(unit.lines().any(|line| line == directive), "{name}: {directive}");
        }
    }
    for line in ["Type=notify", "WatchdogSec=30", "Restart=on-failure"] {
        assert!(service.lines().any(|other| other == line), "{line}");
    }
    assert!(!service.contains("\nLoadCredential"), "a missing file would fail the unit");
    assert!(!backup.contains("[Install]"), "only the timer starts it");
    let timer = read("packaging/latchkey-backup.timer");
    assert!(timer.contains("Persistent=true") && timer.contains("WantedBy=timers.target"));
}
