//! A table of entries that keep their number for as long as they are needed.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::{Index, IndexMut};

/// Entries by key and by number. The number of an entry that was removed is given again.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    numbers: HashMap<K, usize>,
    entries: Vec<V>,
    free: Vec<usize>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), entries: Vec::new(), free: Vec::new() }
    }
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// Returns the number of the entry with `key`, a `new` one if there is none yet.
    pub fn number(&mut self, key: K, new: impl FnOnce() -> V) -> usize {
        let Self { numbers, entries, free } = self;
        *numbers.entry(key).or_insert_with(|| {
            if let Some(number) = free.pop() {
                entries[number] = new();
                return number;
            }
            entries.push(new());
            entries.len() - 1
        })
    }

    /// Removes the entries for which `keep` is false, each given with its number.
    pub fn retain(&mut self, keep: impl Fn(usize, &V) -> bool) {
        let Self { numbers, entries, free } = self;
        numbers.retain(|_, number| {
            let keeps = keep(*number, &entries[*number]);
            if !keeps {
                free.push(*number);
            }
            keeps
        });
    }

    /// Returns the numbers of all entries, in no order.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.numbers.values().copied()
    }
}

impl<K, V> Index<usize> for Table<K, V> {
    type Output = V;

    fn index(&self, number: usize) -> &V {
        &self.entries[number]
    }
}

impl<K, V> IndexMut<usize> for Table<K, V> {
    fn index_mut(&mut self, number: usize) -> &mut V {
        &mut self.entries[number]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_keeps_its_number_and_that_of_a_removed_one_is_given_again() {
        let mut table = Table::default();
        let numbers = ["a", "b", "c"].map(|key| table.number(key, || key.to_owned()));
        assert_eq!(numbers, [0, 1, 2]);
        table.retain(|_, entry| entry != "b");
        assert_eq!(["c", "d", "a", "e"].map(|key| table.number(key, || format!("new {key}"))), [2, 1, 0, 3]);
        assert_eq!([0, 1, 2, 3].map(|number| table[number].as_str()), ["a", "new d", "c", "new e"]);
        let mut left: Vec<_> = table.numbers().collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3]);
    }
}
