  // ---- the curves of the runs that are picked in the table, drawn over each other ---------------------------------------
  const MOST_OVERLAID = 10;
  class Overlay {
    constructor(after, kinds) {
      this.kinds = kinds;
      this.picked = new Set();
      this.box = tag("div", { className: "curves overlay", hidden: true });
      after.after(this.box);
    }

    pick(row, on) {
      if (on && this.picked.size >= MOST_OVERLAID) {
        row.pick.checked = false;
        live.textContent = `At most ${MOST_OVERLAID} runs can be overlaid`;
        return;
      }
      if (on) this.picked.add(row); else this.picked.delete(row);
      row.pick.checked = on;
      this.draw();
    }

    clear() {
      for (const row of this.picked) row.pick.checked = false;
      this.picked.clear();
      this.draw();
    }

    draw() {
      const picked = [...this.picked];
      this.box.hidden = !picked.length;
      this.box.replaceChildren();
      if (!picked.length) return;
      const top = tag("div", { className: "head" }, this.box);
      tag("h3", { className: "part", textContent: `${picked.length} run${picked.length === 1 ? "" : "s"} overlaid` }, top);
      const tools = tag("div", { className: "tools", hidden: true }, top);
      tools.setAttribute("role", "toolbar");
      tools.setAttribute("aria-label", "Zoom of the overlaid curves");
      tag("button", { type: "button", textContent: "Clear" }, top).addEventListener("click", () => this.clear());
      const plots = tag("div", { className: "plots" }, this.box);
      this.kinds.forEach((kind, k) => {
        const curves = picked.flatMap((row, place) => (kind.curves[row.n] ? [{ ...kind.curves[row.n], name: row.name, hue: `c${place}` }] : []));
        if (curves.length) figures[`overlay${k}`] = overlaid(plots, `overlay${k}`, kind, curves);
      });
      curvesOf(this.box);
      live.textContent = `${picked.length} runs overlaid`;
    }
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
