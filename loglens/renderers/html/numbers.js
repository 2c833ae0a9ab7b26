  const SVG = "http://www.w3.org/2000/svg";
  const KEYS = "Arrow keys move the cursor, plus and minus zoom, shift and an arrow key move the view, 0 shows all, L switches the scale.";
  const TABLE_ROWS = 200;
  const live = document.getElementById("live");
  const figures = JSON.parse(document.getElementById("data").textContent);

  const make = (name, attributes = {}, parent = null, text = null) => {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== null) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const tag = (name, properties = {}, parent = null) => {
    const node = Object.assign(document.createElement(name), properties);
    if (parent) parent.append(node);
    return node;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // ---- numbers -----------------------------------------------------------------------------------
  const count = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const digits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 5 });
  const told = (value) => {
    if (value === null || Number.isNaN(value)) return "not finite";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
    return digits.format(value + 0); // no "-0"
  };
  const tickText = (value, unit) => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(unit ? clamp(Math.floor(Math.log10(size)) - Math.floor(Math.log10(unit)), 0, 4) : 0).replace("e+", "e");
    return Number(value.toPrecision(10)).toLocaleString("en-US", { maximumFractionDigits: 8 });
  };
  const nice = (span, most) => {
    const rough = span / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  };
  const linearTicks = (low, high, most) => {
    const unit = nice(high - low, most);
    if (!(unit > 0) || !Number.isFinite(unit)) return [];
    const ticks = [];
    for (let i = Math.ceil(low / unit - 1e-9); i * unit <= high + unit * 1e-9 && ticks.length < 40; i++) ticks.push([i * unit + 0, unit]);
    return ticks;
  };
  const logTicks = (low, high, most) => {
    const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
    const every = Math.max(Math.ceil((last - first) / most), 1);
    const factors = last - first > 3 ? [1] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.ceil(first / every) * every; power <= last; power += every)
      for (const factor of factors) {
        const value = Number(`${factor}e${power}`);
        if (value >= low * 0.999 && value <= high * 1.001) ticks.push([value, 0]);
      }
    return ticks.length > 1 ? ticks : linearTicks(low, high, most);
  };
  const nearest = (steps, at) => {
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < at) low = middle + 1; else high = middle;
    }
    return low > 0 && at - steps[low - 1] <= steps[low] - at ? low - 1 : low;
  };

  // piecewise linear interpolation between the knots of a clock, with both ends extended
  const along = (at, from, to) => {
    let low = 1, high = from.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (from[middle] < at) low = middle + 1; else high = middle;
    }
    const gap = from[low] - from[low - 1];
    return gap > 0 ? to[low - 1] + ((at - from[low - 1]) / gap) * (to[low] - to[low - 1]) : to[low];
  };
  const UNITS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const timeTicks = (low, high, most) => {
    const rough = (high - low) / Math.max(most, 1);
    const unit = rough < 1 ? nice(high - low, most) : (UNITS.find((unit) => unit >= rough) ?? nice((high - low) / 86400, most) * 86400);
    const ticks = [];
    for (let i = Math.ceil(low / unit - 1e-9); unit > 0 && i * unit <= high && ticks.length < 40; i++) ticks.push(i * unit);
    return ticks;
  };
  const lasting = (seconds) => {
    for (const [unit, name, small, smallName] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]])
      if (seconds >= unit) {
        const rest = Math.floor((seconds % unit) / small);
        return `${count.format(Math.floor(seconds / unit))} ${name}${rest ? ` ${rest} ${smallName}` : ""}`;
      }
    return `${Number(seconds.toPrecision(3))} s`;
  };
  // exponential moving average without the bias of its start; the weight of a point fades with its distance in steps
  const smoothed = ({ x, y }, weight) => {
    const unit = (x[x.length - 1] - x[0]) / Math.max(x.length - 1, 1) || 1;
    let sum = 0, norm = 0, last = null;
    return y.map((value, i) => {
      if (value === null) { sum = norm = 0; last = null; return null; }
      const keep = last === null ? 0 : weight ** ((x[i] - last) / unit);
      sum = sum * keep + value * (1 - weight);
      norm = norm * keep + (1 - weight);
      last = x[i];
      return sum / norm;
    });
  };

