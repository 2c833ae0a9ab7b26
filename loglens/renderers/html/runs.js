  // ---- the table of many runs: sort, filter, choose columns, overlay curves ---------------------------------
  const PAGE_ROWS = 100;
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
    const state = { sort: null, down: false, most: PAGE_ROWS, verdicts: new Set(), cause: "", query: "" };

    // ---- cells
    const words = (column, value) => {
      if (value === null) return "–";
      if (typeof value === "string") return value;
      return column.kind === "time" ? lasting(value) : told(value);
    };
    const cells = (row) => {
      const node = row.node;
      while (node.cells.length > fixed + 1) node.lastChild.remove();
      const line = node.cells[3], curve = data.curves.find((kind) => kind.curves[row.n])?.curves[row.n];
      if (curve && !line.firstChild) sparkline(line, curve);
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
      box.addEventListener("change", () => overlay.pick(row, box.checked));
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

    const overlay = new Overlay(more, data.curves);
    heads();
    refresh();
    table.classList.remove("first");
    if (data.curves.length) return;
    for (const row of rows) row.pick.disabled = true;
  }
