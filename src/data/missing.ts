// How data are written that have no value.

/** In the place of a number. */
export const MISSING = /^\s*(|\?|-|\.|n\/?a|nan|null|none|missing)\s*$/i;

/** In the place of a label: of those, what nobody calls a class. */
export const MISSING_LABEL = /^(n\/?a|nan|null|\?)$/i;
