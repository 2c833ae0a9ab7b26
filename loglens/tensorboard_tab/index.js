// The tab: a list of runs with their verdicts, and the report on the one that is chosen in a frame of its own.
// What comes from a log is put into the page as text, never as markup.
const SHOWN = 100, SOON = 1000, LATER = 10000, COLLATED = 300;
const ORDER = ["failed", "suspect", "not-judged", "unclear", "healthy"];
const WORDS = { failed: "Failed", suspect: "Suspect", "not-judged": "Not judged", unclear: "Unclear", healthy: "Healthy" };
const at = (name) => new URL(name, import.meta.url).href;

const make = (name, properties = {}, parent = null) => {
  const node = Object.assign(document.createElement(name), properties);
  if (parent) parent.append(node);
  return node;
};
const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));
const runs = (number) => `${number.toLocaleString("en-US")} run${number === 1 ? "" : "s"}`;

export async function render() {
  try {
    await start();
  } catch (error) {
    document.body.textContent = `The loglens tab cannot be shown: ${error}`;
  }
}

async function start() {
  document.documentElement.lang = "en";
  document.title = "loglens";
  const theme = await themed();
  const page = build();
  const state = { rows: new Map(), items: new Map(), revision: 0, chosen: null, verdicts: new Set(), most: SHOWN, judging: true, waiting: 0, asked: linked() };
  const detail = new Detail(page, theme);
  page.filter.value = state.asked.filter ?? "";

  // ---- which runs are listed
  const tested = () => {
    const text = page.filter.value;
    page.filter.removeAttribute("aria-invalid");
    if (!text) return () => true;
    try {
      const pattern = new RegExp(text, "i"); // as TensorBoard's own filter
      return (row) => pattern.test(row.name) || row.names.some((name) => pattern.test(name));
    } catch {
      page.filter.setAttribute("aria-invalid", "true");
      return (row) => row.name.toLowerCase().includes(text.toLowerCase());
    }
  };
  const list = () => {
    const all = [...state.rows.values()], fits = tested(), named = all.filter(fits);
    const found = named.filter((row) => !state.verdicts.size || state.verdicts.has(row.verdict));
    const collator = new Intl.Collator("en", { numeric: true });
    found.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || collator.compare(a.name, b.name));
    page.choices.replaceChildren();
    for (const verdict of ORDER) {
      const many = named.filter((row) => row.verdict === verdict).length;
      if (!many && !state.verdicts.has(verdict)) continue;
      const button = make("button", { type: "button", className: verdict, textContent: `${WORDS[verdict]} ${many}` }, page.choices);
      pressed(button, state.verdicts.has(verdict));
      button.addEventListener("click", () => {
        if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
        list();
        [...page.choices.children].find((other) => other.className === verdict)?.focus();
      });
    }
    const shown = found.slice(0, state.most).map((row) => state.items.get(row.key));
    if (all.length > 1) shown.unshift(page.all);
    const focused = document.activeElement;
    page.list.replaceChildren(...shown.map((item) => item.parentElement));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    page.more.hidden = found.length <= state.most;
    page.tally.textContent = found.length === all.length ? runs(all.length) : `${found.length.toLocaleString("en-US")} of ${runs(all.length)}`;
    page.all.lastChild.textContent = found.length === all.length ? `All ${runs(all.length)}` : `The ${runs(found.length)} listed`;
    state.found = found;
    open();
  };

  // ---- which report is shown
  const choose = (key) => {
    state.chosen = key;
    page.root.classList.add("chosen");
    open(true);
  };
  const open = (now = false) => {
    if (state.asked.run) {
      const row = [...state.rows.values()].find(({ name, names }) => name === state.asked.run || names.includes(state.asked.run));
      if (row) { state.chosen = row.key; state.asked.run = null; page.root.classList.add("chosen"); }
    }
    if (state.chosen && !state.rows.has(state.chosen)) state.chosen = null;
    if (!state.chosen && state.rows.size === 1 && !state.judging) [state.chosen] = state.rows.keys(); // and it stays so when others come
    const key = state.chosen ?? "";
    for (const item of [page.all, ...state.items.values()]) {
      if (item.dataset.key === key) item.setAttribute("aria-current", "true"); else item.removeAttribute("aria-current");
    }
    if (key) return detail.show(key, state.rows.get(key).version, now);
    if (!state.rows.size || (state.judging && state.waiting)) return detail.wait(state);
    const some = state.found?.length === state.rows.size || state.found?.length > 1500 ? [] : (state.found ?? []).map((row) => row.key);
    if (state.found && !state.found.length) return detail.say("No run fits the filter.");
    detail.show(some.join(","), state.revision, now);
  };
  detail.onName = (name) => {
    const row = [...state.rows.values()].find((one) => one.name === name);
    if (row) choose(row.key);
  };

  // ---- what the server says
  const take = (said) => {
    if (said.error) return page.fail(said.error);
    page.fail("");
    const known = new Set(said.keys);
    for (const key of [...state.rows.keys()]) if (!known.has(key)) { state.rows.delete(key); state.items.delete(key); }
    for (const row of said.rows) {
      state.rows.set(row.key, row);
      const item = state.items.get(row.key) ?? make("button", { type: "button", className: "item" }, make("li"));
      item.dataset.key = row.key;
      item.onclick = () => choose(row.key);
      fill(item, row);
      state.items.set(row.key, item);
    }
    const changed = said.rows.length || said.keys.length !== state.many || said.judging !== state.judging || said.waiting !== state.waiting;
    Object.assign(state, { revision: said.revision, judging: said.judging, waiting: said.waiting, many: said.keys.length, unread: said.unread });
    const left = said.waiting ? `, ${said.waiting.toLocaleString("en-US")} log${said.waiting === 1 ? "" : "s"} left` : "";
    page.status.textContent = said.judging ? `Judging${left} …` : `As of ${new Date().toLocaleTimeString("en-GB")}`;
    page.root.classList.toggle("busy", said.judging);
    page.unread.hidden = !said.unread.length;
    page.unread.firstChild.textContent = `${said.unread.length} could not be read`;
    page.reasons.replaceChildren();
    for (const { path, why } of said.unread) {
      make("dt", { textContent: path }, page.reasons);
      make("dd", { textContent: why }, page.reasons);
    }
    if (changed) list();
  };
  let timer = null, again = false, asking = false, away = false;
  const inSight = () => !document.hidden && innerWidth * innerHeight > 0; // TensorBoard makes a tab that is not chosen 0 high
  const poll = async () => {
    clearTimeout(timer);
    away = !inSight(); // nobody looks: nothing is judged
    if (asking || away) return;
    asking = true;
    let soon = LATER;
    try {
      const answer = await fetch(at(`runs?since=${state.revision}${again ? "&again=1" : ""}`), { cache: "no-store" });
      again = false;
      if (!answer.ok) throw new Error(await answer.text());
      const said = await answer.json();
      take(said);
      if (said.judging && !said.error) soon = SOON;
    } catch (error) {
      page.fail(error instanceof TypeError ? "TensorBoard does not answer." : String(error.message ?? error));
    }
    asking = false;
    timer = setTimeout(poll, soon);
  };
  page.retry.addEventListener("click", () => { again = true; poll(); });
  page.filter.addEventListener("input", () => { state.most = SHOWN; clearTimeout(state.typing); state.typing = setTimeout(list, COLLATED); });
  page.all.addEventListener("click", () => choose(null));
  page.more.addEventListener("click", () => { state.most += SHOWN; list(); });
  page.list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], items = [...page.list.querySelectorAll(".item")];
    if (!by) return;
    event.preventDefault();
    items[Math.min(Math.max(items.indexOf(document.activeElement) + by, 0), items.length - 1)]?.focus();
  });
  page.back.addEventListener("click", () => { page.root.classList.remove("chosen"); page.list.querySelector("[aria-current]")?.focus(); });
  theme.changed = () => open(true);
  document.addEventListener("visibilitychange", poll);
  setInterval(() => { if (away && inSight()) poll(); }, SOON);
  heard(poll);
  poll();
}

