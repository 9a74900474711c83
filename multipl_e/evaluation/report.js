// The list of failures: filtered as one types, drawn a page at a time, filled in when opened.
// Code arrives as highlighted, escaped HTML; everything else is set as text.
(() => {
  const PAGE = 50;
  const { tasks, rows } = JSON.parse(document.getElementById("data").textContent);
  const form = document.querySelector(".filters");
  const list = document.getElementById("list");
  const more = document.getElementById("more");
  const count = document.getElementById("count");
  const plain = document.createElement("div");
  let found = [];

  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const searchable = (row) => {
    if (row.text === undefined) {
      plain.innerHTML = row.code;
      row.text = [row.name, plain.textContent, row.stderr, row.stdout].join("\n").toLowerCase();
    }
    return row.text;
  };

  const block = (label, fill) => {
    const pre = element("pre", "code");
    pre.tabIndex = 0;
    fill(pre);
    return [element("p", "label", label), pre];
  };

  const folded = (label, write) => {
    const details = element("details", "");
    const pre = element("pre", "code");
    pre.tabIndex = 0;
    details.append(element("summary", "", label), pre);
    details.addEventListener("toggle", () => write(pre), { once: true });
    return details;
  };

  const fill = (details, row) => {
    const task = tasks[row.task];
    details.append(...block(row.prompted ? "Completion" : "Program", (pre) => { pre.innerHTML = row.code; }));
    for (const [label, text] of [["Error output", row.stderr], ["Output", row.stdout]])
      if (text) details.append(...block(label, (pre) => { pre.textContent = text; }));
    if (task.prompt) details.append(folded("Prompt", (pre) => { pre.innerHTML = task.prompt; }));
    details.append(folded("Tests", (pre) => { pre.textContent = task.tests; }));
  };

  const item = (row) => {
    const details = element("details", "");
    const summary = element("summary", "", `${row.name} · ${row.language} · sample ${row.index}`);
    const about = `exit code ${row.exit}, ${Number(row.seconds).toFixed(2)} s`;
    summary.append(element("span", "status", row.status), element("span", "note", about));
    details.append(summary);
    details.addEventListener("toggle", () => fill(details, row), { once: true });
    return details;
  };

  const draw = () => {
    const start = list.childElementCount;
    list.append(...found.slice(start, start + PAGE).map(item));
    const left = found.length - list.childElementCount;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(PAGE, left)} more of ${left}`;
  };

  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.text.toLowerCase().trim();
    found = rows.filter((row) =>
      (!wanted.language || row.language === wanted.language) &&
      (!wanted.status || row.status === wanted.status) &&
      (!wanted.sign || String(row.sign) === wanted.sign) &&
      (!words || searchable(row).includes(words)));
    count.textContent = `${found.length} of ${rows.length}`;
    list.replaceChildren();
    draw();
  };

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", draw);
  filter();
})();
