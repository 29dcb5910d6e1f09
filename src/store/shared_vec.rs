//! A vector that is copied in no time: a copy shares every item until one of the two changes it.

use std::sync::Arc;

/// Items per piece. A copy of `n` items copies `n / PIECE` pointers, and the first change of a piece after that copies `PIECE`
/// of them: about the root of 30,000 items balances the two, at a microsecond each.
const PIECE: usize = 128;

/// A vector whose items are shared with its copies, and copied one by one when they change.
#[derive(Clone, Debug)]
pub struct SharedVec<T> {
    pieces: Vec<Arc<Vec<Arc<T>>>>,
}

impl<T> Default for SharedVec<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> SharedVec<T> {
    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    /// Reports whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Returns the item at `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE).map(AsRef::as_ref)
    }

    /// Returns the first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// Returns the items in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.pieces.iter().flat_map(|piece| piece.iter()).map(AsRef::as_ref)
    }

    /// Returns the items themselves, which copies share.
    pub(super) fn into_items(self) -> impl Iterator<Item = Arc<T>> {
        self.pieces.into_iter().flat_map(Arc::unwrap_or_clone)
    }
}

impl<T: Clone> SharedVec<T> {
    /// Returns the item at `index` to be changed here and in no copy.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.pieces.get_mut(index / PIECE)?).get_mut(index % PIECE).map(Arc::make_mut)
    }
}

impl<T> FromIterator<Arc<T>> for SharedVec<T> {
    fn from_iter<I: IntoIterator<Item = Arc<T>>>(items: I) -> Self {
        let mut items = items.into_iter();
        let piece = || Some(items.by_ref().take(PIECE).collect::<Vec<_>>()).filter(|piece| !piece.is_empty()).map(Arc::new);
        Self { pieces: std::iter::from_fn(piece).collect() }
    }
}

impl<'a, T> IntoIterator for &'a SharedVec<T> {
    type Item = &'a T;
    type IntoIter = Box<dyn Iterator<Item = &'a T> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> SharedVec<usize> {
        (0..count).map(Arc::new).collect()
    }

    #[test]
    fn shared_vec_of_any_length_has_its_items_in_order() {
        for count in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let vec = numbers(count);
            assert_eq!((vec.len(), vec.is_empty()), (count, count == 0));
            assert_eq!(vec.iter().copied().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            assert_eq!((vec.get(count), vec.get(count.wrapping_sub(1)).copied()), (None, count.checked_sub(1)));
        }
    }

    #[test]
    fn changed_item_of_a_shared_vec_stays_as_it_was_in_the_copy() {
        let mut vec = numbers(3 * PIECE);
        let copy = vec.clone();
        *vec.get_mut(PIECE + 3).expect("an item") = 7;
        assert_eq!((vec.get(PIECE + 3), copy.get(PIECE + 3)), (Some(&7), Some(&(PIECE + 3))));
        let shared = |piece: usize| Arc::ptr_eq(&vec.pieces[piece], &copy.pieces[piece]);
        assert_eq!([shared(0), shared(1), shared(2)], [true, false, true], "only what changed was copied");
    }
}
