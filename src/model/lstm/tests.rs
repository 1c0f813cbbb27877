//! Promises of the LSTM layer that span its files.

mod golden;
mod op;

/// How far `a` is from `b`: the norm of the difference over the norm of `b`.
fn off(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(x, y)| f64::from(*x) - f64::from(*y)));
    difference / norm(&mut b.iter().map(|y| f64::from(*y))).max(1e-30)
}
