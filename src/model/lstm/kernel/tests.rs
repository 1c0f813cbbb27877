//! Products, functions and threads against the plainest form of each.

mod team;

use super::lanes::available;
use super::multiply::{Left, Target, multiply};
use super::panels::Order;
use super::{AdamW, Engine, Isa, Packed, Then, View};
use std::sync::atomic::{AtomicUsize, Ordering};

/// All instructions that this machine has.
pub(in super::super) fn all_isas() -> impl Iterator<Item = Isa> {
    let all = [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable];
    all.into_iter().filter(|isa| available(*isa))
}

/// A reproducible stream of numbers between -1 and 1, and of sizes.
pub(in super::super) struct Draws(pub(in super::super) u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(in super::super) fn number(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
    pub(in super::super) fn numbers(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.number()).collect()
    }
    pub(in super::super) fn size(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() % (to - from + 1) as u64) as usize
    }
}

/// Norm of the difference over norm.
pub(in super::super) fn distance(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let squares =
        |f: &dyn Fn(usize) -> f64| (0..got.len()).map(|i| f(i).powi(2)).sum::<f64>().sqrt();
    let norm = squares(&|i| want[i]);
    squares(&|i| f64::from(got[i]) - want[i]) / norm.max(1e-30)
}

fn naive(a: View<'_>, b: View<'_>) -> Vec<f64> {
    let mut c = Vec::new();
    for r in 0..a.rows {
        for j in 0..b.columns {
            let term = |k: usize| {
                f64::from(a.data[r * a.row_stride + k * a.column_stride])
                    * f64::from(b.data[k * b.row_stride + j * b.column_stride])
            };
            c.push((0..a.columns).map(term).sum());
        }
    }
    c
}

#[test]
fn products_of_any_shape_and_stride_are_right() {
    let mut draws = Draws(1);
    for isa in all_isas() {
        let engine = Engine::with(isa, 2).unwrap();
        let mut scratch = Packed::new();
        for case in 0..60 {
            let wide = if case % 10 == 0 { 600 } else { 70 };
            let (m, n, k) = (draws.size(1, 150), draws.size(1, 90), draws.size(1, wide));
            let gap = draws.size(0, 3);
            let (a_data, b_data) = (
                draws.numbers((m + gap) * (k + gap)),
                draws.numbers((n + gap) * (k + gap)),
            );
            let view = |data, rows, columns, turned: bool| {
                if turned {
                    View {
                        data,
                        rows,
                        columns,
                        row_stride: 1,
                        column_stride: rows + gap,
                    }
                } else {
                    View {
                        data,
                        rows,
                        columns,
                        row_stride: columns + gap,
                        column_stride: 1,
                    }
                }
            };
            let a = view(&a_data, m, k, case % 2 == 0);
            let b = view(&b_data, k, n, case % 3 == 0);
            let bias = draws.numbers(n);
            let before = draws.numbers(m * n);
            let product = naive(a, b);
            for (number, then) in [Then::Set, Then::Add, Then::SetWithBias(&bias)]
                .into_iter()
                .enumerate()
            {
                let mut c = before.clone();
                engine.product_of(a, b, &mut c, then, &mut scratch);
                let want: Vec<f64> = (0..m * n)
                    .map(|i| {
                        product[i] + [0.0, f64::from(before[i]), f64::from(bias[i % n])][number]
                    })
                    .collect();
                let d = distance(&c, &want);
                assert!(d < 1e-6, "{isa:?} {m} {n} {k} {number}: {d:e}");
            }
        }
    }
}

#[test]
fn an_empty_sum_is_zero_or_the_bias() {
    let engine = Engine::new(1);
    let mut b = Packed::new();
    b.pack(&engine, View::new(&[], 0, 3));
    let mut c = [9.0; 6];
    engine.product(View::new(&[], 2, 0), &b, &mut c, Then::Set);
    assert_eq!(c, [0.0; 6]);
    engine.product(
        View::new(&[], 2, 0),
        &b,
        &mut c,
        Then::SetWithBias(&[1.0, 2.0, 3.0]),
    );
    assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    engine.product(View::new(&[], 0, 0), &b, &mut [], Then::Set);
}

