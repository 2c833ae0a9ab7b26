  // ---- mouse and touch on a plot: hover reads, dragging zooms or moves, two fingers pinch, the wheel zooms -------------
  function listenToPointer(plot) {
    const { host, axis } = plot, fingers = new Map();
    let drag = null;
    const at = (event) => event.clientX - host.getBoundingClientRect().left;
    const on = (name, act, options) => host.addEventListener(name, (event) => { if (plot.shown) act(event); }, options);
    const pinch = () => {
      const [a, b] = [...fingers.values()], [s, t] = drag.pinch;
      if (Math.abs(b - a) < 10) return;
      const unit = (t - s) / (b - a), low = s - (a - plot.left) * unit;
      if (unit > 0) axis.set(low, low + unit * plot.wide);
    };
    const move = (x) => {
      const by = ((x - drag.from) / plot.wide) * (drag.view[1] - drag.view[0]);
      axis.set(drag.view[0] - by, drag.view[1] - by);
    };
    on("pointerdown", (event) => {
      if (event.button > 1) return;
      host.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
      drag = { from: at(event), view: [...axis.view], moves: event.shiftKey || event.button === 1 || plot.tools?.moves };
      if (fingers.size === 2) drag = { pinch: [...fingers.values()].map((x) => plot.step(x)) };
      if (event.button === 1) event.preventDefault();
    });
    on("pointermove", (event) => {
      if (fingers.has(event.pointerId)) fingers.set(event.pointerId, at(event));
      if (drag?.pinch && fingers.size === 2) pinch();
      else if (drag?.moves) move(at(event));
      else {
        plot.hover?.(event.clientY - host.getBoundingClientRect().top);
        axis.point(clamp(plot.step(at(event)), ...axis.view), plot);
        if (drag && !drag.pinch) plot.brush(drag.from, at(event));
      }
    });
    const end = (event) => {
      const ended = drag;
      if (!fingers.delete(event.pointerId)) return;
      if (!fingers.size) drag = null;
      if (event.type === "pointerup" && ended && ended.from !== undefined && !ended.moves && Math.abs(at(event) - ended.from) > 6) {
        const [low, high] = [ended.from, at(event)].map((x) => plot.step(clamp(x, plot.left, plot.left + plot.wide))).sort((a, b) => a - b);
        axis.set(low, high);
      }
    };
    on("pointerup", end);
    on("pointercancel", end);
    on("pointerleave", () => { if (!drag) axis.point(null, null); });
    on("dblclick", () => axis.reset());
    on("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        axis.zoom(Math.exp(clamp(event.deltaY, -60, 60) / 120), plot.step(at(event)));
      } else if (axis.zoomed && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
        event.preventDefault();
        axis.move((event.deltaX || event.deltaY) / plot.wide);
      }
    }, { passive: false });
  }
