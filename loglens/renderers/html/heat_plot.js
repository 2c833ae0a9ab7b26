  // ---- a heat map: a row a layer or a bin, a column a stretch of steps -----------------------------------------------
  class HeatPlot extends Plot {
    constructor(figure, data, axis) {
      super(figure, data, axis);
      this.image = this.host.querySelector("img").src;
      this.row = 0;
    }

    fit() {
      const rows = this.data.rows.length;
      if (!this.data.ticks) this.host.style.height = `${clamp(rows * 20, Math.min(rows * 32, 190), 420) + 46}px`;
    }
    margin() {
      const names = this.data.ticks?.map(([, text]) => text) ?? this.data.rows;
      const longest = Math.max(0, ...names.map((name) => name.length));
      return clamp(longest * 6.2 + 10, 30, Math.min(this.host.clientWidth * 0.34, 190));
    }
    // its columns are as wide as each other, so that it keeps to steps
    place(step) { return step; }
    stepAt(place) { return place; }
    get timed() { return false; }
    flagged() { return true; }

    drawInside(inside) {
      const { rows, first, last, ticks } = this.data, layer = inside(), high = this.tall / rows.length;
      make("image", {
        href: this.image, x: this.x(first), y: this.top, width: Math.max(this.x(last) - this.x(first), 1),
        height: this.tall, preserveAspectRatio: "none", "image-rendering": "pixelated",
      }, layer).style.imageRendering = "pixelated";
      if (ticks) this.drawTicks(ticks, high); else this.drawNames(rows, high, layer);
    }
    drawTicks(ticks, high) {
      for (const [row, text] of ticks) {
        const y = this.top + row * high;
        make("path", { class: "frame", d: `M${this.left - 4} ${Math.round(y)}h4` }, this.svg);
        make("text", { x: this.left - 7, y: y + 4, "text-anchor": "end" }, this.svg, text);
      }
      make("path", { class: "frame", d: `M${this.left} ${this.top}v${this.tall}` }, this.svg);
    }
    drawNames(rows, high, layer) {
      const room = Math.max(Math.floor((this.left - 10) / 6.2), 4), end = rows.length - 1;
      const every = Math.max(Math.ceil(13 / high), 1);
      rows.forEach((name, i) => {
        if (i % every && i !== end) return;
        if (i % every === 0 && every > 1 && end - i < every && i !== end) return;
        const text = name.length > room ? `${name.slice(0, Math.ceil(room / 2) - 1)}…${name.slice(-Math.floor(room / 2))}` : name;
        make("text", { x: this.left - 7, y: this.top + (i + 0.5) * high + 4, "text-anchor": "end" }, this.svg, text);
        if (i && high > 8) make("path", { class: "gap", d: `M${this.left} ${this.top + i * high}h${this.wide}` }, layer);
      });
    }

    // ---- the cursor: one cell
    read() {
      const { rows, first, last, cells, percent } = this.data, columns = cells[0].length;
      const column = clamp(Math.floor(((this.axis.at - first) / (last - first)) * columns), 0, columns - 1);
      const value = cells[this.row][column], step = first + ((column + 0.5) / columns) * (last - first);
      const number = () => told(percent ? 100 * value : value) + (percent ? " %" : "");
      const text = value === null ? "no value" : typeof value === "string" ? value : number();
      return { step: this.axis.at, x: this.x(step), values: [{ name: rows[this.row], text }] };
    }
    point(reading, x) {
      const high = this.tall / this.data.rows.length;
      if (this.pointedAt) make("rect", { class: "cell", x: x - 3, y: this.top + this.row * high, width: 6, height: high }, this.over);
    }
    hover(y) {
      const rows = this.data.rows.length;
      this.row = clamp(Math.floor(((y - this.top) / this.tall) * rows), 0, rows - 1);
    }
    turn(by) { this.row = clamp(this.row + by, 0, this.data.rows.length - 1); }
    beside(step, by) { return step + by * ((this.data.last - this.data.first) / this.data.cells[0].length); }
  }
