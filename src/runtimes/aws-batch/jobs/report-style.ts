import { HUES } from "./report-chart.ts";

/** Degrees of hue: red is for what failed. */
const FIRST_HUE = 40;
const LAST_HUE = 300;

const COLOURS = Array.from({ length: HUES }, (_, index) => {
  const hue = Math.round(FIRST_HUE + (index * (LAST_HUE - FIRST_HUE)) / (HUES - 1));
  const colour = `hsl(${hue} 55% 50%)`;
  return `.c${index}{fill:${colour};background:${colour}}`;
}).join("");

/** The report's looks: in the light, in the dark, on a phone and in print. */
export const STYLE = `:root{color-scheme:light dark;--line:#8886;--good:#1a7f37;--bad:#cf222e;--ran:#0969da;--cores:#0969da88}
@media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--ran:#2f81f7;--cores:#388bfdbb}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem}
h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem;break-after:avoid}small{font-weight:normal}
.SUCCEEDED{color:var(--good)}.FAILED{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--bad);padding-left:.75rem}
svg{display:block;width:100%;border-bottom:1px solid var(--line)}
.waited{fill:#bf8700;background:#bf8700}.ran{fill:var(--ran);background:var(--ran)}.packed{fill:#8250df;background:#8250df}
.key{display:inline-block;width:.8em;height:.8em}.cores{fill:var(--cores)}
${COLOURS}.bar.failed{fill:var(--bad)}.bar.open{opacity:.6}.bar.dim{opacity:.08}
.axis{display:flex;justify-content:space-between;font-size:.8rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.15rem .75rem .15rem 0;border-bottom:1px solid var(--line)}
td{overflow-wrap:anywhere}tr{break-inside:avoid}
tr.dim{display:none}footer{margin:2rem 0;font-size:.8rem;opacity:.7}
svg,.axis,pre{break-inside:avoid}
@media print{body{max-width:none}.find{display:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;

/** Finds among bars and rows, and says what a bar is; what was looked for stays when the page is loaded anew. */
export const SCRIPT = `const find=document.getElementById("find");
const look=()=>{const text=find.value.toLowerCase();let count=0;
for(const bar of document.querySelectorAll(".bar")){const is=bar.dataset.label.toLowerCase().includes(text);bar.classList.toggle("dim",!is);if(is)count++}
for(const row of document.querySelectorAll("tbody tr"))row.classList.toggle("dim",!row.textContent.toLowerCase().includes(text));
document.getElementById("found").textContent=text?count+" jobs":"";
try{sessionStorage.setItem("find",find.value)}catch{}};
if(find){find.addEventListener("input",look);
try{find.value=sessionStorage.getItem("find")||""}catch{}
if(find.value)look()}
document.addEventListener("pointerover",({target})=>{if(!target.dataset?.label||target.firstChild)return;
const title=document.createElementNS(target.namespaceURI,"title");title.textContent=target.dataset.label;target.append(title)})`;
