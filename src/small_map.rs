//! A map of a few entries that takes no more memory than they do.

use std::slice;

/// A map that keeps its entries in the order of their keys, in one block of just their size.
///
/// A `BTreeMap` begins with room for eleven entries: 460 bytes where a probe has shown one certificate, three times over for each
/// of thirty thousand probes. Here a search passes over the entries, so it is for a few of them only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallMap<K, V>(Vec<(K, V)>);

/// The entries of a map by reference, in the order of their keys.
pub type Iter<'a, K, V> = std::iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

impl<K: Ord, V> SmallMap<K, V> {
    /// Creates a map without entries, which takes no memory.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reports whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().and_then(|place| self.0.get(place)).map(|(_, value)| value)
    }

    /// Returns the value of `key`, which `new` makes if there is none yet.
    pub fn get_or_insert_with(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        let place = match self.place(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (key, new()));
                place
            }
        };
        &mut self.0[place].1
    }

    /// Sets the value of `key`.
    pub fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(place) => self.0[place].1 = value,
            Err(_) => _ = self.get_or_insert_with(key, || value),
        }
    }

    /// Removes `key`, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    /// Returns the entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Returns the keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Returns the values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns the values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Returns where `key` stands, else where it would.
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Extend<(K, V)> for SmallMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.insert(key, value));
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SmallMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> IntoIterator for SmallMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a SmallMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn small_map_changed_in_any_way_holds_what_a_btree_map_does(changes in prop::collection::vec((0_u8..3, 0_u8..9, any::<u8>()), 0..60)) {
            let (mut small, mut tree) = (SmallMap::new(), BTreeMap::new());
            for (change, key, value) in changes {
                match change {
                    0 => _ = (small.insert(key, value), tree.insert(key, value)),
                    1 => prop_assert_eq!(small.remove(&key), tree.remove(&key)),
                    _ => prop_assert_eq!(small.get_or_insert_with(key, || value), tree.entry(key).or_insert(value)),
                }
                prop_assert_eq!((small.get(&key), small.len(), small.is_empty()), (tree.get(&key), tree.len(), tree.is_empty()));
            }
            prop_assert_eq!(small.keys().collect::<Vec<_>>(), tree.keys().collect::<Vec<_>>());
            prop_assert_eq!(small.values().collect::<Vec<_>>(), tree.values().collect::<Vec<_>>());
            prop_assert_eq!(small.iter().collect::<Vec<_>>(), tree.iter().collect::<Vec<_>>());
            prop_assert_eq!(small.into_iter().collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn small_map_takes_the_memory_of_its_entries() {
        let map: SmallMap<u8, u8> = (0..5).map(|key| (key, 0)).collect();
        assert_eq!(map.0.capacity(), 5);
    }
}