// ---- the parts of the page
function build() {
  document.body.replaceChildren();
  document.body.className = "tab";
  const root = document.body, side = make("aside", {}, root);
  side.setAttribute("aria-label", "Runs");
  const head = make("div", { className: "over" }, side);
  const tally = make("h1", { textContent: "Diagnosis" }, head);
  const status = make("p", { className: "muted small status", textContent: "Judging …" }, head);
  const alert = make("div", { className: "alert", hidden: true }, side), said = make("p", {}, alert);
  alert.setAttribute("role", "alert");
  const retry = make("button", { type: "button", textContent: "Try again" }, alert);
  const filter = make("input", { type: "search", placeholder: "Filter runs (regex)", spellcheck: false }, side);
  filter.setAttribute("aria-label", "Filter runs by a regular expression");
  const choices = make("div", { className: "choices" }, side);
  choices.setAttribute("role", "group");
  choices.setAttribute("aria-label", "Verdicts");
  const scroller = make("div", { className: "scroller" }, side), list = make("ol", { className: "list" }, scroller);
  const all = make("button", { type: "button", className: "item all" }, make("li"));
  all.dataset.key = "";
  make("strong", {}, all);
  const more = make("button", { type: "button", className: "more", textContent: `Show ${SHOWN} more`, hidden: true }, scroller);
  const unread = make("details", { className: "unread", hidden: true }, scroller);
  make("summary", {}, unread);
  const reasons = make("dl", { className: "small" }, unread);
  const main = make("main", {}, root), bar = make("div", { className: "bar" }, main);
  const back = make("button", { type: "button", className: "back-to-list", textContent: "← All runs" }, bar);
  const fresh = make("button", { type: "button", className: "fresh", textContent: "New data: show it", hidden: true }, bar);
  const alone = make("a", { className: "small", target: "_blank", rel: "noopener", textContent: "Open by itself", hidden: true }, bar);
  const pane = make("div", { className: "pane" }, main);
  const fail = (text) => {
    alert.hidden = !text;
    said.textContent = text;
    if (text) status.textContent = "";
  };
  return { root, tally, status, fail, retry, filter, choices, list, all, more, unread, reasons, back, fresh, alone, pane };
}

