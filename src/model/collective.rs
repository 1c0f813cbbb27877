//! Sums over learners by burn's collective operations.
//!
//! What of burn 0.21 can be relied on: all-reduce between threads of one process. Between hosts it
//! listens on every network interface without asking who calls, prints to standard output, waits for ever for
//! a host that does not come and panics where one leaves; so it is not offered.

use super::join::{Join, Learned};
use burn::collective::{
    CollectiveConfig, CollectiveError, PeerId, ReduceOperation, all_reduce, finish_collective,
    register, reset_collective,
};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorPrimitive};
use std::marker::PhantomData;

/// One of the learners of a sum.
#[derive(Debug)]
pub struct Collective<B: Backend> {
    peer: PeerId,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> Collective<B> {
    /// Becomes learner `peer` of so many, and waits until all have. There is one sum a backend in
    /// a process.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn enter(peer: usize, of: usize, device: B::Device) -> Result<Self, String> {
        let peer = PeerId::from(peer);
        let config = CollectiveConfig::default().with_num_devices(of);
        register::<B>(peer, device, config).map_err(refused)?;
        Ok(Self {
            peer,
            backend: PhantomData,
        })
    }

    /// Wakes all that wait for a learner that will not come any more; they get an error.
    pub fn give_up() {
        reset_collective::<B>();
    }
}

impl<B: Backend> Drop for Collective<B> {
    fn drop(&mut self) {
        // Who has been given up on is not known there any more.
        let _ = finish_collective::<B>(self.peer);
    }
}

impl<B: Backend> Join<B> for Collective<B> {
    fn sum(&mut self, own: Learned<B>, share: f32) -> Result<Learned<B>, String> {
        let (losses, gradients) = own;
        let shapes: Vec<Option<[usize; 2]>> = gradients
            .iter()
            .map(|g| g.as_ref().map(Tensor::dims))
            .collect();
        // In one piece: one meeting of all learners instead of one a parameter.
        let flat: Vec<Tensor<B, 1>> = gradients
            .into_iter()
            .flatten()
            .map(|g| {
                let n = g.dims().iter().product::<usize>();
                g.reshape([n])
            })
            .chain(losses)
            .collect();
        let own = Tensor::cat(flat, 0).mul_scalar(share);
        let sum = all_reduce::<B>(
            self.peer,
            own.into_primitive().tensor(),
            ReduceOperation::Sum,
        )
        .map_err(refused)?;
        let sum = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(sum));
        let mut at = 0;
        let mut next = |n: usize| {
            at += n;
            sum.clone().narrow(0, at - n, n)
        };
        let gradients = shapes
            .into_iter()
            .map(|shape| shape.map(|shape| next(shape[0] * shape[1]).reshape(shape)))
            .collect();
        Ok(([next(1), next(1)], gradients))
    }
}

fn refused(error: CollectiveError) -> String {
    match error {
        CollectiveError::LocalServerMissing | CollectiveError::RegisterNotFirstOperation => {
            "another of the devices has failed".to_owned()
        }
        error => format!("the devices cannot work together ({error:?})"),
    }
}
