// Draws the figures that carry their numbers in data-chart, with uPlot, and switches their lines on and off.
"use strict";
(() => {
  const charts = [];
  const keys = [...document.querySelectorAll(".keys li[data-name]")];
  const idOf = (of, name) => `${of}/${name}`;
  const colours = new Map(keys.map((key) => [idOf(key.dataset.of, key.dataset.name), key.querySelector("svg")]));
  const off = new Set();
  const fade = (colour, opacity) => colour.replace("rgb(", "rgba(").replace(")", `, ${opacity})`);
  const short = (value) => String(+value.toPrecision(4));
  const last = (values) => values.findLast((value) => value !== null);
  const least = (values) => values.reduce((a, b) => (b === null || a < b ? a : b), Infinity);
  const most = (values) => values.reduce((a, b) => (b === null || a > b ? a : b), -Infinity);

  // Round numbers for a logarithmic axis: the first of these sets that leaves room.
  const ticks = (low, high) => {
    let found = [];
    for (const steps of [[1, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 3, 5], [1, 2, 5], [1]]) {
      found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        found.push(...steps.map((step) => +(step * 10 ** power).toPrecision(6)));
      }
      found = found.filter((value) => value >= low && value <= high);
      if (found.length <= 6) return found;
    }
    const every = Math.ceil(found.length / 6);
    return found.filter((_, at) => at % every === 0);
  };

  // What the axes show of the visible lines: [x low, x high, y low, y high], and who lies below.
  const frame = (chart, shown) => {
    const [first, end] = [chart.at[0], chart.at.at(-1)];
    if (chart.percent) return { ends: [first, end, 0, 1], below: [] };
    if (!chart.cut || !shown.length) {
      const low = least(shown.flatMap((one) => [least(one.mean), chart.points ? least(one.low) : Infinity]));
      const high = most(shown.flatMap((one) => [most(one.mean), chart.points ? most(one.high) : -Infinity]));
      if (!(low <= high)) return { ends: [first, end, 1, 10], below: [] };
      if (chart.y_log) return { ends: [first, end, low / 1.1, high * 1.1], below: [] };
      const room = 0.05 * (high - low || 1), side = chart.points ? 0.03 * (end - first || 1) : 0;
      return { ends: [first - side, end + side, low - room, high + room], below: [] };
    }
    const finals = shown.map((one) => last(one.mean) ?? 0).sort((a, b) => a - b);
    const top = finals.at(-1), middle = finals[finals.length >> 1];
    const lowest = finals.find((value) => value >= top - 5 * Math.max(top - middle, 0.1));
    const span = Math.max(top - lowest, finals.length > 1 ? 0.1 : 0.5);
    const bottom = lowest - 0.9 * span;
    let peak = most(shown.map((one) => most(one.mean))) + 0.12 * span;
    if (chart.ceiling !== null && chart.ceiling < top + span) peak = Math.max(peak, chart.ceiling + 0.05 * span);
    const starts = shown.map((one) => one.mean.findIndex((value) => value !== null && value >= bottom));
    const start = Math.min(...starts.filter((at) => at >= 0));
    return {
      ends: [chart.at[Math.max(0, Math.min(start - 2, chart.at.length - 2))], end, bottom, peak],
      below: shown.filter((one) => last(one.mean) < bottom).map((one) => `${one.name} ${short(last(one.mean))}`),
    };
  };

  // The band of a line as a polygon; of points, an error bar each.
  const bands = (u, chart) => {
    const { ctx, bbox } = u;
    const x = (at) => u.valToPos(chart.at[at], "x", true), y = (value) => u.valToPos(value, "y", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    chart.series.forEach((one, place) => {
      const line = u.series[place + 1];
      if (!line.show) return;
      const known = one.low.flatMap((value, at) => (value === null ? [] : [at]));
      ctx.beginPath();
      if (chart.points) {
        for (const at of known) { ctx.moveTo(x(at), y(one.low[at])); ctx.lineTo(x(at), y(one.high[at])); }
        ctx.strokeStyle = fade(chart.colour(one), 0.5);
        ctx.lineWidth = devicePixelRatio;
        ctx.stroke();
      } else {
        const edge = (values, order) => order.forEach((at) => ctx.lineTo(x(at), y(values[at])));
        edge(one.high, known);
        edge(one.low, known.reverse());
        ctx.fillStyle = fade(chart.colour(one), 0.13);
        ctx.fill();
      }
    });
    if (chart.ceiling !== null) {
      ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.strokeStyle = chart.ink();
      ctx.beginPath();
      ctx.moveTo(bbox.left, y(chart.ceiling));
      ctx.lineTo(bbox.left + bbox.width, y(chart.ceiling));
      ctx.stroke();
    }
    ctx.restore();
  };

  // The values under the pointer: the nearest line, and the best of the others.
  const told = (u, chart, tip) => {
    const at = u.cursor.idx;
    tip.hidden = at === null || at === undefined;
    if (tip.hidden) return;
    const sign = chart.low_is_best ? 1 : -1;
    const value = (number) => (chart.percent ? `${short(100 * number)} %` : short(number));
    const here = chart.series.filter((one, place) => u.series[place + 1].show && one.mean[at] !== null);
    const near = chart.series[(chart.near ?? 0) - 1];
    here.sort((a, b) => (b === near) - (a === near) || sign * (a.mean[at] - b.mean[at]));
    const rows = here.slice(0, 8).map((one) => {
      const row = document.createElement("div"), box = (one.low[at] ?? null) !== null;
      row.style.borderColor = chart.colour(one);
      row.className = one === near ? "near" : "";
      row.textContent = `${one.name}  ${value(one.mean[at])}${box ? ` (${value(one.low[at])} to ${value(one.high[at])})` : ""}`;
      return row;
    });
    tip.replaceChildren(`${short(chart.at[at])} ${chart.x}`, ...rows);
    const { left } = u.cursor, width = u.over.clientWidth, isNarrow = width < 360, isLeft = isNarrow || left < width / 2;
    tip.style.top = isNarrow ? "100%" : "4px";  // below a chart that it would cover
    tip.style.left = isNarrow ? "0" : isLeft ? `${Math.max(0, left + 12)}px` : "auto";
    tip.style.right = isLeft ? "auto" : `${Math.max(0, width - left + 12)}px`;
  };

  const axis = (chart, name, scale) => ({
    label: name, scale, labelSize: 20, labelGap: 0, gap: 5, size: scale === "x" ? 24 : 50, font: "12px system-ui",
    labelFont: "12px system-ui", stroke: chart.ink, grid: { stroke: () => fade(chart.ink(), 0.12), width: 1 },
    ticks: { show: false }, space: scale === "x" ? 55 : 35,
    ...(chart[`${scale}_log`] && { splits: (_u, _axis, low, high) => ticks(low, high), filter: (_u, splits) => splits }),
    values: (_u, splits) => splits.map((value) => (chart.percent && scale === "y" ? `${short(100 * value)} %` : short(value))),
  });

  const draw = (box) => {
    const chart = JSON.parse(box.dataset.chart);
    chart.colour = (one) => getComputedStyle(colours.get(idOf(one.switches, one.name))).color;
    chart.ink = () => getComputedStyle(box).color;
    const isShown = (one) => !off.has(idOf(one.switches, one.name));
    const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    const note = Object.assign(document.createElement("p"), { className: "below" });
    let limits = [];
    const fit = () => {
      const found = frame(chart, chart.series.filter(isShown));
      limits = found.ends;
      note.textContent = found.below.length ? `Below the axis: ${found.below.join(", ")}.` : "";
    };
    fit();
    const size = () => ({ width: box.clientWidth, height: Math.round(Math.min(300, 0.5 * box.clientWidth + 110)) });
    const line = chart.points
      ? { paths: () => null, points: { show: true, size: 5 } }
      : { paths: chart.steps ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(), points: { show: false } };
    const u = new uPlot({
      ...size(),
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 }, focus: { prox: 24 } },
      focus: { alpha: 0.25 },
      scales: {
        x: { time: false, distr: chart.x_log ? 3 : 1, range: () => limits.slice(0, 2) },
        y: { distr: chart.y_log ? 3 : 1, range: () => limits.slice(2) },
      },
      axes: [axis(chart, chart.x, "x"), axis(chart, chart.y, "y")],
      series: [{}, ...chart.series.map((one) => ({
        ...line, label: one.name, show: isShown(one), width: one.width,
        stroke: () => chart.colour(one),
        points: { ...line.points, fill: () => chart.colour(one) },
      }))],
      hooks: {
        drawAxes: [(it) => bands(it, chart)],
        setSeries: [(it, at, change) => { if (change.focus) { chart.near = at; told(it, chart, tip); } }],
        setCursor: [(it) => told(it, chart, tip)],
      },
    }, [chart.at, ...chart.series.map((one) => one.mean)], box);
    u.over.append(tip);
    box.after(note);
    new ResizeObserver(() => u.setSize(size())).observe(box);
    const place = (id) => chart.series.findIndex((one) => idOf(one.switches, one.name) === id) + 1;
    charts.push({
      u,
      chart,
      redraw: () => u.redraw(false),
      focus: (id, on) => place(id) && u.setSeries(on ? place(id) : null, { focus: true }),
      update: () => {
        fit();
        u.batch(() => {
          chart.series.forEach((one, at) => u.setSeries(at + 1, { show: isShown(one) }));
          u.setScale("x", { min: limits[0], max: limits[1] });
          u.setScale("y", { min: limits[2], max: limits[3] });
        });
      },
    });
  };

  const button = (text, press) => {
    const made = Object.assign(document.createElement("button"), { type: "button" });
    made.append(...text);
    made.addEventListener("click", press);
    return made;
  };
  const show = (change) => {
    change();
    for (const key of keys) {
      key.firstChild.setAttribute("aria-pressed", !off.has(idOf(key.dataset.of, key.dataset.name)));
    }
    for (const one of charts) one.update();
  };
  for (const key of keys) {
    const id = idOf(key.dataset.of, key.dataset.name);
    const own = button([...key.childNodes], () => show(() => off.delete(id) || off.add(id)));
    own.setAttribute("aria-pressed", "true");
    own.title = "switch on or off";
    for (const [event, on] of [["pointerenter", true], ["pointerleave", false]]) {
      own.addEventListener(event, () => charts.forEach((one) => one.focus(id, on)));
    }
    key.append(own);
  }
  for (const list of document.querySelectorAll(".keys:has(li[data-name])")) {
    const ids = [...list.querySelectorAll("li[data-name]")].map((key) => idOf(key.dataset.of, key.dataset.name));
    const all = (name, change) => {
      const item = Object.assign(document.createElement("li"), { className: "all" });
      item.append(button([name], () => show(() => ids.forEach(change))));
      return item;
    };
    list.append(all("show all", (id) => off.delete(id)), all("hide all", (id) => off.add(id)));
  }
  document.querySelector(".scriptless").remove();
  for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  const redraw = () => charts.forEach((one) => one.redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const [event, scheme] of [["beforeprint", "light"], ["afterprint", ""]]) {
    addEventListener(event, () => { document.documentElement.style.colorScheme = scheme; redraw(); });
  }
})();
