  // ---- the step axis that the plots of a run share ------------------------------------------------
  class Axis {
    constructor(name) { this.name = name; this.full = [Infinity, -Infinity]; this.plots = []; this.at = null; this.due = false; }
    join(plot, span, clock) {
      this.plots.push(plot);
      if (clock && !(this.clock?.[0].at(-1) > clock[0].at(-1))) this.clock = clock; // the one that goes farthest
      this.full = [Math.min(this.full[0], span[0]), Math.max(this.full[1], span[1])];
      if (this.full[1] <= this.full[0]) this.full[1] = this.full[0] + 1;
      this.view = [...this.full];
    }
    // where a step is along the axis: at itself, or at its wall time in seconds
    place(step) { return this.timed ? along(step, ...this.clock) : step; }
    stepAt(place) { return this.timed ? along(place, this.clock[1], this.clock[0]) : place; }
    told(step) { return `${this.name} ${count.format(Math.round(step))}${this.clock ? ` · ${lasting(Math.max(along(step, ...this.clock), 0))}` : ""}`; }
    get zoomed() { return this.view[0] > this.full[0] || this.view[1] < this.full[1]; }
    set(low, high) {
      const whole = this.full[1] - this.full[0];
      const span = clamp(high - low, Math.min(Math.max(whole * 1e-6, 2), whole), whole);
      const middle = (low + high) / 2;
      low = clamp(middle - span / 2, this.full[0], this.full[1] - span);
      this.view = [low, low + span];
      this.redraw();
    }
    zoom(factor, around = null) {
      const [low, high] = this.view;
      const at = around ?? (this.at !== null && this.at > low && this.at < high ? this.at : (low + high) / 2);
      this.set(at - (at - low) * factor, at + (high - at) * factor);
    }
    move(share) {
      const by = (this.view[1] - this.view[0]) * share;
      this.set(this.view[0] + by, this.view[1] + by);
    }
    reset() { this.set(...this.full); }
    point(at, source) { this.at = at; this.source = source; for (const plot of this.plots) if (plot.shown) plot.cursor(); }
    redraw() {
      if (this.due) return;
      this.due = true;
      requestAnimationFrame(() => { this.due = false; for (const plot of this.plots) if (plot.shown) plot.draw(); });
    }
  }

