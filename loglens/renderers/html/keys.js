  // ---- keys on a plot: arrows move the cursor, with shift the view; plus and minus zoom -------------------------------
  function listenToKeys(plot) {
    const { host, axis } = plot;
    const middle = () => (axis.view[0] + axis.view[1]) / 2;
    const point = (step) => {
      step = clamp(step, ...axis.full);
      const [low, high] = axis.view;
      if (step < low || step > high) axis.set(step - (high - low) / 2, step + (high - low) / 2);
      axis.point(step, plot);
      plot.say();
    };
    const go = (by) => point(plot.beside(axis.at ?? middle(), by));
    const turn = plot instanceof HeatPlot ? (by) => { plot.turn(by); point(axis.at ?? middle()); } : null;
    const zoom = (factor) => () => axis.zoom(factor);
    const arrow = (by) => (event) => (event.shiftKey ? axis.move(0.2 * by) : go(by));
    const flip = () => plot.flip?.();
    const actions = {
      ArrowLeft: arrow(-1), ArrowRight: arrow(1), PageUp: () => go(-20), PageDown: () => go(20),
      Home: () => point(axis.full[0]), End: () => point(axis.full[1]),
      "+": zoom(0.6), "=": zoom(0.6), "-": zoom(1 / 0.6), _: zoom(1 / 0.6),
      0: () => axis.reset(), l: flip, L: flip, Escape: () => axis.point(null, null),
      ...(turn && { ArrowUp: () => turn(-1), ArrowDown: () => turn(1) }),
    };
    host.addEventListener("keydown", (event) => {
      const action = actions[event.key];
      if (!action || !plot.shown || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action(event);
    });
    host.addEventListener("focus", () => {
      if (plot.shown && axis.at === null && host.matches(":focus-visible")) axis.point(middle(), plot);
    });
    host.addEventListener("blur", () => axis.point(null, null));
  }
