import { given, LearnLossError } from "./errors.ts";

/** The names that a bag of options may have: all of them, or it does not compile. */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true };

/**
 * Refuses a name that is a slip for an option's: passed over, it would leave a default where the caller set a value. Other
 * names are left alone: a bag may be meant for several functions. What is no bag at all is refused, too.
 *
 * @returns the options that are given by these names, and no others: what a spread keeps, of a class or with a prototype too
 * @throws OPTION
 */
export function checkNames<T extends object>(options: T, names: OptionNames<T>): T {
  for (const name of Object.keys(given("options", options))) {
    if (Object.hasOwn(names, name)) continue;
    const meant = Object.keys(names).find((known) => isSlip(name.toLowerCase(), known.toLowerCase()));
    if (meant) throw new LearnLossError("OPTION", `There is no option ${name}: did you mean ${meant}?`);
  }
  const own = Object.keys(names).map((name) => [name, options[name as keyof T]] as const);
  return Object.fromEntries(own.filter(([, value]) => value !== undefined)) as T;
}

/** A few edits away, or cut short. */
function isSlip(name: string, known: string): boolean {
  return edits(name, known) <= slips(known) || (name.length > known.length / 2 && known.startsWith(name));
}

/** Edits that a name may be away from one that was meant. */
function slips(name: string): number {
  return Math.max(1, Math.floor(name.length / 4));
}

/** Least number of characters to insert, delete or replace, or neighbours to swap, to make b of a. */
function edits(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [before, last] = [rows[i - 2], rows[i - 1]!];
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = before && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : replaced;
      row.push(Math.min(last[j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
