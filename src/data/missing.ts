// How data are written that have no value.

/** Texts that stand for a missing number. */
export const MISSING = /^\s*(|\?|-|\.|n\/?a|nan|null|none|missing)\s*$/i;

/** Texts that stand for a missing label: those of the above that nobody calls a class. */
export const MISSING_LABEL = /^(n\/?a|nan|null|\?)$/i;
