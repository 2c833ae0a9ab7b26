  // ---- one plot ----------------------------------------------------------------------------------
  class Plot {
    constructor(figure, data, axis, tools) {
      Object.assign(this, { figure, data, axis, tools, shown: false, row: 0, fingers: new Map() });
      this.host = figure.querySelector(".plot");
      this.heat = data.kind === "heat";
      if (this.heat) this.image = this.host.querySelector("img").src;
      else {
        this.log = data.log;
        this.curves = data.curves.map((curve, i) => {
          let sum = 0;
          return { ...curve, x: curve.x.map((by) => (sum += by)), hue: curve.hue ?? `c${i}` };
        });
        this.outputs = [...figure.querySelectorAll("figcaption output")];
        if (data.positive) this.switch();
      }
      const note = figure.querySelector(".told");
      note.id = `${figure.id}-told`;
      const host = this.host;
      host.tabIndex = 0;
      host.setAttribute("role", "application");
      host.setAttribute("aria-roledescription", "interactive plot");
      host.setAttribute("aria-label", `${figure.querySelector(".name").textContent}. ${KEYS}`);
      host.setAttribute("aria-describedby", note.id);
      if (!this.heat) this.tableButton();
      axis.join(this, data.span, data.clock);
      this.listen();
    }

    switch() {
      const button = tag("button", { type: "button", className: "log", textContent: "Log scale" }, this.figure.querySelector("figcaption"));
      const show = () => button.setAttribute("aria-pressed", String(this.log));
      this.flip = () => { this.log = !this.log; show(); this.draw(); live.textContent = this.log ? "logarithmic scale" : "linear scale"; };
      button.addEventListener("click", this.flip);
      show();
    }

    show() {
      if (this.shown || !this.host.clientWidth) return;
      this.shown = true;
      this.host.replaceChildren();
      if (this.heat) {
        const rows = this.data.rows.length;
        if (!this.data.ticks) this.host.style.height = `${clamp(rows * 20, Math.min(rows * 32, 190), 420) + 46}px`;
      }
      this.svg = make("svg", { "aria-hidden": "true", focusable: "false" }, this.host);
      this.tip = tag("div", { className: "tip", hidden: true }, this.host);
      this.draw();
      new ResizeObserver(() => this.host.clientWidth && this.host.clientWidth !== this.width && this.draw()).observe(this.host);
    }

    // a heat map keeps to steps: its columns are as wide as each other
    ends() { return this.heat ? this.axis.view : this.axis.view.map((step) => this.axis.place(step)); }
    x(step) {
      const [low, high] = this.ends();
      return this.left + (((this.heat ? step : this.axis.place(step)) - low) / (high - low || 1)) * this.wide;
    }
    step(x) {
      const [low, high] = this.ends(), place = low + ((x - this.left) / this.wide) * (high - low);
      return this.heat ? place : this.axis.stepAt(place);
    }

    draw() {
      const svg = this.svg;
      svg.replaceChildren();
      this.width = this.host.clientWidth;
      this.height = this.host.clientHeight;
      const names = this.data.ticks?.map(([, text]) => text) ?? this.data.rows ?? [];
      const longest = Math.max(0, ...names.map((name) => name.length));
      this.left = this.heat ? clamp(longest * 6.2 + 10, 30, Math.min(this.width * 0.34, 190)) : 52;
      this.top = this.data.marks.length ? 20 : 8;
      this.wide = Math.max(this.width - this.left - 10, 20);
      this.tall = this.height - this.top - 24;
      this.bottom = this.top + this.tall;
      svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      const id = `${this.figure.id}-clip`;
      make("rect", { x: this.left, y: this.top, width: this.wide, height: this.tall }, make("clipPath", { id }, make("defs", {}, svg)));
      const inside = (extra = {}) => make("g", { "clip-path": `url(#${id})`, ...extra }, svg);
      if (this.heat) this.drawHeat(inside()); else this.drawLines(inside);
      this.drawSteps();
      this.drawMarks(inside());
      this.over = make("g", {}, svg);
      this.cursor();
      this.tools?.update();
      if (this.values) this.tabulate();
    }

    drawSteps() {
      const [low, high] = this.ends(), most = clamp(this.wide / 84, 2, 10), timed = this.axis.timed && !this.heat;
      const ticks = timed
        ? timeTicks(low, high, most).map((value) => [value, lasting(value)])
        : linearTicks(low, high, most).filter(([value, unit]) => !(value % 1 && unit < 1)).map(([value]) => [value, count.format(value)]);
      for (const [value, text] of ticks) {
        const x = this.left + ((value - low) / (high - low || 1)) * this.wide;
        make("path", { class: "frame", d: `M${x} ${this.bottom}v4` }, this.svg);
        const edge = x > this.left + this.wide - 16 ? "end" : x < this.left + 16 ? "start" : "middle";
        make("text", { x: edge === "end" ? this.left + this.wide : x, y: this.bottom + 16, "text-anchor": edge }, this.svg, text);
      }
      make("path", { class: "frame", d: `M${this.left} ${this.bottom}h${this.wide}` }, this.svg);
      if (!timed && this.axis.name !== "step") make("text", { x: this.left - 6, y: this.bottom + 16, "text-anchor": "end" }, this.svg, this.axis.name);
    }

    // the values in view, with one point on either side so that lines run to the edge
    window(curve) {
      const [low, high] = this.axis.view;
      let from = nearest(curve.x, low), to = nearest(curve.x, high);
      while (from > 0 && (curve.x[from] >= low || curve.y[from] === null)) from--;
      while (to < curve.x.length - 1 && (curve.x[to] <= high || curve.y[to] === null)) to++;
      return [from, to];
    }

    scale() {
      let low = Infinity, high = -Infinity;
      const take = (all) => {
        for (const curve of this.curves) {
          for (let i = 0; i < curve.x.length; i++) {
            const value = curve.y[i];
            if (value === null || (this.log && value <= 0)) continue;
            if (!all && (curve.x[i] < this.axis.view[0] || curve.x[i] > this.axis.view[1])) continue;
            if (value < low) low = value;
            if (value > high) high = value;
          }
        }
      };
      take(false);
      if (low > high) take(true);
      if (low > high) [low, high] = [this.log ? 0.1 : 0, 1];
      if (this.log) {
        if (high / low < 1.05) { low /= 1.2; high *= 1.2; }
        const pad = (Math.log10(high) - Math.log10(low)) * 0.05;
        low = Math.max(low / 10 ** pad, 5e-324); high = Math.min(high * 10 ** pad, 1.7e308);
      } else {
        low = Math.max(low, -8e307); high = Math.min(high, 8e307);
        const least = 0.05 * Math.max(Math.abs(low), Math.abs(high)); // a flat curve looks flat, as in the other plots
        if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
        const pad = (high - low) * 0.06 || 1;
        low -= pad; high += pad;
      }
      const f = this.log ? Math.log10 : (value) => value;
      const base = f(low), range = f(high) - f(low);
      this.y = (value) => (this.log && value <= 0 ? this.bottom - 2 : this.bottom - ((f(value) - base) / range) * this.tall);
      this.domain = [low, high];
    }

    drawLines(inside) {
      this.scale();
      const ticks = (this.log ? logTicks : linearTicks)(...this.domain, clamp(this.tall / 34, 2, 7));
      let clear = Infinity;
      for (const [value, unit] of ticks) {
        const y = this.y(value);
        make("path", { class: "grid", d: `M${this.left} ${Math.round(y)}h${this.wide}` }, this.svg);
        if (clear - y > 12) { make("text", { x: this.left - 7, y: y + 4, "text-anchor": "end" }, this.svg, tickText(value, unit)); clear = y; }
      }
      this.drawEpisodes(inside());
      const layer = inside();
      for (const curve of this.curves) {
        const [from, to] = this.window(curve);
        const line = (values) => {
          let path = "", pen = "M";
          for (let i = from; i <= to; i++) {
            if (values[i] === null) { pen = "M"; continue; }
            path += `${pen}${this.x(curve.x[i]).toFixed(1)} ${this.y(values[i]).toFixed(1)}`;
            pen = "L";
          }
          return path;
        };
        const soft = this.soft(curve);
        if (soft) make("path", { class: `raw ${curve.hue}`, d: line(curve.y) }, layer);
        make("path", { class: `trace ${curve.hue}`, d: line(soft ?? curve.y) }, layer);
        for (let i = from; i <= to; i++) {
          const alone = (i === 0 || curve.y[i - 1] === null) && (i === curve.y.length - 1 || curve.y[i + 1] === null);
          if (curve.y[i] !== null && (alone || (!soft && to - from < Math.min(this.wide / 12, 70))))
            make("circle", { class: `point ${curve.hue}`, cx: this.x(curve.x[i]).toFixed(1), cy: this.y(curve.y[i]).toFixed(1), r: 2.4 }, layer);
        }
      }
      this.drawBad(layer);
    }

    // the smoothed values of a curve, or null where curves are drawn as they are
    soft(curve) {
      const weight = this.tools?.weight ?? 0;
      if (!weight) return null;
      if (curve.weight !== weight) Object.assign(curve, { weight, values: smoothed(curve, weight) });
      return curve.values;
    }

    // ---- the points in view as a table, and as CSV to copy
    tableButton() {
      const button = tag("button", { type: "button", className: "log", textContent: "Table" }, this.figure.querySelector("figcaption"));
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => {
        this.values?.remove();
        this.values = this.values ? null : tag("div", { className: "values" }, this.figure);
        button.setAttribute("aria-expanded", String(!!this.values));
        if (this.values) this.tabulate();
      });
    }

    points() {
      const [low, high] = this.axis.view, rows = new Map();
      this.curves.forEach((curve, k) => curve.x.forEach((step, i) => {
        if (step < low || step > high) return;
        if (!rows.has(step)) rows.set(step, this.curves.map(() => ""));
        rows.get(step)[k] = curve.y[i] ?? curve.bad.find(([first, last]) => first <= step && step <= last)?.[3] ?? "NaN";
      }));
      return [...rows].sort(([a], [b]) => a - b);
    }

    tabulate() {
      const rows = this.points(), every = Math.max(Math.ceil(rows.length / TABLE_ROWS), 1);
      const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
      const names = [this.axis.name, ...this.curves.map((curve) => curve.name)];
      this.values.replaceChildren();
      const bar = tag("p", { className: "small muted", textContent: `${count.format(shown.length)} of ${count.format(rows.length)} points in view ` }, this.values);
      const copy = tag("button", { type: "button", textContent: "Copy all as CSV" }, bar);
      copy.addEventListener("click", async () => {
        const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
        const text = [names, ...rows.map(([step, values]) => [step, ...values])].map((row) => row.map(quoted).join(",")).join("\n");
        const code = tag("code", { textContent: text, className: "hidden" }, this.values);
        live.textContent = (await copied(code)) ? `${count.format(rows.length)} points copied` : "The points could not be copied";
        code.remove();
      });
      const scroll = tag("div", { className: "scroll", tabIndex: 0 }, this.values);
      scroll.setAttribute("role", "group");
      scroll.setAttribute("aria-label", `Table of ${this.figure.querySelector(".name").textContent}`);
      const table = tag("table", {}, scroll), head = tag("tr", {}, tag("thead", {}, table)), body = tag("tbody", {}, table);
      for (const name of names) tag("th", { scope: "col", className: "right", textContent: name }, head);
      for (const [step, values] of shown) {
        const row = tag("tr", {}, body);
        tag("th", { scope: "row", className: "right", textContent: count.format(step) }, row);
        for (const value of values) tag("td", { className: "right", textContent: typeof value === "number" ? told(value) : value }, row);
      }
    }

    // values that are not finite: a band where they last, a cross where they are few
    drawBad(layer) {
      const feet = this.bottom - 7;
      let labelled = -Infinity, crossed = -Infinity;
      for (const curve of this.curves)
        for (const [first, last, many, what] of curve.bad) {
          if (last < this.axis.view[0] || first > this.axis.view[1]) continue;
          const from = Math.max(this.x(first), this.left), to = Math.min(this.x(last), this.left + this.wide);
          if (to - from > 7) {
            make("rect", { class: "nan-band", x: from, y: this.top, width: to - from, height: this.tall }, layer);
            const text = `${what} × ${count.format(many)}`;
            if (to - from > text.length * 7 && from > labelled) {
              make("text", { class: "nan-label", x: (from + to) / 2, y: this.top + this.tall / 2, "text-anchor": "middle" }, layer, text);
              labelled = to;
            }
          }
          for (let x = from; x <= to + 0.1; x += 9)
            if (Math.abs(x - crossed) >= 3) { make("path", { class: "nan", d: `M${x - 3} ${feet - 3}l6 6m0 -6l-6 6` }, layer); crossed = x; }
        }
    }

    drawHeat(layer) {
      const { rows, first, last } = this.data;
      const high = this.tall / rows.length;
      make("image", {
        href: this.image, x: this.x(first), y: this.top, width: Math.max(this.x(last) - this.x(first), 1),
        height: this.tall, preserveAspectRatio: "none", "image-rendering": "pixelated",
      }, layer).style.imageRendering = "pixelated";
      if (this.data.ticks) {
        for (const [row, text] of this.data.ticks) {
          const y = this.top + row * high;
          make("path", { class: "frame", d: `M${this.left - 4} ${Math.round(y)}h4` }, this.svg);
          make("text", { x: this.left - 7, y: y + 4, "text-anchor": "end" }, this.svg, text);
        }
        make("path", { class: "frame", d: `M${this.left} ${this.top}v${this.tall}` }, this.svg);
        return;
      }
      const room = Math.max(Math.floor((this.left - 10) / 6.2), 4);
      const every = Math.max(Math.ceil(13 / high), 1);
      rows.forEach((name, i) => {
        if (i % every && i !== rows.length - 1) return;
        if (i % every === 0 && every > 1 && rows.length - 1 - i < every && i !== rows.length - 1) return;
        const text = name.length > room ? `${name.slice(0, Math.ceil(room / 2) - 1)}…${name.slice(-Math.floor(room / 2))}` : name;
        make("text", { x: this.left - 7, y: this.top + (i + 0.5) * high + 4, "text-anchor": "end" }, this.svg, text);
        if (i && high > 8) make("path", { class: "gap", d: `M${this.left} ${this.top + i * high}h${this.wide}` }, layer);
      });
    }

    drawEpisodes(layer) {
      for (const mark of this.data.marks)
        if (mark.own && mark.end !== null && mark.end > mark.step)
          make("rect", { class: `episode ${mark.severity}`, x: this.x(mark.step), y: this.top, width: Math.max(this.x(mark.end) - this.x(mark.step), 1), height: this.tall }, layer);
    }

    drawMarks(layer) {
      const [low, high] = this.axis.view;
      const shown = this.data.marks.filter((mark) => mark.step >= low && mark.step <= high).sort((a, b) => a.step - b.step || a.n - b.n);
      for (const mark of shown) {
        const x = this.x(mark.step);
        make("path", { class: `onset ${mark.severity}${mark.own ? "" : " other"}`, d: `M${x} ${this.top}V${this.bottom}` }, layer);
      }
      const flags = shown.filter((mark) => mark.own || this.heat);
      const places = [];
      for (const mark of flags) places.push(Math.max(this.x(mark.step), (places.at(-1) ?? -Infinity) + 17));
      for (let i = places.length - 1, edge = this.left + this.wide; i >= 0; i--) { places[i] = Math.min(places[i], edge); edge = places[i] - 17; }
      flags.forEach((mark, i) => {
        const group = make("g", { class: mark.severity }, this.svg);
        make("circle", { class: "flag", cx: places[i], cy: 9, r: 7.5 }, group);
        make("text", { class: "in-flag", x: places[i], y: 12.6, "text-anchor": "middle" }, group, mark.n);
      });
      if (flags.length === 1) {
        const [mark] = flags, text = `${mark.name}, ${this.axis.name} ${count.format(mark.step)}`, x = places[0];
        const right = x + 12 + text.length * 6.2 < this.width;
        if (right || x - 12 - text.length * 6.2 > 0)
          make("text", { class: "label", x: right ? x + 12 : x - 12, y: 13, "text-anchor": right ? "start" : "end" }, make("g", { class: mark.severity }, this.svg), text);
      }
    }

    // ---- the cursor ---------------------------------------------------------------------------
    read() {
      if (this.heat) {
        const { rows, first, last, cells } = this.data;
        const columns = cells[0].length;
        const column = clamp(Math.floor(((this.axis.at - first) / (last - first)) * columns), 0, columns - 1);
        const value = cells[this.row][column];
        const step = first + ((column + 0.5) / columns) * (last - first);
        return { step: this.axis.at, x: this.x(step), values: [{ name: rows[this.row], text: value === null ? "no value" : typeof value === "string" ? value : told(this.data.percent ? 100 * value : value) + (this.data.percent ? " %" : "") }] };
      }
      let best = null;
      const found = this.curves.map((curve) => {
        const i = nearest(curve.x, this.axis.at);
        if (best === null || Math.abs(curve.x[i] - this.axis.at) < Math.abs(best - this.axis.at)) best = curve.x[i];
        return { curve, i };
      });
      const values = found.map(({ curve, i }) => {
        const bad = curve.bad.find((part) => part[0] <= this.axis.at && this.axis.at <= part[1]);
        if (bad) return { name: curve.name, hue: curve.hue, text: bad[3], value: null, step: this.axis.at, bad };
        return { name: curve.name, hue: curve.hue, text: told(curve.y[i]) + (this.soft(curve) ? `, smoothed ${told(this.soft(curve)[i])}` : ""), value: curve.y[i], step: curve.x[i] };
      });
      const step = values.some((value) => value.bad) ? Math.round(this.axis.at) : best;
      return { step, x: this.x(step), values };
    }

    cursor() {
      this.over.replaceChildren();
      for (const output of this.outputs ?? []) output.textContent = "";
      const mine = this.axis.source === this;
      const hidden = this.axis.at === null || this.axis.at < this.axis.view[0] - 1e-9 || this.axis.at > this.axis.view[1] + 1e-9;
      this.tip.hidden = hidden || !mine;
      if (hidden) return;
      const reading = this.read();
      const x = clamp(reading.x, this.left, this.left + this.wide);
      make("path", { class: "cursor", d: `M${Math.round(x) + 0.5} ${this.top}V${this.bottom}` }, this.over);
      if (this.heat) {
        const high = this.tall / this.data.rows.length;
        if (mine) make("rect", { class: "cell", x: x - 3, y: this.top + this.row * high, width: 6, height: high }, this.over);
      } else {
        reading.values.forEach((value, i) => {
          if (this.outputs[i]) this.outputs[i].textContent = value.text;
          if (value.value !== null) make("circle", { class: `cursor-dot ${value.hue}`, cx: this.x(value.step), cy: this.y(value.value), r: 4 }, this.over);
        });
      }
      if (!mine) return;
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

    // ---- mouse, touch, keys --------------------------------------------------------------------
    listen() {
      const { host, axis } = this;
      const at = (event) => event.clientX - host.getBoundingClientRect().left;
      const hover = (event) => {
        if (this.heat) {
          const y = event.clientY - host.getBoundingClientRect().top - this.top;
          this.row = clamp(Math.floor((y / this.tall) * this.data.rows.length), 0, this.data.rows.length - 1);
        }
        axis.point(clamp(this.step(at(event)), ...axis.view), this);
      };
      host.addEventListener("pointerdown", (event) => {
        if (event.button > 1 || !this.shown) return;
        host.setPointerCapture(event.pointerId);
        this.fingers.set(event.pointerId, at(event));
        const moves = event.shiftKey || event.button === 1 || this.tools?.moves;
        this.drag = { from: at(event), view: [...axis.view], moves };
        if (this.fingers.size === 2) this.drag = { pinch: [...this.fingers.values()].map((x) => this.step(x)) };
        if (event.button === 1) event.preventDefault();
      });
      host.addEventListener("pointermove", (event) => {
        if (!this.shown) return;
        if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at(event));
        const drag = this.drag;
        if (drag?.pinch && this.fingers.size === 2) {
          const [a, b] = [...this.fingers.values()], [s, t] = drag.pinch;
          if (Math.abs(b - a) < 10) return;
          const unit = (t - s) / (b - a), low = s - (a - this.left) * unit;
          if (unit > 0) axis.set(low, low + unit * this.wide);
        } else if (drag?.moves) {
          const by = ((at(event) - drag.from) / this.wide) * (drag.view[1] - drag.view[0]);
          axis.set(drag.view[0] - by, drag.view[1] - by);
        } else {
          hover(event);
          if (drag && !drag.pinch) this.brush(drag.from, at(event));
        }
      });
      const end = (event) => {
        const drag = this.drag;
        if (!this.fingers.delete(event.pointerId)) return;
        if (!this.fingers.size) this.drag = null;
        if (event.type === "pointerup" && drag && drag.from !== undefined && !drag.moves && Math.abs(at(event) - drag.from) > 6) {
          const [low, high] = [drag.from, at(event)].map((x) => this.step(clamp(x, this.left, this.left + this.wide))).sort((a, b) => a - b);
          axis.set(low, high);
        }
      };
      host.addEventListener("pointerup", end);
      host.addEventListener("pointercancel", end);
      host.addEventListener("pointerleave", () => { if (!this.drag) axis.point(null, null); });
      host.addEventListener("dblclick", () => axis.reset());
      host.addEventListener("wheel", (event) => {
        if (!this.shown) return;
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          axis.zoom(Math.exp(clamp(event.deltaY, -60, 60) / 120), this.step(at(event)));
        } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          if (!axis.zoomed) return;
          event.preventDefault();
          axis.move((event.deltaX || event.deltaY) / this.wide);
        }
      }, { passive: false });
      host.addEventListener("keydown", (event) => this.key(event));
      host.addEventListener("focus", () => {
        if (this.shown && axis.at === null && host.matches(":focus-visible")) axis.point((axis.view[0] + axis.view[1]) / 2, this);
      });
      host.addEventListener("blur", () => axis.point(null, null));
    }

    brush(from, to) {
      const [a, b] = [from, to].map((x) => clamp(x, this.left, this.left + this.wide)).sort((x, y) => x - y);
      if (b - a > 3) make("rect", { class: "brush", x: a, y: this.top, width: b - a, height: this.tall }, this.over);
    }

    key(event) {
      const { axis } = this;
      if (!this.shown || event.ctrlKey || event.metaKey || event.altKey) return;
      const steps = this.heat ? null : this.curves[0].x;
      const go = (by) => {
        const [low, high] = axis.view;
        const now = axis.at ?? (low + high) / 2;
        if (this.heat) return now + by * ((this.data.last - this.data.first) / this.data.cells[0].length);
        const i = nearest(steps, now);
        return steps[clamp(i + by, 0, steps.length - 1)];
      };
      const point = (step) => {
        step = clamp(step, ...axis.full);
        const [low, high] = axis.view;
        if (step < low || step > high) axis.set(step - (high - low) / 2, step + (high - low) / 2);
        axis.point(step, this);
        this.say();
      };
      const actions = {
        ArrowLeft: () => (event.shiftKey ? axis.move(-0.2) : point(go(-1))),
        ArrowRight: () => (event.shiftKey ? axis.move(0.2) : point(go(1))),
        PageUp: () => point(go(-20)),
        PageDown: () => point(go(20)),
        Home: () => point(axis.full[0]),
        End: () => point(axis.full[1]),
        "+": () => axis.zoom(0.6), "=": () => axis.zoom(0.6), "-": () => axis.zoom(1 / 0.6), _: () => axis.zoom(1 / 0.6),
        0: () => axis.reset(), l: () => this.flip?.(), L: () => this.flip?.(),
        Escape: () => axis.point(null, null),
      };
      if (this.heat) {
        const turn = (by) => { this.row = clamp(this.row + by, 0, this.data.rows.length - 1); point(axis.at ?? go(0)); };
        actions.ArrowUp = () => turn(-1);
        actions.ArrowDown = () => turn(1);
      }
      const action = actions[event.key];
      if (action) { event.preventDefault(); action(); }
    }
  }

