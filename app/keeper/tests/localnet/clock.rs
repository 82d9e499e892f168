//! The machine's clock is years off: the keeper does not mind, because it lives by the cluster's.

use crate::{
    keeper::{configure, Folder, Keeper},
    world::{alone, key, wait_until, World},
};
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What the C library says of the time of day, three years early. Clocks that only measure durations go right.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static const long OFF = 3L * 365 * 86400;
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, at);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec -= OFF;
    return result;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"#;

/// A library that makes whoever loads it live in the past.
fn past(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("past.c"), folder.join("past.so"));
    std::fs::write(&source, SHIM).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    assert!(built.expect("a C compiler, as the README asks for").success());
    library
}

/// Seconds since the epoch, as a process with this environment reads them.
fn seconds(preloaded: Option<&Path>) -> i64 {
    let mut date = Command::new("date");
    date.arg("+%s").envs(preloaded.map(|library| ("LD_PRELOAD", library)));
    String::from_utf8(date.output().unwrap().stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn a_keeper_whose_clock_is_years_late_earns_like_any_other() {
    let _alone = alone();
    let world = World::start(&[15_000]);
    let (wallet, stables) = (key("late keeper"), 1_000_000);
    world.equip(&wallet, stables);
    let folder = Folder::new("clock");
    let library = past(&folder.0);
    let behind = seconds(None) - seconds(Some(&library));
    assert!(behind > 2 * 365 * 86_400, "only {behind} s behind: the clock was not set back");

    let config = configure(&world, &folder, &wallet, world.net.ports());
    let keeper = Keeper::start_with(config, &[("LD_PRELOAD", &library)]);
    keeper.wait_until("well", Duration::from_secs(60), Keeper::is_well);
    wait_until("a tranche", || {
        world.publish(890_000);
        !world.tranches(&wallet.pubkey()).0.is_empty()
    });
    assert!(keeper.stop(Duration::from_secs(20)), "the keeper did not stop when asked");
    world.check_tranches(&wallet.pubkey(), stables);
}
