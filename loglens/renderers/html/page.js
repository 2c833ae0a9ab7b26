  // ---- the buttons over a run's plots ---------------------------------------------------------------
  class Tools {
    constructor(bar, axes, plots) {
      Object.assign(this, { axes, plots, moves: false, weight: 0 });
      const all = (act) => () => { for (const axis of axes) act(axis); };
      const button = (text, label, act) => {
        const node = tag("button", { type: "button", textContent: text, title: label }, bar);
        node.setAttribute("aria-label", label);
        node.addEventListener("click", act);
        return node;
      };
      this.smoothing(bar);
      const timed = axes.filter((axis) => axis.clock);
      if (timed.length) {
        const wall = button("Wall time", "Wall time instead of steps", () => {
          for (const axis of timed) { axis.timed = !axis.timed; axis.redraw(); }
          wall.setAttribute("aria-pressed", String(timed[0].timed));
        });
        wall.setAttribute("aria-pressed", "false");
      }
      this.mode = button("Drag: zoom", "Dragging moves the view", () => {
        this.moves = !this.moves;
        this.mode.textContent = this.moves ? "Drag: move" : "Drag: zoom";
        this.mode.setAttribute("aria-pressed", String(this.moves));
        for (const plot of plots) plot.host.classList.toggle("moves", this.moves);
      });
      this.mode.setAttribute("aria-pressed", "false");
      button("←", "Move left", all((axis) => axis.move(-0.25)));
      button("−", "Zoom out", all((axis) => axis.zoom(1 / 0.6)));
      button("+", "Zoom in", all((axis) => axis.zoom(0.6)));
      button("→", "Move right", all((axis) => axis.move(0.25)));
      this.whole = button("Show all", "Show all steps", all((axis) => axis.reset()));
      bar.hidden = false;
    }
    smoothing(bar) {
      if (this.plots.every((plot) => plot instanceof HeatPlot)) return;
      const label = tag("label", { className: "smooth", textContent: "Smoothing " }, bar);
      const slider = tag("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: 0 }, label);
      const value = tag("output", { textContent: "0" }, label);
      slider.addEventListener("input", () => {
        this.weight = Number(slider.value);
        value.textContent = slider.value;
        for (const axis of this.axes) axis.redraw();
      });
    }
    update() { this.whole.disabled = !this.axes.some((axis) => axis.zoomed); }
  }

  function curvesOf(section) {
    const axes = new Map(), plots = [];
    for (const figure of section.querySelectorAll(".figure")) {
      const data = figures[figure.id];
      if (!axes.has(data.group)) axes.set(data.group, new Axis(data.axis));
      plots.push(new (data.kind === "heat" ? HeatPlot : LinePlot)(figure, data, axes.get(data.group)));
      if (data.kind === "heat") legend(figure, data);
    }
    const tools = new Tools(section.querySelector(".tools"), [...axes.values()], plots);
    for (const plot of plots) plot.tools = tools;
    const show = () => { for (const plot of plots) plot.show(); };
    for (const folded of [section.closest("details"), ...section.querySelectorAll("details")]) folded?.addEventListener("toggle", show);
    show();
  }
  for (const section of document.querySelectorAll(".curves")) curvesOf(section);

  function legend(figure, data) {
    const line = tag("span", { className: "legend small muted" }, figure.querySelector("figcaption"));
    const end = (value) => told(Number((data.percent ? 100 * value : value).toPrecision(3))) + (data.percent ? " %" : "");
    tag("span", { textContent: end(data.low) }, line);
    const bar = make("svg", { width: 90, height: 10, "aria-hidden": "true", focusable: "false" });
    data.ramp.forEach((fill, i) => make("rect", { x: i * 9, y: 0, width: 9.5, height: 10, fill }, bar));
    line.append(bar);
    tag("span", { textContent: `${end(data.high)} (log)` }, line);
    if (data.bad) {
      const pair = tag("span", { className: "pair" }, line);
      const box = make("svg", { width: 10, height: 10, "aria-hidden": "true", focusable: "false" });
      make("rect", { class: "bad-cell", width: 10, height: 10 }, box);
      pair.append(box, " not finite");
    }
  }

  // ---- tabs and copy buttons -------------------------------------------------------------------------
  for (const box of document.querySelectorAll(".snippets")) {
    const parts = [...box.querySelectorAll(".snippet")];
    const bar = tag("div", { className: "bar-of-tabs" });
    const list = tag("div", {}, bar);
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Framework");
    const tabs = parts.map((part, i) => {
      const tab = tag("button", { type: "button", textContent: part.dataset.name, id: `${box.id}-tab${i}` }, list);
      tab.setAttribute("role", "tab");
      part.id = `${box.id}-part${i}`;
      tab.setAttribute("aria-controls", part.id);
      part.setAttribute("role", "tabpanel");
      part.setAttribute("aria-labelledby", tab.id);
      part.querySelector(".framework").hidden = true;
      return tab;
    });
    const choose = (chosen) => tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      parts[i].hidden = i !== chosen;
    });
    const everywhere = (name) => {
      for (const other of document.querySelectorAll(".snippets")) other.choose?.(name);
    };
    box.choose = (name) => {
      const i = parts.findIndex((part) => part.dataset.name === name);
      if (i >= 0) choose(i);
    };
    tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => everywhere(parts[i].dataset.name));
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        const next = (to + tabs.length) % tabs.length;
        everywhere(parts[next].dataset.name);
        tabs[next].focus();
      });
    });
    const copy = tag("button", { type: "button", className: "copy", textContent: "Copy" }, bar);
    copy.setAttribute("aria-label", "Copy the code");
    copy.addEventListener("click", async () => {
      const done = await copied(parts.find((part) => !part.hidden).querySelector("code"));
      copy.textContent = done ? "Copied ✓" : "Press Ctrl+C";
      live.textContent = done ? "Code copied" : "The code is selected; copy it with the keyboard";
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
    choose(0);
    box.prepend(bar);
  }

  async function copied(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      try { return document.execCommand("copy"); } catch { return false; }
    }
  }

  // ---- a link opens its run ------------------------------------------------------------------------------
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  for (const link of document.querySelectorAll(".overview a[href]")) link.addEventListener("click", () => {
    const target = document.getElementById(link.hash.slice(1));
    if (target) target.open = true;
  });
  follow();
