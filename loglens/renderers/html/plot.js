  // ---- one plot: its frame, axis of steps, marks of findings, and cursor; what is inside is drawn by a kind of plot ----
  class Plot {
    constructor(figure, data, axis) {
      Object.assign(this, { figure, data, axis, tools: null, shown: false });
      this.host = figure.querySelector(".plot");
      this.name = figure.querySelector(".name").textContent;
      const note = figure.querySelector(".told"), host = this.host;
      note.id = `${figure.id}-told`;
      host.tabIndex = 0;
      host.setAttribute("role", "application");
      host.setAttribute("aria-roledescription", "interactive plot");
      host.setAttribute("aria-label", `${this.name}. ${KEYS}`);
      host.setAttribute("aria-describedby", note.id);
      axis.join(this, data.span, data.clock);
      listenToPointer(this);
      listenToKeys(this);
    }

    show() {
      if (this.shown || !this.host.clientWidth) return;
      this.shown = true;
      this.host.replaceChildren();
      this.fit();
      this.svg = make("svg", { "aria-hidden": "true", focusable: "false" }, this.host);
      this.tip = tag("div", { className: "tip", hidden: true }, this.host);
      this.draw();
      new ResizeObserver(() => this.host.clientWidth && this.host.clientWidth !== this.width && this.draw()).observe(this.host);
    }

    // what a kind of plot has its own way of: its height, its left margin, where a step lies, and what follows a drawing
    fit() {}
    margin() { return 52; }
    place(step) { return this.axis.place(step); }
    stepAt(place) { return this.axis.stepAt(place); }
    drawn() {}
    get timed() { return this.axis.timed; }

    ends() { return this.axis.view.map((step) => this.place(step)); }
    x(step) {
      const [low, high] = this.ends();
      return this.left + ((this.place(step) - low) / (high - low || 1)) * this.wide;
    }
    step(x) {
      const [low, high] = this.ends();
      return this.stepAt(low + ((x - this.left) / this.wide) * (high - low));
    }

    draw() {
      const svg = this.svg;
      svg.replaceChildren();
      this.width = this.host.clientWidth;
      this.height = this.host.clientHeight;
      this.left = this.margin();
      this.top = this.data.marks.length ? 20 : 8;
      this.wide = Math.max(this.width - this.left - 10, 20);
      this.tall = this.height - this.top - 24;
      this.bottom = this.top + this.tall;
      svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      const id = `${this.figure.id}-clip`;
      make("rect", { x: this.left, y: this.top, width: this.wide, height: this.tall }, make("clipPath", { id }, make("defs", {}, svg)));
      this.drawInside(() => make("g", { "clip-path": `url(#${id})` }, svg));
      this.drawSteps();
      this.drawMarks(make("g", { "clip-path": `url(#${id})` }, svg));
      this.over = make("g", {}, svg);
      this.cursor();
      this.tools?.update();
      this.drawn();
    }

    drawSteps() {
      const [low, high] = this.ends(), most = clamp(this.wide / 84, 2, 10);
      const ticks = this.timed
        ? timeTicks(low, high, most).map((value) => [value, lasting(value)])
        : linearTicks(low, high, most).filter(([value, unit]) => !(value % 1 && unit < 1)).map(([value]) => [value, count.format(value)]);
      for (const [value, text] of ticks) {
        const x = this.left + ((value - low) / (high - low || 1)) * this.wide;
        make("path", { class: "frame", d: `M${x} ${this.bottom}v4` }, this.svg);
        const edge = x > this.left + this.wide - 16 ? "end" : x < this.left + 16 ? "start" : "middle";
        make("text", { x: edge === "end" ? this.left + this.wide : x, y: this.bottom + 16, "text-anchor": edge }, this.svg, text);
      }
      make("path", { class: "frame", d: `M${this.left} ${this.bottom}h${this.wide}` }, this.svg);
      if (!this.timed && this.axis.name !== "step") make("text", { x: this.left - 6, y: this.bottom + 16, "text-anchor": "end" }, this.svg, this.axis.name);
    }

    // the onsets in view: a line each, and numbered flags for the findings that rest on this plot
    flagged(mark) { return mark.own; }
    drawMarks(layer) {
      const [low, high] = this.axis.view;
      const shown = this.data.marks.filter((mark) => mark.step >= low && mark.step <= high).sort((a, b) => a.step - b.step || a.n - b.n);
      for (const mark of shown) {
        const x = this.x(mark.step);
        make("path", { class: `onset ${mark.severity}${mark.own ? "" : " other"}`, d: `M${x} ${this.top}V${this.bottom}` }, layer);
      }
      const flags = shown.filter((mark) => this.flagged(mark));
      const places = [];
      for (const mark of flags) places.push(Math.max(this.x(mark.step), (places.at(-1) ?? -Infinity) + 17));
      for (let i = places.length - 1, edge = this.left + this.wide; i >= 0; i--) { places[i] = Math.min(places[i], edge); edge = places[i] - 17; }
      flags.forEach((mark, i) => {
        const group = make("g", { class: mark.severity }, this.svg);
        make("circle", { class: "flag", cx: places[i], cy: 9, r: 7.5 }, group);
        make("text", { class: "in-flag", x: places[i], y: 12.6, "text-anchor": "middle" }, group, mark.n);
      });
      if (flags.length === 1) this.label(flags[0], places[0]);
    }
    label(mark, x) {
      const text = `${mark.name}, ${this.axis.name} ${count.format(mark.step)}`, long = text.length * 6.2;
      const right = x + 12 + long < this.width;
      if (!right && x - 12 - long <= 0) return;
      make("text", { class: "label", x: right ? x + 12 : x - 12, y: 13, "text-anchor": right ? "start" : "end" }, make("g", { class: mark.severity }, this.svg), text);
    }

    // ---- the cursor: what is there is read by the kind of plot
    get pointedAt() { return this.axis.source === this; }
    cursor() {
      this.over.replaceChildren();
      this.unread();
      const [low, high] = this.axis.view, at = this.axis.at;
      const hidden = at === null || at < low - 1e-9 || at > high + 1e-9;
      this.tip.hidden = hidden || !this.pointedAt;
      if (hidden) return;
      const reading = this.read(), x = clamp(reading.x, this.left, this.left + this.wide);
      make("path", { class: "cursor", d: `M${Math.round(x) + 0.5} ${this.top}V${this.bottom}` }, this.over);
      this.point(reading, x);
      if (this.pointedAt) this.showTip(reading, x);
    }
    unread() {}
    showTip(reading, x) {
      this.tip.replaceChildren();
      tag("div", { textContent: this.axis.told(reading.step) }, this.tip);
      for (const value of reading.values) {
        const line = tag("div", { className: `curve ${value.hue ?? ""}` }, this.tip);
        tag("span", { textContent: value.name.length > 40 ? `${value.name.slice(0, 19)}…${value.name.slice(-20)}` : value.name }, line);
        tag("b", { textContent: value.text }, line);
      }
      const half = this.tip.offsetWidth + 14;
      this.tip.style.left = `${x + half > this.width ? Math.max(x - half, 0) : x + 14}px`;
    }
    say() {
      const reading = this.read();
      live.textContent = `${this.axis.name} ${count.format(Math.round(reading.step))}: ${reading.values.map((value) => `${value.name} ${value.text}`).join(", ")}`;
    }
    brush(from, to) {
      const [a, b] = [from, to].map((x) => clamp(x, this.left, this.left + this.wide)).sort((x, y) => x - y);
      if (b - a > 3) make("rect", { class: "brush", x: a, y: this.top, width: b - a, height: this.tall }, this.over);
    }
  }
