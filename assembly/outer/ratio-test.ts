// Bound flipping: along the step t the slope starts at −violation and grows by |α|·span at each breakpoint |r|/|α|.
// The row where the slope turns nonnegative enters the basis; the rows before it change their bound.

/**
 * Appends to (t, rows) the breakpoints up to `reach` of `count` rows from `first`: rows with a span whose residual moves
 * towards 0. Returns the new number of candidates. `count` is even; the arrays are those of all rows.
 */
export function candidates(
  first: i32,
  count: i32,
  direction: f64,
  tolerance: f64,
  reach: f64,
  alpha: usize,
  r: usize,
  s: usize,
  span: usize,
  t: usize,
  rows: usize,
  n: i32,
): i32 {
  let found = n;
  const end = (<usize>(first + count)) << 3;
  if (ASC_FEATURE_SIMD) {
    const towards = f64x2.splat(direction);
    const least = f64x2.splat(tolerance);
    const most = f64x2.splat(reach);
    const zero = f64x2.splat(0);
    for (let i = (<usize>first) << 3; i < end; i += 16) {
      const a = f64x2.mul(f64x2.mul(v128.load(s + i), towards), v128.load(alpha + i));
      const distance = f64x2.abs(v128.load(r + i));
      const near = v128.and(f64x2.gt(a, least), f64x2.le(distance, f64x2.mul(most, a)));
      const mask = i64x2.bitmask(v128.and(near, f64x2.gt(v128.load(span + i), zero)));
      if (mask != 0) {
        const ratio = f64x2.div(distance, a);
        if (mask & 1) {
          store<f64>(t + ((<usize>found) << 3), f64x2.extract_lane(ratio, 0));
          store<i32>(rows + ((<usize>found) << 2), <i32>(i >> 3));
          found++;
        }
        if (mask & 2) {
          store<f64>(t + ((<usize>found) << 3), f64x2.extract_lane(ratio, 1));
          store<i32>(rows + ((<usize>found) << 2), <i32>(i >> 3) + 1);
          found++;
        }
      }
    }
  } else {
    for (let i = (<usize>first) << 3; i < end; i += 8) {
      const a = load<f64>(s + i) * direction * load<f64>(alpha + i);
      const distance = abs(load<f64>(r + i));
      if (a > tolerance && distance <= reach * a && load<f64>(span + i) > 0) {
        store<f64>(t + ((<usize>found) << 3), distance / a);
        store<i32>(rows + ((<usize>found) << 2), <i32>(i >> 3));
        found++;
      }
    }
  }
  return found;
}

/**
 * Orders the candidates so that those before the returned place flip and the one there enters; −1 when the slope stays
 * negative. Weighted quickselect; equal breakpoints go to the largest |α| (without this tie-break it cycles).
 */
export function selectCrossing(violation: f64, n: i32, t: usize, rows: usize, alpha: usize, span: usize): i32 {
  let low = 0;
  let high = n;
  let slope = -violation;
  while (high - low > 12) {
    const pivot = medianOfThree(
      load<f64>(t + ((<usize>low) << 3)),
      load<f64>(t + ((<usize>((low + high) >> 1)) << 3)),
      load<f64>(t + ((<usize>(high - 1)) << 3)),
    );
    let middle = low;
    let gain: f64 = 0;
    for (let i = low; i < high; i++) {
      if (load<f64>(t + ((<usize>i) << 3)) < pivot) {
        gain += weightOf(load<i32>(rows + ((<usize>i) << 2)), alpha, span);
        swap(t, rows, i, middle++);
      }
    }
    if (slope + gain >= 0) {
      high = middle;
    } else {
      slope += gain;
      low = middle;
      // The pivot's equals follow; many of them (t = 0 in degenerate problems) are settled in one go.
      let equal = middle;
      gain = 0;
      for (let i = middle; i < high; i++) {
        if (load<f64>(t + ((<usize>i) << 3)) == pivot) {
          gain += weightOf(load<i32>(rows + ((<usize>i) << 2)), alpha, span);
          swap(t, rows, i, equal++);
        }
      }
      if (slope + gain >= 0) {
        high = equal;
        return walk(slope, low, high, n, t, rows, alpha, span);
      }
      slope += gain;
      low = equal;
    }
  }
  sort(low, high, t, rows);
  return walk(slope, low, high, n, t, rows, alpha, span);
}

