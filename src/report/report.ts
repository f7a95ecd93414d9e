import type { LinearLoss } from "../features/loss.ts";
import { escaped } from "./chart.ts";
import { anytime, type Figure, type FigureInput, featureSpace, lambdaPath, provedBounds } from "./figures.ts";
import { penaltyFigure } from "./penalty-figure.ts";
import { darkFigureStyle, figureStyle } from "./style.ts";

/** The header, then the rows. */
type Table = readonly [readonly string[], ...(readonly (readonly string[])[])];

export interface ReportInput extends FigureInput {
  readonly title: string;
  readonly subtitle: string;
  /** Rows of the table at the top; the first row is the header, the last one is what was learned. */
  readonly table: Table;
  /** What is proved, in sentences. */
  readonly certificate: readonly string[];
  /** The learned loss: if it has a learned penalty, that is drawn. */
  readonly loss?: LinearLoss;
}

/** One self-contained HTML page: nothing is loaded, nothing runs. */
export function report(input: ReportInput): string {
  const bounds = provedBounds(input);
  const penalty = input.loss && penaltyFigure(input.loss);
  const proved = input.certificate.map((sentence) => `<p>${escaped(sentence)}</p>`).join("");
  const figures = [
    figure(anytime(input)),
    figure(featureSpace(input)),
    figure(lambdaPath(input)),
    ...(penalty ? [figure(penalty)] : []),
    ...(bounds ? [figure(bounds, proved)] : proved ? [`<figure><h2>What is proved</h2>${proved}</figure>`] : []),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(input.title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(input.title)}</h1><p class="subtitle">${escaped(input.subtitle)}</p>
<div class="table">${table(input.table)}</div><main>${figures.join("\n")}</main>
</body></html>
`;
}

function figure({ title, svg, caption }: Figure, more = ""): string {
  return `<figure><h2>${escaped(title)}</h2>${svg}<figcaption>${escaped(caption)}${more}</figcaption></figure>`;
}

function table([header = [], ...rows]: Table): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("");
  return `<table><thead><tr>${cells(header, "th")}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("")}</tbody></table>`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#25241f;--soft:#6b6a65;--line:#e6e4df;--paper:#fff;--card:#fff}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--paper);max-width:1380px;margin:2.2rem auto;padding:0 1.5rem}
h1{font-size:2rem;line-height:1.2;margin:0}h2{font-size:1.15rem;line-height:1.3;margin:0 0 .6rem}.subtitle{color:var(--soft);margin:.4rem 0 1.4rem}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:1.4rem;margin-top:1.6rem}
figure{margin:0;padding:1.2rem 1.3rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}figcaption{color:var(--soft);font-size:.92rem;margin-top:.4rem}figure p{margin:.6rem 0 0;color:var(--ink)}
.table{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.35rem .9rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}tbody tr:last-child{font-weight:600}
figure svg{width:100%;height:auto;display:block}
${figureStyle}
@media (prefers-color-scheme:dark){:root{--ink:#efeee9;--soft:#a8a6a1;--line:#34373b;--paper:#151719;--card:#1d1f22}
${darkFigureStyle}}`;