#[test]
fn packed_operands_multiply_in_every_role() {
    let mut draws = Draws(2);
    for isa in all_isas() {
        let engine = Engine::with(isa, 2).unwrap();
        for units in [1, 5, 8, 16, 19, 40] {
            let (rows, slots) = (draws.size(1, 40), draws.size(1, 300));
            let (w, x) = (draws.numbers(rows * 4 * units), draws.numbers(slots * rows));
            let (w, x) = (View::new(&w, rows, 4 * units), View::new(&x, slots, rows));
            let gates = Order::Gates(units);
            let (mut wp, mut wt, mut xp, mut zp) =
                (Packed::new(), Packed::new(), Packed::new(), Packed::new());
            wp.pack_ordered(&engine, w, gates, Order::Plain);
            wt.pack_ordered(&engine, w.transposed(), Order::Plain, gates);
            xp.pack(&engine, x);
            zp.shape(&engine, slots, 4 * units, gates);
            multiply(
                &engine,
                Left::Along(&xp),
                &wp,
                Target::Panels(&mut zp),
                Then::Set,
                None,
            );
            let mut z = vec![0.0; slots * 4 * units];
            zp.unpack(&engine, &mut z);
            assert!(distance(&z, &naive(x, w)) < 1e-6, "{isa:?} {units} along");
            let z = View::new(&z, slots, 4 * units);
            let mut back = vec![0.0; slots * rows];
            multiply(
                &engine,
                Left::Along(&zp),
                &wt,
                Target::Rows(&mut back),
                Then::Set,
                None,
            );
            assert!(
                distance(&back, &naive(z, w.transposed())) < 1e-6,
                "{isa:?} {units} gates along"
            );
            let (mut across, mut sums) = (vec![0.0; rows * 4 * units], vec![0.0; 4 * units]);
            let to = Target::Rows(&mut across);
            multiply(
                &engine,
                Left::Across(&xp),
                &zp,
                to,
                Then::Set,
                Some(&mut sums),
            );
            assert!(
                distance(&across, &naive(x.transposed(), z)) < 2e-6,
                "{isa:?} {units} across"
            );
            let ones = vec![1.0; slots];
            let want = naive(View::new(&ones, 1, slots), z);
            assert!(distance(&sums, &want) < 2e-6, "{isa:?} {units} sums");
        }
    }
}

#[test]
fn a_row_of_a_product_has_the_same_bits_in_any_company() {
    let mut draws = Draws(3);
    for isa in all_isas() {
        let engine = Engine::with(isa, 3).unwrap();
        let (k, n) = (300, 50);
        let a = draws.numbers(140 * k);
        let b = draws.numbers(k * n);
        let mut packed = Packed::new();
        packed.pack(&engine, View::new(&b, k, n));
        let mut all = vec![0.0; 140 * n];
        engine.product(View::new(&a, 140, k), &packed, &mut all, Then::Set);
        for rows in 1..=20 {
            let mut some = vec![0.0; rows * n];
            engine.product(
                View::new(&a[7 * k..], rows, k),
                &packed,
                &mut some,
                Then::Set,
            );
            assert_eq!(some, all[7 * n..(7 + rows) * n], "{isa:?} {rows}");
        }
    }
}

#[test]
#[should_panic(expected = "a view stays inside its data")]
fn a_view_outside_its_data_is_refused() {
    let engine = Engine::new(1);
    let view = View {
        data: &[0.0; 5],
        rows: 2,
        columns: 2,
        row_stride: 4,
        column_stride: 1,
    };
    Packed::new().pack(&engine, view);
}