/** Walks the sorted candidates low … high until the slope turns, then looks for a better pivot among the ties. */
function walk(start: f64, low: i32, high: i32, n: i32, t: usize, rows: usize, alpha: usize, span: usize): i32 {
  let slope = start;
  let place = -1;
  let i = low;
  while (place < 0 && i < high) {
    slope += weightOf(load<i32>(rows + ((<usize>i) << 2)), alpha, span);
    if (slope >= 0) place = i;
    i++;
  }
  if (place < 0) return -1;
  const crossing = load<f64>(t + ((<usize>place) << 3));
  const tie = 1e-12 * max(1, crossing);
  let best = place;
  let largest = magnitude(place, rows, alpha);
  for (let c = 0; c < n; c++) {
    if (abs(load<f64>(t + ((<usize>c) << 3)) - crossing) <= tie) {
      const size = magnitude(c, rows, alpha);
      if (size > largest) {
        largest = size;
        best = c;
      }
    }
  }
  swap(t, rows, best, place);
  return place;
}

/** The `count`-th smallest of n numbers, which it reorders: quickselect. */
export function smallest(numbers: usize, n: i32, count: i32): f64 {
  let low = 0;
  let high = n;
  let target = count - 1;
  while (high - low > 1) {
    const pivot = medianOfThree(
      load<f64>(numbers + ((<usize>low) << 3)),
      load<f64>(numbers + ((<usize>((low + high) >> 1)) << 3)),
      load<f64>(numbers + ((<usize>(high - 1)) << 3)),
    );
    let below = low;
    let equal = low;
    for (let i = low; i < high; i++) {
      const slot = numbers + ((<usize>i) << 3);
      const value = load<f64>(slot);
      if (value <= pivot) {
        const other = numbers + ((<usize>equal) << 3);
        store<f64>(slot, load<f64>(other));
        store<f64>(other, value);
        if (value < pivot) {
          const first = numbers + ((<usize>below) << 3);
          store<f64>(other, load<f64>(first));
          store<f64>(first, value);
          below++;
        }
        equal++;
      }
    }
    if (target < below) {
      high = below;
    } else if (target < equal) {
      return pivot;
    } else {
      low = equal;
    }
  }
  return load<f64>(numbers + ((<usize>target) << 3));
}

function magnitude(candidate: i32, rows: usize, alpha: usize): f64 {
  return abs(load<f64>(alpha + ((<usize>load<i32>(rows + ((<usize>candidate) << 2))) << 3)));
}

function weightOf(row: i32, alpha: usize, span: usize): f64 {
  return abs(load<f64>(alpha + ((<usize>row) << 3))) * load<f64>(span + ((<usize>row) << 3));
}

function medianOfThree(a: f64, b: f64, c: f64): f64 {
  return max(min(a, b), min(max(a, b), c));
}

function swap(t: usize, rows: usize, a: i32, b: i32): void {
  const time = load<f64>(t + ((<usize>a) << 3));
  store<f64>(t + ((<usize>a) << 3), load<f64>(t + ((<usize>b) << 3)));
  store<f64>(t + ((<usize>b) << 3), time);
  const row = load<i32>(rows + ((<usize>a) << 2));
  store<i32>(rows + ((<usize>a) << 2), load<i32>(rows + ((<usize>b) << 2)));
  store<i32>(rows + ((<usize>b) << 2), row);
}

function sort(low: i32, high: i32, t: usize, rows: usize): void {
  for (let i = low + 1; i < high; i++) {
    let j = i;
    while (j > low && load<f64>(t + ((<usize>(j - 1)) << 3)) > load<f64>(t + ((<usize>j) << 3))) {
      swap(t, rows, j, j - 1);
      j--;
    }
  }
}
