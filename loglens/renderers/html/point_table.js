  // ---- the points of a plot that are in view, as a table, and as CSV to copy ------------------------------------------
  class PointTable {
    constructor(plot) {
      this.plot = plot;
      this.box = null; // what is shown, once it is asked for
      const button = tag("button", { type: "button", className: "log", textContent: "Table" }, plot.figure.querySelector("figcaption"));
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => {
        this.box?.remove();
        this.box = this.box ? null : tag("div", { className: "values" }, plot.figure);
        button.setAttribute("aria-expanded", String(!!this.box));
        this.update();
      });
    }

    // a row a step: the step, and the value of each curve
    rows() {
      const { axis, curves } = this.plot, [low, high] = axis.view, rows = new Map();
      curves.forEach((curve, k) => curve.x.forEach((step, i) => {
        if (step < low || step > high) return;
        if (!rows.has(step)) rows.set(step, curves.map(() => ""));
        rows.get(step)[k] = curve.y[i] ?? curve.bad.find(([first, last]) => first <= step && step <= last)?.[3] ?? "NaN";
      }));
      return [...rows].sort(([a], [b]) => a - b);
    }

    update() {
      if (!this.box) return;
      const rows = this.rows(), every = Math.max(Math.ceil(rows.length / TABLE_ROWS), 1);
      const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
      const names = [this.plot.axis.name, ...this.plot.curves.map((curve) => curve.name)];
      this.box.replaceChildren();
      const bar = tag("p", { className: "small muted", textContent: `${count.format(shown.length)} of ${count.format(rows.length)} points in view ` }, this.box);
      const copy = tag("button", { type: "button", textContent: "Copy all as CSV" }, bar);
      copy.addEventListener("click", () => this.copy(names, rows));
      const scroll = tag("div", { className: "scroll", tabIndex: 0 }, this.box);
      scroll.setAttribute("role", "group");
      scroll.setAttribute("aria-label", `Table of ${this.plot.name}`);
      const table = tag("table", {}, scroll), head = tag("tr", {}, tag("thead", {}, table)), body = tag("tbody", {}, table);
      for (const name of names) tag("th", { scope: "col", className: "right", textContent: name }, head);
      for (const [step, values] of shown) {
        const row = tag("tr", {}, body);
        tag("th", { scope: "row", className: "right", textContent: count.format(step) }, row);
        for (const value of values) tag("td", { className: "right", textContent: typeof value === "number" ? told(value) : value }, row);
      }
    }

    async copy(names, rows) {
      const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
      const text = [names, ...rows.map(([step, values]) => [step, ...values])].map((row) => row.map(quoted).join(",")).join("\n");
      const code = tag("code", { textContent: text, className: "hidden" }, this.box);
      live.textContent = (await copied(code)) ? `${count.format(rows.length)} points copied` : "The points could not be copied";
      code.remove();
    }
  }
