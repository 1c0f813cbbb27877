//! A thread for one kind of work of which only the newest piece matters: what has waited
//! while an older piece was done is passed over.

use crossbeam_channel::{Sender, unbounded};
use std::io;
use std::thread::JoinHandle;

/// The near side of such a thread.
pub struct Desk<T> {
    orders: Option<Sender<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Desk<T> {
    /// Starts a thread that does `work` with each order. Of the orders that wait, those for
    /// which a later one is `same` are passed over.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(
        name: &str,
        same: impl Fn(&T, &T) -> bool + Send + 'static,
        mut work: impl FnMut(T) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, inbox) = unbounded::<T>();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                while let Ok(first) = inbox.recv() {
                    let mut waiting = vec![first];
                    for order in inbox.try_iter() {
                        waiting.retain(|older| !same(older, &order));
                        waiting.push(order);
                    }
                    waiting.into_iter().for_each(&mut work);
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Puts an order on the desk.
    pub fn order(&self, order: T) {
        if let Some(orders) = &self.orders {
            // The thread ends only with the desk, or by a fault that the log tells of.
            let _ = orders.send(order);
        }
    }

    /// Waits until everything on the desk is done; takes no more orders.
    pub fn finish(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_the_newest_of_a_kind_is_done() {
        let (start, started) = unbounded::<()>();
        let (tell, told) = unbounded();
        let same = |a: &(char, u8), b: &(char, u8)| a.0 == b.0;
        let mut desk = Desk::start("test", same, move |order| {
            tell.send(order).unwrap();
            let _ = started.recv();
        })
        .unwrap();
        let next = || told.recv_timeout(Duration::from_secs(10)).unwrap();
        desk.order(('a', 0));
        assert_eq!(next(), ('a', 0));
        for order in [('a', 1), ('b', 1), ('a', 2), ('a', 3)] {
            desk.order(order);
        }
        drop(start);
        desk.finish();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [('b', 1), ('a', 3)]);
    }
}
