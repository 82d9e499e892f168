//! Streams of events in files, one JSON object a line: to record what a live source said, and to play it again in tests.

use super::{Event, Source};
use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

/// Plays events that were recorded. What it is asked to read again, it notes and does not deliver: recordings contain the answers.
#[derive(Debug, Default)]
pub struct Recorded {
    events: VecDeque<Event>,
    /// Accounts that were asked for, in order.
    pub asked: Vec<Pubkey>,
    /// How often a snapshot was asked for.
    pub resyncs: usize,
}

impl Recorded {
    /// Plays these events.
    pub fn new(events: impl IntoIterator<Item = Event>) -> Self {
        Self { events: events.into_iter().collect(), ..Self::default() }
    }

    /// Reads a recording. Errors name the line that is not an event.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot open the recording {name}"))?;
        let mut events = VecDeque::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let place = || format!("{name}, line {}: not an event of a recording", number + 1);
            events.push_back(serde_json::from_str(&line.with_context(place)?).with_context(place)?);
        }
        Ok(Self { events, ..Self::default() })
    }
}

impl Source for Recorded {
    async fn next(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn read_again(&mut self, accounts: Vec<Pubkey>) {
        self.asked.extend(accounts);
    }

    fn resync(&mut self) {
        self.resyncs += 1;
    }
}

/// Passes a source on and writes down what it says.
pub struct Recorder<S> {
    source: S,
    file: BufWriter<File>,
}

impl<S: Source> Recorder<S> {
    /// Records into a new file.
    pub fn create(source: S, path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { source, file: BufWriter::new(file) })
    }
}

impl<S: Source> Source for Recorder<S> {
    async fn next(&mut self) -> Option<Event> {
        let event = self.source.next().await?;
        let written = serde_json::to_writer(&mut self.file, &event)
            .map_err(std::io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .and_then(|()| self.file.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "an event could not be recorded");
        }
        Some(event)
    }

    fn read_again(&mut self, accounts: Vec<Pubkey>) {
        self.source.read_again(accounts);
    }

    fn resync(&mut self) {
        self.source.resync();
    }
}
