//! The fuzz targets, each over its seeds: replies, files and requests of other tests, and what fuzzing has found.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/targets.rs"]
#[allow(dead_code)]
mod targets;

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds");

/// Returns the seeds of a target: a file for each.
fn seeds(target: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(Path::new(SEEDS).join(target)).into_iter().flatten();
    files.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_seed_passes_its_fuzz_target() {
    for (name, target) in targets::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "`{name}` has no seeds");
        for seed in seeds {
            target(&fs::read(seed).unwrap());
        }
    }
}

#[test]
fn every_directory_of_seeds_and_every_binary_is_that_of_a_target() {
    let names: Vec<_> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    let mut directories: Vec<_> =
        fs::read_dir(SEEDS).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    directories.sort();
    assert_eq!(directories, names);
    let manifest = fs::read_to_string(Path::new(SEEDS).join("../Cargo.toml")).unwrap();
    let binaries: Vec<_> = manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(binaries, names);
}
