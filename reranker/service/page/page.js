// The page: what is typed or dropped goes to /v1/best_of_n, and the ranking comes back.

import { codeBlock, difference, differenceBlock, element, heatStrip, visible } from "./code.js";

const EXAMPLE = {
  prompt: "def largest_gap(numbers):\n    \"\"\"The largest difference between neighbours of a list.\"\"\"\n",
  candidates: [
    "    gaps = []\n    for i in range(1, len(numbers)):\n        gaps.append(abs(numbers[i] - numbers[i - 1]))\n    return max(gaps, default=0)",
    "    return max(numbers) - min(numbers)",
    "    gaps = []\n    for i in range(len(numbers)):\n        gaps.append(numbers[i] - numbers[i + 1])\n    return max(gaps)",
    "    # the answer is always zero\n    return 0",
  ],
};
const LANGUAGES = "adb clj cpp cs d dart elixir go hs java jl js lua ml php pl py r rb rkt rs scala sh swift ts".split(" ");
// The line break before the dashes is theirs: a trained model minds one that no sampler wrote.
const SEPARATOR = /(?:^|\n)-{3,}[ \t]*(?:\n|$)/;

const at = (id) => document.getElementById(id);
const form = at("form"), results = at("results"), message = at("message");
let tasks = [], samples = null;

// ---- what goes in

function candidates() {
  return samples ?? at("candidates").value.split(SEPARATOR).map((text) => text.replace(/\n$/, ""))
    .filter((text) => text.trim() !== "").map((text) => ({ text }));
}

function showCount() {
  const count = at("candidates").value.trim() ? candidates().length : 0;
  at("count").textContent = count ? `${count} candidate${count === 1 ? "" : "s"}` : "";
}

function show(task) {
  if (task.prompt !== undefined) at("prompt").value = task.prompt;
  if (task.language) at("language").value = task.language;
  at("candidates").value = task.candidates.map((c) => c.text).join("\n---\n");
  samples = task.candidates;
  showCount();
}

// Rows as files of candidates have them: a program under completion, solution or text, with its
// task's name, language, prompt and log-probabilities where known; or a row per task.
function readRows(text) {
  const rows = text.split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));
  const found = new Map();
  for (const row of rows.flat()) {
    const name = String(row.name ?? row.task_id ?? "");
    const task = found.get(name) ?? { name, candidates: [] };
    found.set(name, task);
    task.prompt ??= row.prompt ?? row.query;
    task.language ??= row.language;
    const many = row.completions ?? row.candidates ?? row.documents ?? row.texts;
    const own = many ?? [row.solution ?? row.completion ?? row.answer ?? row.text];
    for (const item of own) {
      const program = typeof item === "string" ? item : item?.text;
      if (typeof program !== "string") continue;
      const sample = { text: program };
      if (typeof row.solution === "string" && !many) sample.form = "solution";
      if (Array.isArray(row.logprobs) && !many) sample.logprobs = row.logprobs;
      task.candidates.push(sample);
    }
  }
  return [...found.values()].filter((task) => task.candidates.length);
}

function take(text) {
  try {
    tasks = readRows(text);
  } catch {
    tasks = [];
  }
  if (!tasks.length) return fail("No candidates in it: each line should be a JSON object with a “completion” or “solution”.");
  message.textContent = "";
  at("tasks").hidden = tasks.length < 2;
  at("task").replaceChildren(...tasks.map((task, i) => element("option", { value: String(i) }, `${task.name || "task"} · ${task.candidates.length}`)));
  show(tasks[0]);
  if (at("prompt").value) rank();
}

// ---- asking

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const error = answer?.error;
  throw new Error(error?.message ?? error ?? `The server answered ${response.status}.`);
}

async function rank() {
  const list = candidates();
  if (!list.length) return fail("Paste at least one candidate.");
  message.textContent = "";
  const button = at("rank");
  button.disabled = true;
  const prompt = at("prompt").value, language = at("language").value.trim() || "py";
  try {
    const answer = await ask("v1/best_of_n", { prompt, language, candidates: list, strategy: at("strategy").value });
    showRanking(answer, prompt, language, list.map((sample) => sample.text));
    if (matchMedia("(max-width: 900px)").matches) results.scrollIntoView({ block: "start" });
  } catch (error) {
    fail(error instanceof TypeError ? "The server cannot be reached." : error.message);
  } finally {
    button.disabled = false;
  }
}

function fail(text) {
  message.textContent = text;
}

// ---- what comes out

