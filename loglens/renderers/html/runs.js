  // ---- the table of many runs: sort, filter, choose columns, overlay curves ---------------------------------
  const PAGE_ROWS = 100, MOST_OVERLAID = 10;
  const collator = new Intl.Collator("en", { numeric: true });
  if (figures.runs) runsTable(document.getElementById("runs"), figures.runs);

  function runsTable(section, data) {
    const table = section.querySelector("table"), head = table.tHead.rows[0], body = table.tBodies[0];
    const fixed = 4; // verdict, run, curve, summary
    const rows = [...body.rows].map((node, n) => {
      const cell = (i) => node.cells[i].textContent.trim().replace(/\s+/g, " ");
      const row = { node, n, name: cell(1), verdict: cell(0).replace(/^\S+ /, ""), text: `${cell(0)} ${cell(1)} ${cell(3)}` };
      row.text = [row.text, ...data.columns.filter((column) => column.kind === "text").map((column) => column.values[n] ?? "")].join(" ").toLowerCase();
      row.pick = picker(row);
      return row;
    });
    const order = ["Failed", "Suspect", "Not judged", "Unclear", "Healthy"];
    const named = [
      { title: "Verdict", kind: "text", values: rows.map((row) => order.indexOf(row.verdict)) },
      { title: "Run", kind: "text", values: rows.map((row) => row.name) },
      null, // a sparkline has no order
      { title: "Summary", kind: "text", values: rows.map((row) => row.node.cells[3].textContent) },
    ];
    const state = { sort: null, down: false, most: PAGE_ROWS, verdicts: new Set(), cause: "", query: "", picked: new Set() };

    // ---- cells
    const words = (column, value) => {
      if (value === null) return "–";
      if (typeof value === "string") return value;
      return column.kind === "time" ? lasting(value) : told(value);
    };
    const cells = (row) => {
      const node = row.node;
      while (node.cells.length > fixed + 1) node.lastChild.remove();
      for (const column of data.columns) if (column.shown) {
        const cell = tag("td", { textContent: words(column, column.values[row.n]), className: column.kind === "text" ? "" : "right" }, node);
        cell.setAttribute("role", "cell");
        cell.dataset.title = column.title;
      }
    };
    function picker(row) {
      const cell = document.createElement("td"), box = tag("input", { type: "checkbox" }, cell);
      cell.setAttribute("role", "cell");
      box.setAttribute("aria-label", `Overlay ${row.name}`);
      box.addEventListener("change", () => pick(row, box.checked));
      row.node.prepend(cell);
      return box;
    }

    // ---- heads: a button each that sorts
    const heads = () => {
      while (head.cells.length > fixed + 1) head.lastChild.remove();
      for (const column of data.columns) if (column.shown) sorter(tag("th", { scope: "col", className: column.kind === "text" ? "" : "right" }, head), column);
    };
    const sorter = (cell, column) => {
      cell.setAttribute("role", "columnheader");
      cell.replaceChildren();
      const button = tag("button", { type: "button", className: "sort", textContent: column.title }, cell);
      const arrow = tag("span", {}, button);
      arrow.setAttribute("aria-hidden", "true");
      const show = () => {
        arrow.textContent = state.sort !== column ? " ↕" : state.down ? " ↓" : " ↑";
        if (state.sort === column) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        else cell.removeAttribute("aria-sort");
      };
      cell.show = show;
      button.addEventListener("click", () => {
        if (state.sort === column && state.down) Object.assign(state, { sort: null, down: false });
        else Object.assign(state, { down: state.sort === column, sort: column });
        refresh();
      });
      show();
    };
    const first = document.createElement("th");
    first.scope = "col";
    first.setAttribute("role", "columnheader");
    tag("span", { className: "hidden", textContent: "Overlay" }, first);
    head.prepend(first);
    named.forEach((column, i) => column && sorter(head.cells[i + 1], column));

    // ---- what is shown
    const compare = (column) => {
      const sign = state.down ? -1 : 1;
      return (a, b) => {
        const [x, y] = [column.values[a.n], column.values[b.n]];
        const [p, q] = [x, y].map((value) => (value === null ? 2 : column.kind !== "text" && typeof value === "string" ? 1 : 0));
        if (p || q) return p - q; // runs without a value come last, whatever the order
        return sign * (typeof x === "number" && typeof y === "number" ? x - y : collator.compare(x, y)) || a.n - b.n;
      };
    };
    const refresh = () => {
      const tests = query(state.query, [...data.columns, ...named.filter(Boolean)]);
      const cause = data.columns.find((column) => column.title === "Cause");
      const found = rows.filter((row) =>
        (!state.verdicts.size || state.verdicts.has(row.verdict)) && (!state.cause || cause.values[row.n] === state.cause) && tests.every((test) => test(row)));
      if (state.sort) found.sort(compare(state.sort));
      const shown = found.slice(0, state.most);
      shown.forEach(cells);
      body.replaceChildren(...shown.map((row) => row.node));
      for (const cell of head.cells) cell.show?.();
      total.textContent = `${count.format(found.length)} of ${count.format(rows.length)} runs${shown.length < found.length ? `, ${count.format(shown.length)} shown` : ""}`;
      more.hidden = shown.length === found.length;
      state.found = found;
    };

    // ---- filters over the table
    const bar = tag("div", { className: "filters" });
    const label = tag("label", { textContent: "Search " }, bar);
    const box = tag("input", { type: "search", placeholder: "name, cause, lr>0.01 …" }, label);
    box.addEventListener("input", () => { state.query = box.value; state.most = PAGE_ROWS; refresh(); });
    const verdicts = tag("div", { className: "choices" }, bar);
    verdicts.setAttribute("role", "group");
    verdicts.setAttribute("aria-label", "Verdicts");
    for (const verdict of order) {
      const many = rows.filter((row) => row.verdict === verdict).length;
      if (!many) continue;
      const button = tag("button", { type: "button", textContent: `${verdict} ${count.format(many)}` }, verdicts);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
        button.setAttribute("aria-pressed", String(state.verdicts.has(verdict)));
        refresh();
      });
    }
    const causes = [...new Set(data.columns.find((column) => column.title === "Cause")?.values.filter(Boolean) ?? [])].sort();
    if (causes.length > 1) {
      const choice = tag("select", {}, tag("label", { textContent: "Cause " }, bar));
      for (const cause of ["", ...causes]) tag("option", { value: cause, textContent: cause || "any" }, choice);
      choice.addEventListener("change", () => { state.cause = choice.value; refresh(); });
    }
    const chooser = tag("details", { className: "columns" }, bar);
    tag("summary", { textContent: "Columns" }, chooser);
    const list = tag("div", { className: "menu" }, chooser);
    for (const column of data.columns) {
      const line = tag("label", {}, list), check = tag("input", { type: "checkbox", checked: column.shown }, line);
      line.append(` ${column.title}`);
      check.addEventListener("change", () => { column.shown = check.checked; heads(); refresh(); });
    }
    chooser.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { chooser.open = false; chooser.firstChild.focus(); }
    });
    const total = tag("p", { className: "muted small total" }, bar);
    total.setAttribute("role", "status");
    table.parentElement.before(bar);
    const more = tag("button", { type: "button", textContent: `Show ${PAGE_ROWS} more` });
    more.addEventListener("click", () => { state.most += PAGE_ROWS; refresh(); });
    table.parentElement.after(more);

    // ---- overlaid curves of the runs that are picked
    const overlay = tag("div", { className: "curves overlay", hidden: true });
    more.after(overlay);
    const pick = (row, on) => {
      if (on && state.picked.size >= MOST_OVERLAID) {
        row.pick.checked = false;
        live.textContent = `At most ${MOST_OVERLAID} runs can be overlaid`;
        return;
      }
      if (on) state.picked.add(row); else state.picked.delete(row);
      row.pick.checked = on;
      draw();
    };
    const draw = () => {
      const picked = [...state.picked];
      overlay.hidden = !picked.length;
      overlay.replaceChildren();
      if (!picked.length) return;
      const top = tag("div", { className: "head" }, overlay);
      tag("h3", { className: "part", textContent: `${picked.length} run${picked.length === 1 ? "" : "s"} overlaid` }, top);
      const tools = tag("div", { className: "tools", hidden: true }, top);
      tools.setAttribute("role", "toolbar");
      tools.setAttribute("aria-label", "Zoom of the overlaid curves");
      const none = tag("button", { type: "button", textContent: "Clear" }, top);
      none.addEventListener("click", () => { for (const row of picked) row.pick.checked = false; state.picked.clear(); draw(); });
      const plots = tag("div", { className: "plots" }, overlay);
      data.curves.forEach((kind, k) => {
        const curves = picked.flatMap((row, place) => (kind.curves[row.n] ? [{ ...kind.curves[row.n], name: row.name, hue: `c${place}` }] : []));
        if (curves.length) figures[`overlay${k}`] = overlaid(plots, `overlay${k}`, kind, curves);
      });
      curvesOf(overlay);
      live.textContent = `${picked.length} runs overlaid`;
    };
    heads();
    refresh();
    table.classList.remove("first");
    if (data.curves.length) return;
    for (const row of rows) row.pick.disabled = true;
  }

  function overlaid(parent, id, kind, curves) {
    const figure = tag("figure", { className: "figure", id }, parent), caption = tag("figcaption", {}, figure);
    tag("span", { className: "name", textContent: kind.title }, caption);
    for (const { name, hue } of curves) {
      const code = tag("code", { className: `curve ${hue}` }, caption);
      const key = make("svg", { width: 18, height: 8, "aria-hidden": "true", focusable: "false" }, code);
      make("path", { d: "M0 4h18" }, key);
      code.append(name.split("/").at(-1));
      tag("output", {}, code);
    }
    tag("div", { className: "plot" }, figure);
    tag("p", { className: "told small muted hidden", textContent: `${curves.length} runs` }, figure);
    const ends = curves.map(({ x }) => [x[0], x.reduce((sum, by) => sum + by, 0)]);
    const positive = curves.flatMap(({ y }) => y).filter((value) => value > 0);
    const span = [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
    const ratio = positive.reduce((high, value) => Math.max(high, value), 0) / positive.reduce((low, value) => Math.min(low, value), Infinity);
    return { kind: "lines", group: `overlay-${kind.axis}`, axis: kind.axis, span, marks: [], log: ratio >= 100, positive: ratio >= 10, curves };
  }

  // the tests of a query: words to find, and comparisons with a column such as lr>0.01
  function query(text, columns) {
    const parts = text.toLowerCase().match(/"[^"]*"|[^\s"]+/g) ?? [];
    return parts.map((part) => {
      const found = /^(.+?)(<=|>=|<|>|=)(.+)$/.exec(part.replaceAll('"', ""));
      const column = found && (columns.find(({ title }) => title.toLowerCase() === found[1]) ?? columns.find(({ title }) => title.toLowerCase().includes(found[1])));
      if (!column) { const word = part.replaceAll('"', ""); return (row) => row.text.includes(word); }
      const [, , sign, wanted] = found, limit = Number(wanted);
      return (row) => {
        const value = column.values[row.n];
        if (value === null) return false;
        if (sign === "=") return String(value).toLowerCase() === wanted || (typeof value === "number" && value === limit);
        if (typeof value !== "number") return false;
        return sign === "<" ? value < limit : sign === ">" ? value > limit : sign === "<=" ? value <= limit : value >= limit;
      };
    });
  }