#[test]
fn functions_are_true_at_all_magnitudes() {
    for isa in all_isas() {
        let engine = Engine::with(isa, 1).unwrap();
        let mut x = vec![0.0f32];
        for i in -4000..=4000 {
            // From 1e-30 up to 86, both signs, and evenly between -20 and 20.
            x.push((i as f32 / 4000.0 * 10.0).powi(3) * 0.086);
            x.push(i as f32 / 200.0);
            x.push(10f32.powf(i as f32 / 133.4 - 28.1).min(86.0));
        }
        let check = |name: &str, f: &dyn Fn(&mut [f32]), truth: &dyn Fn(f64) -> f64| {
            let mut y = x.clone();
            f(&mut y);
            for (x, y) in x.iter().zip(&y) {
                let want = truth(f64::from(*x));
                let error = (f64::from(*y) - want).abs();
                assert!(
                    error <= 2.4e-7 * want.abs(),
                    "{isa:?} {name}({x:e}) = {y:e}, not {want:e}"
                );
            }
        };
        check("exp", &|y| engine.exp(y), &f64::exp);
        check("sigmoid", &|y| engine.sigmoid(y), &|x| {
            1.0 / (1.0 + (-x).exp())
        });
        check("tanh", &|y| engine.tanh(y), &f64::tanh);
        let extremes = [f32::NEG_INFINITY, -1e30, -100.0, 100.0, 1e30, f32::INFINITY];
        let mut y = extremes;
        engine.tanh(&mut y);
        assert_eq!(y, [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]);
        let mut y = extremes;
        engine.sigmoid(&mut y);
        assert!(
            y[..3].iter().all(|y| (0.0..1e-37).contains(y)) && y[3..] == [1.0; 3],
            "{y:?}"
        );
        for f in [Engine::tanh, Engine::sigmoid, Engine::exp] {
            let mut y = [f32::NAN];
            f(&engine, &mut y);
            assert!(y[0].is_nan(), "what is not a number stays visible");
        }
    }
}

#[test]
fn element_loops_reach_every_element_once() {
    let mut draws = Draws(4);
    for isa in all_isas() {
        let engine = Engine::with(isa, 1).unwrap();
        for len in [0, 1, 7, 8, 15, 16, 17, 31, 100, 1000] {
            let (x, y) = (draws.numbers(len), draws.numbers(len));
            let wide = |v: &[f32]| -> Vec<f64> { v.iter().map(|v| f64::from(*v)).collect() };
            let (xd, yd) = (wide(&x), wide(&y));
            let sum: f64 = xd.iter().sum();
            assert!(
                (f64::from(engine.sum(&x)) - sum).abs() < 1e-4,
                "{isa:?} {len}"
            );
            let dot: f64 = xd.iter().zip(&yd).map(|(a, b)| a * b).sum();
            assert!(
                (f64::from(engine.dot(&x, &y)) - dot).abs() < 1e-4,
                "{isa:?} {len}"
            );
            let mut z = y.clone();
            engine.axpy(0.5, &x, &mut z);
            engine.scale(2.0, &mut z);
            engine.multiply(&x, &mut z);
            let want: Vec<f64> = xd
                .iter()
                .zip(&yd)
                .map(|(x, y)| (y + 0.5 * x) * 2.0 * x)
                .collect();
            assert!(distance(&z, &want) < 1e-6, "{isa:?} {len}");
        }
    }
}

#[test]
fn adamw_follows_its_formula() {
    let mut draws = Draws(5);
    let w = AdamW {
        scale: 0.5,
        rate: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        unbias2: 50.0,
        epsilon: 1e-8,
        shrink: 0.999,
        keep: 0.98,
    };
    for isa in all_isas() {
        let engine = Engine::with(isa, 1).unwrap();
        let len = 53;
        let [mut p, mut m, mut v, mut e, g] = std::array::from_fn(|_| draws.numbers(len));
        v.iter_mut().for_each(|v| *v = v.abs());
        let mut want = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for i in 0..len {
            let [p, m, v, e, g] = [p[i], m[i], v[i], e[i], g[i]].map(f64::from);
            let g = g * 0.5;
            let m = 0.9 * m + 0.1 * g;
            let v = 0.99 * v + 0.01 * g * g;
            let p = p * 0.999 - 0.01 * m / ((v * 50.0).sqrt() + 1e-8);
            for (to, value) in want.iter_mut().zip([p, m, v, 0.98 * e + 0.02 * p]) {
                to.push(value);
            }
        }
        engine.adamw(w, &mut p, [&mut m, &mut v, &mut e], &g);
        for (got, want) in [p, m, v, e].iter().zip(&want) {
            assert!(distance(got, want) < 1e-6, "{isa:?}");
        }
    }
}
