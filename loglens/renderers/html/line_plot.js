  // ---- a plot of curves: linear or logarithmic, raw or smoothed, with what is not finite ---------------------------
  class LinePlot extends Plot {
    constructor(figure, data, axis) {
      super(figure, data, axis);
      this.log = data.log;
      this.curves = data.curves.map((curve, i) => {
        let sum = 0;
        return { ...curve, x: curve.x.map((by) => (sum += by)), hue: curve.hue ?? `c${i}` };
      });
      this.outputs = [...figure.querySelectorAll("figcaption output")];
      if (data.positive) this.logSwitch();
      this.table = new PointTable(this);
    }

    logSwitch() {
      const button = tag("button", { type: "button", className: "log", textContent: "Log scale" }, this.figure.querySelector("figcaption"));
      const show = () => button.setAttribute("aria-pressed", String(this.log));
      this.flip = () => { this.log = !this.log; show(); this.draw(); live.textContent = this.log ? "logarithmic scale" : "linear scale"; };
      button.addEventListener("click", this.flip);
      show();
    }

    drawn() { this.table.update(); }

    // the values in view, with one point on either side so that lines run to the edge
    window(curve) {
      const [low, high] = this.axis.view;
      let from = nearest(curve.x, low), to = nearest(curve.x, high);
      while (from > 0 && (curve.x[from] >= low || curve.y[from] === null)) from--;
      while (to < curve.x.length - 1 && (curve.x[to] <= high || curve.y[to] === null)) to++;
      return [from, to];
    }

    // the lowest and the highest value in view, or of all where none is
    range() {
      const [from, to] = this.axis.view;
      for (const all of [false, true]) {
        let low = Infinity, high = -Infinity;
        for (const { x, y } of this.curves)
          y.forEach((value, i) => {
            if (value === null || (this.log && value <= 0) || (!all && (x[i] < from || x[i] > to))) return;
            low = Math.min(low, value);
            high = Math.max(high, value);
          });
        if (low <= high) return [low, high];
      }
      return [this.log ? 0.1 : 0, 1];
    }

    scale() {
      let [low, high] = this.range();
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

    drawInside(inside) {
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
      for (const curve of this.curves) this.drawCurve(curve, layer);
      this.drawBad(layer);
    }

    drawCurve(curve, layer) {
      const [from, to] = this.window(curve), soft = this.soft(curve);
      if (soft) make("path", { class: `raw ${curve.hue}`, d: this.path(curve.x, curve.y, from, to) }, layer);
      make("path", { class: `trace ${curve.hue}`, d: this.path(curve.x, soft ?? curve.y, from, to) }, layer);
      const few = !soft && to - from < Math.min(this.wide / 12, 70);
      for (let i = from; i <= to; i++) {
        const alone = (i === 0 || curve.y[i - 1] === null) && (i === curve.y.length - 1 || curve.y[i + 1] === null);
        if (curve.y[i] !== null && (alone || few))
          make("circle", { class: `point ${curve.hue}`, cx: this.x(curve.x[i]).toFixed(1), cy: this.y(curve.y[i]).toFixed(1), r: 2.4 }, layer);
      }
    }
    path(x, y, from, to) {
      let path = "", pen = "M";
      for (let i = from; i <= to; i++) {
        if (y[i] === null) { pen = "M"; continue; }
        path += `${pen}${this.x(x[i]).toFixed(1)} ${this.y(y[i]).toFixed(1)}`;
        pen = "L";
      }
      return path;
    }

    // the smoothed values of a curve, or null where curves are drawn as they are
    soft(curve) {
      const weight = this.tools?.weight ?? 0;
      if (!weight) return null;
      if (curve.weight !== weight) Object.assign(curve, { weight, values: smoothed(curve, weight) });
      return curve.values;
    }

    drawEpisodes(layer) {
      for (const mark of this.data.marks)
        if (mark.own && mark.end !== null && mark.end > mark.step)
          make("rect", { class: `episode ${mark.severity}`, x: this.x(mark.step), y: this.top, width: Math.max(this.x(mark.end) - this.x(mark.step), 1), height: this.tall }, layer);
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

    // ---- the cursor: the point of each curve that is nearest
    read() {
      const at = this.axis.at;
      let best = null;
      const values = this.curves.map((curve) => {
        const i = nearest(curve.x, at), soft = this.soft(curve);
        if (best === null || Math.abs(curve.x[i] - at) < Math.abs(best - at)) best = curve.x[i];
        const bad = curve.bad.find(([first, last]) => first <= at && at <= last);
        if (bad) return { name: curve.name, hue: curve.hue, text: bad[3], value: null, step: at, bad };
        return { name: curve.name, hue: curve.hue, text: told(curve.y[i]) + (soft ? `, smoothed ${told(soft[i])}` : ""), value: curve.y[i], step: curve.x[i] };
      });
      const step = values.some((value) => value.bad) ? Math.round(at) : best;
      return { step, x: this.x(step), values };
    }
    unread() { for (const output of this.outputs) output.textContent = ""; }
    point(reading) {
      reading.values.forEach((value, i) => {
        if (this.outputs[i]) this.outputs[i].textContent = value.text;
        if (value.value !== null) make("circle", { class: `cursor-dot ${value.hue}`, cx: this.x(value.step), cy: this.y(value.value), r: 4 }, this.over);
      });
    }

    // the step that lies so many points away from another
    beside(step, by) {
      const steps = this.curves[0].x;
      return steps[clamp(nearest(steps, step) + by, 0, steps.length - 1)];
    }
  }
