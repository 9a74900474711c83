// Programs as page elements. All text is set as text, never as markup, and nothing in it stays
// invisible: a program may hold characters that hide or reorder others.

const ODD = /[\p{Cc}\p{Cf}\p{Cs}]/u;
const KINDS = { k: "k", s: "s", m: "m", c: "c", nf: "f", nc: "f", nb: "f", nd: "f", ow: "k" };

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function visible(text) {
  const parts = [];
  let plain = "";
  for (const char of text) {
    if (char === "\n" || char === "\t" || !ODD.test(char)) { plain += char; continue; }
    if (char === "\r") continue;
    parts.push(plain, element("span", { class: "odd" }, `U+${char.codePointAt(0).toString(16).padStart(4, "0")}`));
    plain = "";
  }
  return [...parts, plain].filter((part) => part !== "");
}

// The candidate, split wherever a syntax span or a token ends. Returns the <pre> and, per token,
// the pieces that show it.
export function codeBlock(text, spans, steps) {
  const pre = element("pre", { tabindex: "0", "aria-label": "Program" });
  const tokens = steps.map(() => []);
  const ends = [];
  let end = 0;
  for (const step of steps) ends.push((end += step.text.length));
  const whole = end === text.length && spans.map((span) => span.text).join("") === text;
  let position = 0, token = 0;
  for (const span of spans) {
    let rest = span.text;
    while (rest) {
      while (token < ends.length && ends[token] <= position) token++;
      const room = whole && token < ends.length ? ends[token] - position : rest.length;
      const piece = rest.slice(0, room);
      const made = element("span", { class: kindOf(span.kind) }, ...visible(piece));
      if (whole && token < ends.length) tokens[token].push(made);
      pre.append(made);
      position += piece.length;
      rest = rest.slice(room);
    }
  }
  return { pre, tokens };
}

function kindOf(kind) {
  return KINDS[kind.slice(0, 2)] ?? KINDS[kind.slice(0, 1)] ?? "";
}

// Lines of two programs: equal ones once, then what only one of them has.
export function difference(first, second) {
  const a = first.split("\n"), b = second.split("\n");
  if (a.length * b.length > 4e6) return null;
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  const lines = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push(["same", a[i++]]); j++; }
    else if (i < a.length && (j >= b.length || common[i + 1][j] >= common[i][j + 1])) lines.push(["add", a[i++]]);
    else lines.push(["remove", b[j++]]);
  }
  return lines;
}

export function differenceBlock(lines) {
  const marks = { same: "  ", add: "1 ", remove: "2 " };
  const pre = element("pre", { class: "diff", tabindex: "0", "aria-label": "Lines that differ" });
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - 3), i + 4).some(([kind]) => kind !== "same"));
  lines.forEach(([kind, text], i) => {
    if (near[i]) pre.append(element("div", { class: kind }, marks[kind], ...visible(text)));
    else if (i === 0 || near[i - 1]) pre.append(element("div", { class: "skip" }, "  …"));
  });
  return pre;
}

// How the score moved: a cell per token, blue where it rose, orange where it fell, under a line of
// the score itself. Arrow keys, a finger or the pointer go through the tokens.
export function heatStrip(steps, tokens) {
  const scores = steps.map((step) => step.score);
  const moves = scores.map((score, i) => (i ? score - scores[i - 1] : 0));
  const sizes = moves.map(Math.abs).sort((x, y) => x - y);
  const scale = sizes[Math.floor(sizes.length * 0.95)] || sizes.at(-1) || 1;
  const strip = element("div", {
    class: "strip", role: "slider", tabindex: "0", "aria-label": "Score along the program",
    "aria-valuemin": "1", "aria-valuemax": String(steps.length),
  });
  const cells = moves.map((move) => {
    const cell = element("i");
    const share = Math.round(75 * Math.min(1, Math.abs(move) / scale));
    cell.style.background = `color-mix(in srgb, var(${move < 0 ? "--down" : "--up"}) ${share}%, transparent)`;
    return cell;
  });
  strip.append(...cells, scoreLine(scores));
  const readout = element("span", { class: "muted" });
  let here = steps.length - 1;

  function go(index) {
    cells[here].classList.remove("here");
    for (const piece of tokens[here] ?? []) unmark(piece);
    here = Math.max(0, Math.min(steps.length - 1, index));
    cells[here].classList.add("here");
    for (const piece of tokens[here] ?? []) mark(piece);
    const name = steps[here].text === "" ? "end" : JSON.stringify(steps[here].text);
    const move = here ? ` (${signed(moves[here])})` : "";
    readout.replaceChildren("after ", element("code", {}, ...visible(name)), ` ${scores[here].toFixed(2)}${move}`);
    strip.setAttribute("aria-valuenow", String(here + 1));
    strip.setAttribute("aria-valuetext", readout.textContent);
  }
  function follow(event) {
    const box = strip.getBoundingClientRect();
    go(Math.floor(((event.clientX - box.left) / box.width) * steps.length));
  }
  strip.addEventListener("pointermove", follow);
  strip.addEventListener("pointerdown", follow);
  strip.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  go(here);
  const legend = element("div", { class: "legend muted" }, readout, element("span", {},
    element("span", { class: "swatch up" }), "rose", element("span", { class: "swatch down" }), "fell"));
  return element("div", {}, strip, legend);
}

function scoreLine(scores) {
  // The first tokens are judged on almost nothing; the line is scaled to what comes after them.
  const settled = scores.slice(Math.min(4, scores.length - 1));
  const low = Math.min(...settled), high = Math.max(...settled);
  const points = scores.map((score, i) => {
    const y = high > low ? (score - low) / (high - low) : 0.5;
    return `${((i + 0.5) / scores.length * 100).toFixed(2)},${(88 - 76 * Math.max(-0.1, Math.min(1.1, y))).toFixed(2)}`;
  });
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

function mark(piece) {
  const wrap = element("mark");
  wrap.append(...piece.childNodes);
  piece.append(wrap);
}

function unmark(piece) {
  const wrap = piece.querySelector("mark");
  if (wrap) wrap.replaceWith(...wrap.childNodes);
}

export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