function fill(item, row) {
  item.replaceChildren();
  item.classList.toggle("ended", row.stage === "ended");
  const top = make("span", { className: "line" }, item);
  const badge = make("span", { className: `badge ${row.verdict}` }, top);
  make("span", { className: "mark", textContent: row.mark }, badge).setAttribute("aria-hidden", "true");
  badge.append(` ${row.word}`);
  if (row.stage === "growing") make("span", { className: "live small", textContent: "growing" }, top);
  if (row.stage === "still") make("span", { className: "muted small", textContent: "stands still" }, top);
  make("span", { className: "muted small step", textContent: [row.step, row.rate].filter(Boolean).join(" · ") }, top);
  make("strong", { className: "title", textContent: row.name }, item);
  if (row.chain.length) {
    const chain = make("span", { className: "chain-of" }, item);
    for (const { name, when, severity } of row.chain) {
      const link = make("span", { className: `link ${severity}` }, chain);
      make("b", { textContent: name }, link);
      if (when) link.append(` ${when}`);
    }
  } else make("span", { className: "muted sum", textContent: row.sentence }, item);
  if (!row.sure) make("span", { className: "muted small", textContent: "Not sure yet: the run still grows." }, item);
  if (row.spark) make("span", { className: "curve-of", innerHTML: row.spark }, item); // numbers only, made by our own server
}

