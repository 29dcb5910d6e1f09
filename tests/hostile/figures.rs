//! The figures of an attack, and what is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use m365_probe::sim::TokenCounts;

use crate::scene::{CLIENTS_PART, COUNTED, INTERVAL, PROBES};

/// The most bytes that attacks may cost beyond those of the idle service.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

/// A number that tasks count up.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The attackers' own figures.
#[derive(Debug, Default)]
pub struct Tally {
    pub connections: Count,
    pub probes: Count,
    pub reloads: Count,
    pub refused: Count,
    /// Wrong answers to requests that are to be refused.
    pub mistakes: Mutex<Vec<String>>,
    /// Status and time of each answer about the health of the service.
    pub health: Mutex<Vec<(u16, Duration)>>,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

impl Tally {
    /// Counts an answer by its status; 0 is none.
    pub fn answer(&self, status: u16) {
        *self.statuses.lock().unwrap().entry(status).or_default() += 1;
    }
}

/// The runs of the probes that are counted.
#[derive(Debug)]
pub struct Runs(Vec<(String, u64)>);

impl Runs {
    pub fn new(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Self {
        let runs = after.iter().map(|(probe, runs)| (probe.clone(), runs - before.get(probe).copied().unwrap_or_default()));
        Self(runs.collect())
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|(_, runs)| runs).sum()
    }
}

/// Everything that is known after an attack.
#[derive(Debug)]
pub struct Figures {
    pub tally: Arc<Tally>,
    pub attacked_for: Duration,
    /// Bytes of the idle service.
    pub idle: u64,
    /// The most bytes during the attack.
    pub most: u64,
    pub runs: Runs,
    /// Tokens that the simulated tenant issued, and logins that it met.
    pub tokens: TokenCounts,
    /// Runs that began late or did not take place.
    pub late: u64,
    /// Logins and token requests that the ceilings refused.
    pub at_ceiling: u64,
}

impl Figures {
    /// Returns the number of runs of one probe in the time of the attack, at least.
    fn due(&self) -> u64 {
        (self.attacked_for.as_secs() / INTERVAL.as_secs()).saturating_sub(1).max(1)
    }

    /// Returns the most logins, and the most tokens, that there may be: of each the schedule's, of which some may not be recorded
    /// yet, and the part of clients.
    fn most_at_the_tenant(&self) -> TokenCounts {
        let scheduled = self.runs.sum() + PROBES as u64;
        TokenCounts { presented: scheduled + CLIENTS_PART * COUNTED.len() as u64, issued: scheduled + CLIENTS_PART }
    }

    fn health(&self) -> (usize, Vec<Duration>) {
        let health = self.tally.health.lock().unwrap();
        let mut times: Vec<_> = health.iter().filter(|(status, _)| *status == 200).map(|(_, time)| *time).collect();
        times.sort_unstable();
        (health.len(), times)
    }

    /// Returns what should not be so.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = self.tally.mistakes.lock().unwrap().clone();
        wrong.sort();
        wrong.dedup();
        let (asked, times) = self.health();
        if times.len() < asked {
            wrong.push(format!("{} of {asked} questions about the health were not answered 200", asked - times.len()));
        }
        let few = self.runs.0.iter().filter(|(_, runs)| *runs < self.due());
        wrong.extend(few.map(|(probe, runs)| format!("{probe} ran {runs} times, and {} were due", self.due())));
        if self.late > 0 {
            wrong.push(format!("{} runs were late", self.late));
        }
        let (most, met) = (self.most_at_the_tenant(), self.tokens);
        if met.presented > most.presented || met.issued > most.issued {
            wrong.push(format!("{met:?} at the tenant, of {most:?} that the ceilings allow"));
        }
        if self.at_ceiling == 0 {
            wrong.push("no ceiling was reached".to_owned());
        }
        let more = self.most.saturating_sub(self.idle);
        if more > MOST_MEMORY {
            wrong.push(format!("{} MiB of memory beyond idle", mebibytes(more)));
        }
        wrong
    }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / 1024 / 1024
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let (asked, times) = self.health();
        let at =
            |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        writeln!(f, "attacked for           {} s", self.attacked_for.as_secs())?;
        writeln!(f, "connections held       {} opened by silent and slow clients", tally.connections.get())?;
        writeln!(f, "requests refused       {}", tally.refused.get())?;
        writeln!(f, "reloads, probes asked  {}, {}", tally.reloads.get(), tally.probes.get())?;
        writeln!(f, "answers by status      {:?} (0: none)", tally.statuses.lock().unwrap())?;
        let (met, most) = (self.tokens, self.most_at_the_tenant());
        writeln!(f, "logins at the tenant   {} of {} allowed", met.presented, most.presented)?;
        writeln!(f, "tokens issued          {} of {} allowed", met.issued, most.issued)?;
        writeln!(f, "refused by ceilings    {}", self.at_ceiling)?;
        writeln!(
            f,
            "scheduled runs         {}, of which late {}; each of {} probes was due {} times at least",
            self.runs.sum(),
            self.late,
            self.runs.0.len(),
            self.due()
        )?;
        writeln!(f, "memory                 {} MiB idle, {} MiB at most", mebibytes(self.idle), mebibytes(self.most))?;
        write!(
            f,
            "health                 {} of {asked} answered; half in {:?}, 99 of 100 in {:?}, all in {:?}",
            times.len(),
            at(50),
            at(99),
            at(100)
        )
    }
}
