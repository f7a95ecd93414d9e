// Colors are variables: pages have others in the dark.

/** Color of the i-th series. */
export function color(i: number): string {
  return `var(--c${i % 8})`;
}

/** What the charts need to look right on their own. */
export const figureStyle = `svg{--c0:#0b6e99;--c1:#d9730d;--c2:#448361;--c3:#9065b0;--c4:#c2185b;--c5:#787774;--c6:#b8860b;--c7:#5b5fc7;--s0:#08306b;--s1:#1b5a98;--s2:#3f84bd;--s3:#75aed3;--s4:#a8cde3;--s5:#cfdfea;--faint:#0b6e9959;--path:#c3c1bc;--area:#0b6e9924;--grid:#eceae6;--text:#55534e;--strong:#25241f;--plate:#ffffffe6;font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}svg .grid{stroke:var(--grid)}svg text{fill:var(--text)}svg .label{font-size:14px;fill:var(--strong)}svg .note{font-weight:600;fill:var(--strong);paint-order:stroke;stroke:var(--plate);stroke-width:4px;stroke-linejoin:round}svg .mark{stroke:var(--text);stroke-dasharray:3 3;fill:none}`;

/** The same in the dark. */
export const darkFigureStyle = `svg{--c0:#5ab4dd;--c1:#f0a04b;--c2:#7cc29c;--c3:#bf9add;--c4:#f06a9b;--c5:#a8a6a1;--c6:#dcb34c;--c7:#9ea1f0;--s0:#f2fbff;--s1:#b5def2;--s2:#7dbfe2;--s3:#4a93bd;--s4:#2f6588;--s5:#274559;--faint:#5ab4dd66;--path:#56595e;--area:#5ab4dd30;--grid:#34373b;--text:#b3b1ab;--strong:#efeee9;--plate:#1d1f22e6}`;
