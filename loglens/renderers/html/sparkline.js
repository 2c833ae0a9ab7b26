  // ---- a small curve in a cell of the table, as the page has it for the first runs --------------------------------------
  function sparkline(cell, curve, width = 150, height = 30) {
    const values = curve.y.filter((value) => value !== null);
    if (!values.length) return;
    const wide = Math.max(...values) >= 100 * Math.min(...values) && Math.min(...values) > 0, f = wide ? Math.log : Number;
    const low = f(Math.min(...values)), range = f(Math.max(...values)) - low || 1;
    const end = curve.x.slice(1).reduce((sum, by) => sum + by, 0) || 1;
    let step = -curve.x[0], path = "", pen = "M";
    curve.y.forEach((value, i) => {
      step += curve.x[i];
      if (value === null) { pen = "M"; return; }
      path += `${pen}${((step / end) * width).toFixed(1)} ${(height - 3 - ((f(value) - low) / range) * (height - 5)).toFixed(1)}`;
      pen = "L";
    });
    const svg = make("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false" }, cell);
    make("path", { class: "line", d: path }, svg);
  }