function showRanking(answer, prompt, language, texts) {
  const ranking = [...answer.candidates].sort((a, b) => b.value - a.value || a.index - b.index);
  const scores = ranking.map((choice) => choice.score);
  const low = Math.min(...scores), high = Math.max(...scores);
  const share = (choice) => choice.probability ?? (high > low ? (choice.score - low) / (high - low) : 1);
  const cards = ranking.map((choice, i) => {
    const sure = choice.probability === null ? choice.score.toFixed(2) : percent(choice.probability);
    const fill = element("div");
    fill.style.width = `${(100 * share(choice)).toFixed(1)}%`;
    const title = element("span", { class: "title" }, `Candidate ${choice.index + 1}`);
    if (choice.index === answer.pick) title.append(element("span", { class: "badge" }, "pick"));
    if (choice.truncated) title.append(element("span", { class: "badge warn" }, "cut to fit"));
    const card = element("details", { class: choice.index === answer.pick ? "card pick" : "card", "data-index": String(choice.index) },
      element("summary", {},
        element("span", { class: "place" }, String(i + 1)),
        element("div", {}, title, element("div", { class: "bar", role: "img", "aria-label": `${sure}` }, fill)),
        element("span", { class: "figure" }, element("strong", {}, sure),
          element("span", { class: "muted" }, choice.probability === null ? "score" : `score ${choice.score.toFixed(2)}`))));
    let filled = false;
    card.addEventListener("toggle", () => {
      if (!card.open || filled) return;
      filled = true;
      fillCard(card, prompt, language, texts[choice.index]);
    });
    if (i < 2) card.open = true;
    return card;
  });
  const calibrated = ranking[0].probability !== null;
  const note = element("p", { class: "summary muted" },
    `${ranking.length} candidate${ranking.length === 1 ? "" : "s"} by ${answer.strategy}, ${answer.usage.total_tokens} tokens. `,
    calibrated ? "Percentages are the probability of being right." : "This reranker was never calibrated, so its scores order the candidates but are no probabilities.");
  results.replaceChildren(note, ...cards);
  if (ranking.length > 1) showDifference(cards[1], texts[ranking[0].index], texts[ranking[1].index]);
  results.dataset.ranking = ranking.map((choice) => choice.index + 1).join(" ");
}

function percent(probability) {
  if (probability < 0.01) return "< 1 %";
  return probability > 0.99 ? "> 99 %" : `${Math.round(100 * probability)} %`;
}

async function fillCard(card, prompt, language, text) {
  const body = element("div", { class: "body" }, element("pre", {}, ...visible(text)));
  card.append(body);
  try {
    const answer = await ask("v1/inspect", { prompt, candidate: text, language });
    const { pre, tokens } = codeBlock(text, answer.spans, answer.steps);
    body.replaceChildren(pre);
    if (answer.steps.length) body.append(element("h3", {}, "How the score moved"), heatStrip(answer.steps, tokens));
  } catch (error) {
    body.append(element("p", { class: "muted" }, error.message));
  }
}

function showDifference(before, first, second) {
  const lines = difference(first, second);
  if (!lines || lines.every(([kind]) => kind === "same")) return;
  const card = element("details", { class: "card", id: "difference" },
    element("summary", {}, element("span", { class: "place", "aria-hidden": "true" }, "±"),
      element("span", { class: "title" }, "First against second"),
      element("span", { class: "muted" }, "lines that differ")),
    element("div", { class: "body" }, differenceBlock(lines)));
  card.open = true;
  before.after(card);
}

// ---- wiring

form.addEventListener("submit", (event) => { event.preventDefault(); rank(); });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); rank(); }
});
at("candidates").addEventListener("input", () => { samples = null; showCount(); });
at("candidates").addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text") ?? "";
  if (!text.trimStart().startsWith("{")) return;
  event.preventDefault();
  take(text);
});
at("example").addEventListener("click", () => {
  at("tasks").hidden = true;
  show({ prompt: EXAMPLE.prompt, language: "py", candidates: EXAMPLE.candidates.map((text) => ({ text })) });
  rank();
});
at("task").addEventListener("change", (event) => { show(tasks[Number(event.target.value)]); rank(); });
at("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) take(await file.text());
});
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  at("drop").hidden = false;
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) at("drop").hidden = true; });
document.addEventListener("drop", async (event) => {
  at("drop").hidden = true;
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  take(await file.text());
});
at("languages").append(...LANGUAGES.map((value) => element("option", { value })));

try {
  const [models, strategies] = await Promise.all([ask("v1/models"), ask("v1/strategies")]);
  at("model").textContent = models.data[0].id;
  at("strategy").replaceChildren(...strategies.data.map((name) => element("option", name === "reward" ? { selected: "" } : {}, name)));
} catch (error) {
  fail(error instanceof TypeError ? "The server cannot be reached." : error.message);
}