// ---- the report in its frame
class Detail {
  constructor(page, theme) {
    Object.assign(this, { page, theme, frame: null, wanted: "", version: "" });
    page.fresh.addEventListener("click", () => this.load());
  }
  say(text) {
    if (this.frame || this.said !== text) {
      this.said = text;
      this.frame = null;
      this.wanted = "";
      this.page.pane.replaceChildren();
      make("p", { className: "muted empty", textContent: text }, this.page.pane);
      this.page.fresh.hidden = this.page.alone.hidden = true;
    }
  }
  wait({ rows, judging, waiting, unread }) {
    if (judging) this.say(waiting ? `Judging: ${rows.size.toLocaleString("en-US")} done, ${waiting.toLocaleString("en-US")} to go.` : "Looking for runs …");
    else this.say(unread?.length ? "No run could be read; the list says why." : "There is no run yet. It is shown here as soon as its log has data.");
  }
  show(keys, version, now) {
    const wanted = at(`report?${new URLSearchParams({ runs: keys, theme: this.theme.name })}`);
    if (wanted === this.wanted && version === this.version) return;
    const same = wanted === this.wanted;
    Object.assign(this, { wanted, version });
    this.page.alone.href = at(`report?${new URLSearchParams({ runs: keys })}`);
    this.page.alone.hidden = false;
    if (same && !now && this.inUse()) { this.page.fresh.hidden = false; return; }
    this.load(same);
  }
  // whether the reader has zoomed or selected something that a new report would take away
  inUse() {
    const inside = this.frame?.contentDocument;
    if (!inside) return false;
    const zoomed = [...inside.querySelectorAll(".tools button:last-child")].some((button) => !button.disabled);
    return zoomed || !inside.getSelection().isCollapsed || [...inside.querySelectorAll("input")].some((box) => box.checked || (box.type === "search" && box.value));
  }
  load(same = true) {
    this.page.fresh.hidden = true;
    this.said = null;
    const next = make("iframe", { title: "Report", className: "next" }), wanted = this.wanted;
    next.addEventListener("load", () => {
      if (wanted !== this.wanted) return next.remove();
      if (same && this.frame) keep(this.frame, next);
      for (const other of [...this.page.pane.children]) if (other !== next) other.remove();
      next.className = "";
      this.frame = next;
      for (const cell of next.contentDocument?.querySelectorAll("table.runs tbody th") ?? []) {
        const name = cell.textContent;
        const link = Object.assign(next.contentDocument.createElement("a"), { href: "#" });
        link.append(...cell.childNodes); // with the places where a long name may be broken
        link.addEventListener("click", (event) => { event.preventDefault(); this.onName(name); });
        cell.append(link);
      }
    });
    next.src = wanted;
    this.page.pane.append(next);
  }
}

// what a reader had opened, and how far it was scrolled
function keep(before, after) {
  const [old, fresh] = [before.contentDocument, after.contentDocument];
  if (!old || !fresh) return;
  const opened = [...old.querySelectorAll("details")], here = [...fresh.querySelectorAll("details")];
  if (opened.length === here.length) opened.forEach((one, i) => { here[i].open = one.open; });
  after.contentWindow.scrollTo({ top: before.contentWindow.scrollY, behavior: "instant" });
}

// ---- light or dark, as TensorBoard is
async function themed() {
  const theme = { name: "light", changed: () => {} };
  const above = (() => { try { return parent === window ? null : parent.document.body; } catch { return null; } })();
  const media = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (above ? above.classList.contains("dark-mode") : media.matches);
  const sheet = async (href) => {
    const link = make("link", { rel: "stylesheet", href: at(href) }, document.head);
    await new Promise((done) => { link.onload = link.onerror = done; });
    return link;
  };
  let now = null;
  const set = async () => {
    const name = dark() ? "dark" : "light";
    if (now && name === theme.name) return;
    theme.name = name;
    const before = now;
    now = await sheet(`style.css?theme=${name}`);
    before?.remove();
    if (own) document.head.append(own); // after the style that both pages share
    theme.changed();
  };
  let own = null;
  await set();
  own = await sheet("tab.css");
  if (above) new MutationObserver(set).observe(above, { attributes: true, attributeFilter: ["class"] });
  media.addEventListener("change", set);
  return theme;
}

// ---- TensorBoard's address: #loglens&p.loglens.run=NAME&p.loglens.filter=REGEX
function linked() {
  try {
    const found = [...parent.location.hash.matchAll(/&p\.loglens\.(run|filter)=([^&]*)/g)];
    return Object.fromEntries(found.map(([, name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return {};
  }
}

// ---- what TensorBoard tells its plugins: that it has loaded data
function heard(hear) {
  if (parent === window) return;
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (said.isReply) return;
    channel.port1.postMessage(JSON.stringify({ type: said.type, id: said.id, payload: null, error: null, isReply: true }));
    if (said.type === "experimental.RunsChanged" || said.type === "experimental.DataReloaded") hear();
  };
  parent.postMessage("experimental.bootstrap", location.origin, [channel.port2]);
}
