"use strict";
// What comes from workers is set as text, never as markup.
const byId = id => document.getElementById(id);
const ID = 0, KIND = 1, NAME = 2, INDEX = 3, FROM = 4, LONG = 5, OUTCOME = 6;
const KEPT = 120e6, MOST = 20000, ROW = 16, AXIS = 16, LEFT = 46;
const RING = 9, DOING = 11;         // columns of the tree
const token = document.querySelector("meta[name=parallel-token]").content;

let state = null, paused = false, source = null, received = 0, window_ = 30e6, hits = [], order = [];
let range = null, scaleOf = null, dragged = null;   // {from, to}: microseconds, as entries have them
let output = { of: null, key: null, busy: false };
let chosen = null;              // {worker: id}, {entry: e} or {wait: w}
const entries = new Map(), series = [], rowOf = new Map();

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== null && text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function setText(node, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

function scaled(n) {
  if (n === null || n === undefined) return "";
  for (const unit of ["", " k", " M", " G"]) {
    if (Math.abs(n) < 1000) return (unit === "" ? Math.round(n * 10) / 10 : n.toFixed(1)) + unit;
    n /= 1000;
  }
  return n.toFixed(1) + " T";
}

const bytes = n => n === null || n === undefined ? "" : scaled(n) + (Math.abs(n) < 1000 ? " B" : "B");

function time(us) {
  if (us < 1000) return us.toFixed(0) + " us";
  if (us < 1e6) return (us / 1e3).toFixed(us < 1e4 ? 2 : 1) + " ms";
  if (us < 12e7) return (us / 1e6).toFixed(us < 1e7 ? 2 : 1) + " s";
  if (us < 72e8) return (us / 6e7).toFixed(0) + " min";
  return (us / 36e8).toFixed(1) + " h";
}

const named = id => id === 0 ? "the root" : "worker " + id;
const isOver = w => w.state === "dead" || w.state === "failed" || w.state === "ended";
const stateOf = w => w.stopped ? "stopped" : w.state;

// ---- what arrives

function connect() {
  source = new EventSource("/events");
  source.onmessage = event => {
    state = JSON.parse(event.data);
    received = performance.now();
    take(state);
    draw();
  };
  source.onerror = () => setText(byId("link"),
    source.readyState === EventSource.CLOSED ? "closed: open a fresh address" : "not connected, trying again");
}

const epochMs = us => Math.round(Date.parse(state.at) - (state.now - us) / 1000);

// By the clock: what is drawn once stays right.
const clock = us => new Date(epochMs(us)).toLocaleTimeString([], { hour12: false });

const keyOf = e => e[ID] + " " + e[KIND] + " " + e[FROM] + " " + e[INDEX] + " " + e[NAME];

function take(data) {
  if (data.whole) entries.clear();
  // All that goes on is in each reading: what is not there has ended, and its end was overwritten or became another's.
  if (data.read) for (const [key, e] of entries) if (e[LONG] === null) entries.delete(key);
  for (const e of data.entries) entries.set(keyOf(e), e);
  for (const [key, e] of entries) {
    const late = e[LONG] !== null && e[FROM] + e[LONG] < data.now - KEPT;
    if (late || entries.size > MOST) entries.delete(key);
  }
  const sum = at => data.workers.reduce((all, w) => all + (w.rates ? w.rates[at] : 0), 0);
  series.push({ at: data.now, messages: sum(0) + sum(2), bytes: sum(1) + sum(3),
                cpu: data.workers.reduce((all, w) => all + (w.cpu || 0), 0) });
  while (series.length && series[0].at < data.now - KEPT) series.shift();
  order = inTree(data.workers);
}

function inTree(workers) {
  const below = new Map(), ids = new Set(workers.map(w => w.id)), found = [], seen = new Set();
  workers = workers.slice().sort((a, b) => isOver(a) - isOver(b) || a.id - b.id);
  for (const w of workers) {
    if (!below.has(w.parent)) below.set(w.parent, []);
    below.get(w.parent).push(w);
  }
  const add = (w, depth) => {
    if (seen.has(w.id)) return;
    seen.add(w.id);
    found.push([w, depth]);
    (below.get(w.id) || []).forEach(child => add(child, depth + 1));
  };
  workers.filter(w => !ids.has(w.parent)).forEach(w => add(w, 0));
  workers.forEach(w => add(w, 0));
  return found;
}

function draw() {
  setText(byId("link"), paused ? "paused" : "live");
  drawHealth();
  drawTree();
  drawStream();
  drawRates();
  drawWaits();
  drawErrors();
  drawTables();
  drawShared();
  drawOutput();
  drawProfile();
  drawRange();
  drawDetails();
}

// ---- health

function drawHealth() {
  const list = byId("health"), health = state.health;
  const lines = health === null ? [["looking ..."]] : health.length === 0 ? [["All is well."]] :
    health.map(f => [f.text, f.do]);
  replaceIfNew(list, JSON.stringify(lines), () => lines.map(([text, form]) => {
    const item = element("li", text);
    if (form) item.append(" ", element("code", form));
    return item;
  }));
  list.className = health === null ? "" : health.length ? "bad" : "good";
}

function replaceIfNew(node, key, make) {
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(...make());
}

// ---- the tree

function newRow(id) {
  const row = element("tr");
  row.tabIndex = -1;
  for (let i = 0; i <= DOING; i++) row.append(element("td", null, i > 2 && i !== RING ? "number" : ""));
  const meter = element("meter");
  meter.max = 1;
  row.cells[RING].append(meter);
  row.cells[2].className = "name";
  row.cells[DOING].className = "doing";
  row.dataset.id = id;
  row.addEventListener("click", () => choose({ worker: id }));
  row.addEventListener("keydown", event => {
    const to = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (to) {
      event.preventDefault();
      row.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose({ worker: id });
    }
  });
  return row;
}

function drawTree() {
  const body = byId("tree").tBodies[0], seen = new Set();
  let at = 0, live = 0;
  for (const [w, depth] of order) {
    seen.add(w.id);
    live += isOver(w) ? 0 : 1;
    let row = rowOf.get(w.id);
    if (!row) rowOf.set(w.id, row = newRow(w.id));
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] || null);
    at++;
    fill(row, w, depth);
  }
  for (const [id, row] of rowOf) {
    if (!seen.has(id)) {
      row.remove();
      rowOf.delete(id);
    }
  }
  if (body.rows.length && ![...body.rows].some(row => row.tabIndex === 0)) body.rows[0].tabIndex = 0;
  setText(byId("count"), live + " live, " + (order.length - live) + " ended" +
    (state.spares.length ? ", " + state.spares.length + " spare" : "") + "; the root (pid " + state.self.pid +
    ") has a heap of " + bytes(state.self.heap));
}

const perSecond = (messages, size) => messages ? scaled(messages) + ", " + bytes(size) : "";

function fill(row, w, depth) {
  const rates = w.rates || [0, 0, 0, 0], end = [w.exit, w.signal].filter(x => x !== null).join(" ");
  const state_ = stateOf(w), over = isOver(w);
  const texts = [w.id, state_ + (end ? " " + end : ""), w.name, over || w.up === null ? "" : time(w.up * 1000),
    w.cpu === null || w.cpu === undefined ? "" : w.cpu + "%", bytes(w.heap), bytes(w.memory),
    perSecond(rates[0], rates[1]), perSecond(rates[2], rates[3]), null, w.queue[0] ? scaled(w.queue[0]) : "", w.doing];
  texts.forEach((text, i) => { if (i !== RING) setText(row.cells[i], text); });
  const bad = w.stopped || w.state === "dead" || w.state === "failed";
  row.cells[1].className = bad ? "bad" : "";
  row.className = (over ? "over" : "") + (chosen && chosen.worker === w.id ? " chosen" : "");
  row.cells[0].style.paddingLeft = 4 + depth * 14 + "px";
  const full = over ? 0 : Math.min(1, w.queue[1] / (w.ring || 1048576)), meter = row.cells[RING].firstChild;
  if (meter.value !== full) meter.value = full;
  meter.title = Math.round(full * 100) + "% of the ring to it";
}

// ---- the stream

function colour(name) {
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  const hues = [210, 30, 165, 265, 50, 190, 330, 90];
  return "hsl(" + hues[Math.abs(hash) % hues.length] + " 55% " + (45 + Math.abs(hash >> 8) % 20) + "%)";
}

const variable = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function sized(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.style.height = height + "px";
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  c.font = "11px system-ui, sans-serif";
  return [c, width];
}

function hatched(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const c = tile.getContext("2d");
  c.strokeStyle = variable("--faint");
  c.beginPath();
  c.moveTo(-1, 7); c.lineTo(7, -1); c.moveTo(-1, 1); c.lineTo(1, -1); c.moveTo(5, 7); c.lineTo(7, 5);
  c.stroke();
  return context.createPattern(tile, "repeat");
}

function step(range, pixels) {
  const rough = range / Math.max(2, pixels / 90), power = Math.pow(10, Math.floor(Math.log10(rough)));
  return [1, 2, 5, 10].map(x => x * power).find(x => x >= rough);
}

function drawStream() {
  const rows = new Map();
  for (const [w] of order) rows.set(w.id, []);
  const from = state.now - window_;
  for (const e of entries.values()) {
    if (rows.has(e[ID]) && (e[LONG] === null || e[FROM] + e[LONG] > from)) rows.get(e[ID]).push(e);
  }
  for (const [w] of order) if (isOver(w) && rows.get(w.id).length === 0) rows.delete(w.id);
  const [c, width] = sized(byId("stream"), AXIS + rows.size * ROW + 4);
  const scale = (width - LEFT) / window_;
  scaleOf = { from, scale };
  const x = t => LEFT + (t - from) * scale, hatch = hatched(c);
  const colours = { text: variable("--text"), faint: variable("--faint"), line: variable("--line"),
                    back: variable("--back"), gc: variable("--gc"), error: variable("--error"),
                    mark: variable("--mark"), bad: variable("--bad") };
  hits = [];
  const by = step(window_, width - LEFT);
  for (let ago = 0; ago <= window_; ago += by) {
    c.fillStyle = colours.line;
    c.fillRect(x(state.now - ago), AXIS - 3, 1, rows.size * ROW + 3);
    c.fillStyle = colours.faint;
    c.textAlign = ago === 0 ? "right" : "center";
    c.fillText(ago === 0 ? "now" : "-" + time(ago), Math.max(LEFT + 18, x(state.now - ago)), 10);
  }
  c.textAlign = "left";
  const dead = new Map(state.workers.filter(isOver).map(w => [w.id, w]));
  let y = AXIS;
  for (const [id, own] of rows) {
    c.fillStyle = dead.has(id) ? colours.faint : colours.text;
    c.fillText(String(id), 2, y + 11);
    c.fillStyle = colours.line;
    c.fillRect(LEFT, y + ROW - 1, width - LEFT, 1);
    own.sort((a, b) => a[FROM] - b[FROM] || (b[LONG] === null ? 1e18 : b[LONG]) - (a[LONG] === null ? 1e18 : a[LONG]));
    const open = [];
    for (const e of own) {
      const end = e[LONG] === null ? (dead.has(id) ? e[FROM] : state.now) : e[FROM] + e[LONG];
      while (open.length && open[open.length - 1] <= e[FROM]) open.pop();
      drawEntry(c, e, x, end, y, Math.min(open.length, 4), width, colours, hatch, dead.has(id));
      if (e[KIND] !== "gc") open.push(e[LONG] === null ? Infinity : end);
    }
    // A wait is an entry once it has ended; those that go on are known from elsewhere.
    for (const w of state.waits) {
      if (w.id === id && w.ms > 0) {
        drawEntry(c, [id, "wait", w.for, null, state.now - w.ms * 1000, null, null], x, state.now, y, 2, width, colours,
          hatch, false);
      }
    }
    y += ROW;
  }
  if (range) {
    const x0 = Math.max(LEFT, x(range.from)), x1 = Math.min(width, x(range.to));
    c.globalAlpha = 0.2;
    c.fillStyle = variable("--series");
    c.fillRect(x0, AXIS - 3, Math.max(0, x1 - x0), y - AXIS + 3);
    c.globalAlpha = 1;
  }
}

function drawEntry(c, e, x, end, top, depth, width, colours, hatch, isDead) {
  const x0 = Math.max(LEFT, x(e[FROM])), x1 = Math.min(width, Math.max(x(end), x0 + 1.5));
  if (x1 < LEFT || x0 > width) return;
  const inset = e[KIND] === "gc" ? 0 : depth * 2, y = top + 1 + inset, h = Math.max(4, ROW - 3 - inset);
  if (e[KIND] === "wait") {
    c.fillStyle = colours.back;
    c.fillRect(x0, y, x1 - x0, h);
    c.fillStyle = hatch;
  } else {
    c.fillStyle = e[KIND] === "gc" ? colours.gc : e[OUTCOME] === "error" ? colours.error : colour(e[NAME]);
  }
  c.globalAlpha = e[OUTCOME] === "cancelled" ? 0.4 : 1;
  c.fillRect(x0, y, x1 - x0, h);
  c.globalAlpha = 1;
  if (e[OUTCOME] === "error" || isDead && e[LONG] === null) {
    c.strokeStyle = colours.bad;
    c.strokeRect(x0 + 0.5, y + 0.5, Math.max(2, x1 - x0 - 1), h - 1);
  }
  if (chosen && chosen.entry && keyOf(chosen.entry) === keyOf(e)) {
    c.strokeStyle = colours.text;
    c.lineWidth = 2;
    c.strokeRect(x0, y, Math.max(3, x1 - x0), h);
    c.lineWidth = 1;
  }
  hits.push([x0, y, Math.max(3, x1 - x0), h, e]);
}

function legend() {
  const add = (text, background) => {
    const item = element("span"), box = element("i");
    box.style.background = background;
    item.append(box, text);
    byId("legend").append(item);
  };
  add("by the name of the work", "linear-gradient(90deg, hsl(210 55% 50%), hsl(30 55% 50%), hsl(165 55% 50%))");
  add("waiting", "repeating-linear-gradient(135deg, var(--faint) 0 1px, transparent 1px 5px)");
  add("collection", "var(--gc)");
  add("error", "#000");
}

function goAlong(key) {
  if (!hits.length) return;
  const all = hits.map(hit => hit[4]).sort((a, b) => a[FROM] - b[FROM]);
  const ids = [...new Set(hits.map(hit => hit[4][ID]))];
  let e = chosen && chosen.entry;
  if (!e) {
    e = all[all.length - 1];
  } else if (key === "ArrowLeft" || key === "ArrowRight") {
    const own = all.filter(other => other[ID] === e[ID]), at = own.findIndex(other => keyOf(other) === keyOf(e));
    e = own[Math.max(0, Math.min(own.length - 1, at + (key === "ArrowLeft" ? -1 : 1)))];
  } else {
    const id = ids[ids.indexOf(e[ID]) + (key === "ArrowUp" ? -1 : 1)];
    const own = all.filter(other => other[ID] === id);
    if (own.length) e = own.reduce((a, b) => Math.abs(b[FROM] - e[FROM]) < Math.abs(a[FROM] - e[FROM]) ? b : a);
  }
  choose({ entry: e });
}

// ---- a range of time

const timeAt = x => scaleOf.from + (Math.max(LEFT, x) - LEFT) / scaleOf.scale;

function mark(from, to) {
  range = from === null ? null : { from: Math.min(from, to), to: Math.min(state.now, Math.max(from, to)) };
  drawStream();
  drawRange();
}

// The time of the chosen one, or all that is seen.
function markByKey() {
  const e = chosen && chosen.entry && (entries.get(keyOf(chosen.entry)) || chosen.entry);
  if (e) mark(e[FROM], e[LONG] === null ? state.now : e[FROM] + e[LONG]);
  else mark(state.now - window_, state.now);
}

// How much of the range they cover together.
function covered(spans) {
  let sum = 0, end = range.from;
  for (const [a, b] of spans.sort((one, other) => one[0] - other[0])) {
    if (b > end) {
      sum += b - Math.max(a, end);
      end = b;
    }
  }
  return sum;
}

function numbersOfRange() {
  const dead = new Set(state.workers.filter(isOver).map(w => w.id)), byWorker = new Map(), byName = new Map();
  const add = (id, kind, a, b) => {
    const from = Math.max(a, range.from), to = Math.min(b, range.to);
    if (to < from) return null;
    if (!byWorker.has(id)) byWorker.set(id, { work: [], wait: [], gc: [], ended: 0, errors: 0 });
    const own = byWorker.get(id);
    own[kind === "wait" || kind === "gc" ? kind : "work"].push([from, to]);
    return own;
  };
  // The form of a pool's worker is its loop.
  const loops = new Set([...entries.values()].filter(e => e[KIND] === "task" || e[KIND] === "part").map(e => e[ID]));
  for (const e of entries.values()) {
    if (e[KIND] === "form" && loops.has(e[ID])) continue;
    const end = e[LONG] === null ? (dead.has(e[ID]) ? e[FROM] : state.now) : e[FROM] + e[LONG];
    const own = add(e[ID], e[KIND], e[FROM], end);
    if (!own || e[KIND] === "wait" || e[KIND] === "gc") continue;
    const named_ = byName.get(e[NAME]) || { count: 0, time: 0, errors: 0 };
    byName.set(e[NAME], named_);
    named_.time += Math.min(end, range.to) - Math.max(e[FROM], range.from);
    if (e[LONG] !== null && end <= range.to) {
      const error = e[OUTCOME] === "error" ? 1 : 0;
      own.ended++;
      own.errors += error;
      named_.count++;
      named_.errors += error;
    }
  }
  for (const w of state.waits) if (w.ms > 0) add(w.id, "wait", state.now - w.ms * 1000, state.now);
  return { byWorker, byName };
}

const share = part => (100 * part / Math.max(1, range.to - range.from)).toFixed(1) + "%";

function rowsOf(head, rows) {
  const made = element("table"), body = element("tbody"), scroll = element("div", null, "scroll");
  [head, ...rows].forEach((cells, i) => {
    const row = element("tr");
    cells.forEach(text => row.append(element(i ? "td" : "th", String(text))));
    body.append(row);
  });
  made.append(body);
  scroll.append(made);
  return scroll;
}

function drawRange() {
  const place = byId("range");
  if (!range) {
    replaceIfNew(place, "", () => []);
    return;
  }
  const { byWorker, byName } = numbersOfRange();
  const workers = [...byWorker].sort((a, b) => a[0] - b[0]).map(([id, own]) => {
    const waited = covered(own.wait);
    return [id, share(covered(own.work.concat(own.wait)) - waited), share(waited), share(covered(own.gc)), own.ended,
            own.errors];
  });
  const names = [...byName].sort((a, b) => b[1].time - a[1].time).slice(0, 10).map(([name, n]) =>
    [name, n.count, time(n.time), n.errors]);
  const within = series.filter(s => s.at >= range.from && s.at <= range.to);
  const mean = key => within.reduce((sum, s) => sum + s[key], 0) / within.length;
  const sums = within.length === 0 ? "" : ": " + scaled(mean("messages")) + " messages/s, " + bytes(mean("bytes")) +
    "/s, " + Math.round(mean("cpu")) + "% CPU";
  const key = JSON.stringify([range, workers, names, sums, canProfile(), state.workers.some(w => w.flight)]);
  replaceIfNew(place, key, () => {
    const off = element("button", "Unmark"), made = [];
    off.type = "button";
    off.addEventListener("click", () => mark(null));
    made.push(element("h2", clock(range.from) + " to " + clock(range.to) + ", " + time(range.to - range.from)));
    const line = element("p", null);
    line.append(off, ...profileButtons(), "In this time" + sums);
    made.push(line, rowsOf(["id", "busy", "waits", "gc", "ended", "errors"], workers));
    if (names.length) made.push(rowsOf(["name", "ended", "time", "errors"], names));
    return made;
  });
}

// ---- rates

function drawRates() {
  const height = 90, [c, width] = sized(byId("rates"), height);
  if (!series.length) return;
  const last = series[series.length - 1], x = at => width - (last.at - at) / KEPT * width;
  const line = (key, top, tall, colour_, label) => {
    const most = series.reduce((m, s) => Math.max(m, s[key]), 0) || 1;
    c.strokeStyle = variable("--line");
    c.strokeRect(0.5, top + 0.5, width - 1, tall - 1);
    c.strokeStyle = colour_;
    c.beginPath();
    series.forEach((s, i) => {
      const y = top + tall - 2 - s[key] / most * (tall - 6);
      if (i) c.lineTo(x(s.at), y); else c.moveTo(x(s.at), y);
    });
    c.stroke();
    c.fillStyle = variable("--faint");
    c.fillText(label + ", at most " + scaled(most), 4, top + 11);
  };
  line("messages", 0, 43, variable("--series"), "messages per second");
  line("cpu", 46, 43, variable("--mark"), "CPU of workers, % of a processor");
  setText(byId("rates-now"), scaled(last.messages) + " messages/s, " + bytes(last.bytes) + "/s, " + last.cpu + "% CPU");
}

// ---- waits

function inCycle(wait) {
  return state.cycles.some(cycle => cycle.some(w => w.id === wait.id && w.thread === wait.thread));
}

function traced(wait) {
  for (const cycle of state.cycles) {
    for (const w of cycle) if (w.id === wait.id && w.thread === wait.thread) return w;
  }
  return wait;
}

function drawWaits() {
  const shape = JSON.stringify(state.waits.map(w => [w.id, w.thread, w.for, w.on, inCycle(w)]));
  replaceIfNew(byId("waits"), shape, () => state.waits.length === 0 ? [element("li", "Nobody waits.")] :
    state.waits.map(w => {
      const item = element("li"), button = element("button", null, inCycle(w) ? "cycle" : "");
      button.type = "button";
      button.addEventListener("click", () => choose({ wait: w }));
      item.append(button);
      return item;
    }));
  [...byId("waits").querySelectorAll("button")].forEach((button, i) => {
    const w = state.waits[i];
    setText(button, named(w.id) + " (" + w.thread + "): " + w.for + " of " +
      (w.on.length ? w.on.map(named).join(", ") : "?") + ", " + time(w.ms * 1000));
  });
  replaceIfNew(byId("graph"), shape, () => {
    const drawn = graph();
    return drawn ? [drawn] : [];
  });
}

function svg(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function graph() {
  const ids = [...new Set(state.waits.flatMap(w => [w.id, ...w.on]))].sort((a, b) => a - b).slice(0, 24);
  if (ids.length < 2) return null;
  const size = 340, middle = size / 2, round = ids.length < 3 ? 90 : 135;
  const at = new Map(ids.map((id, i) => {
    const turn = 2 * Math.PI * i / ids.length - Math.PI / 2;
    return [id, [middle + round * Math.cos(turn), middle + round * Math.sin(turn)]];
  }));
  const made = svg("svg", { viewBox: "0 0 " + size + " " + size, role: "img",
                            "aria-label": "Who waits for whom, as the list below says" });
  for (const w of state.waits) {
    for (const on of w.on) {
      if (!at.has(w.id) || !at.has(on) || w.id === on) continue;
      const [x0, y0] = at.get(w.id), [x1, y1] = at.get(on), d = Math.hypot(x1 - x0, y1 - y0);
      // Both ways are seen: each is a little to its left.
      const ux = (x1 - x0) / d, uy = (y1 - y0) / d, sx = -uy * 4, sy = ux * 4, cycle = inCycle(w) ? " cycle" : "";
      const ex = x1 - ux * 17 + sx, ey = y1 - uy * 17 + sy;
      made.append(svg("line", { x1: x0 + ux * 15 + sx, y1: y0 + uy * 15 + sy, x2: ex - ux * 5, y2: ey - uy * 5,
                                class: "edge" + cycle }));
      made.append(svg("polygon", { class: "arrow" + cycle, points: [[ex, ey],
        [ex - ux * 9 - uy * 4, ey - uy * 9 + ux * 4], [ex - ux * 9 + uy * 4, ey - uy * 9 - ux * 4]].join(" ") }));
    }
  }
  for (const [id, [cx, cy]] of at) {
    const text = svg("text", { x: cx, y: cy });
    text.textContent = id === 0 ? "root" : String(id);
    made.append(svg("circle", { cx, cy, r: 14 }), text);
  }
  return made;
}

// ---- errors, pools, spares, hosts

function drawErrors() {
  const ended = state.workers.filter(w => w.error !== null).slice(-20).reverse();
  const failed = [...entries.values()].filter(e => e[OUTCOME] === "error").slice(-20).reverse();
  replaceIfNew(byId("errors"), JSON.stringify([ended.map(w => [w.id, w.error]), failed.map(keyOf)]), () => {
    const made = [];
    for (const w of ended) {
      made.push(element("strong", named(w.id) + (w.name ? " " + w.name : "") + ", " + w.state));
      made.push(element("pre", w.error));
    }
    if (failed.length) made.push(element("pre", failed.map(describe).join("\n")));
    return made.length ? made : [element("p", "none")];
  });
}

function table(id, head, rows) {
  replaceIfNew(byId(id).tBodies[0], JSON.stringify(rows), () => rows.length === 0 ? [] :
    [head, ...rows].map((cells, i) => {
      const row = element("tr");
      cells.forEach(text => row.append(element(i ? "td" : "th", text === null ? "" : String(text))));
      return row;
    }));
}

function drawTables() {
  table("pools", ["pool of", "workers", "at most", "queued", "running"], state.pools.map(p =>
    [p.workers.sort((a, b) => a - b).slice(0, 8).join(" ") + (p.workers.length > 8 ? " ..." : ""), p.size, p.most,
     p.queued, p.running]));
  table("spares", ["spare", "state", "up", "memory"], state.spares.map(s =>
    ["pid " + s.pid, s.state, s.up === null ? "" : time(Math.floor(s.up / 1000) * 1e6), bytes(s.memory)]));
  table("hosts", ["host", "state", "via", "cores", "free", "workers", "load", "round trip", "error"],
    state.hosts.map(h => [h.name, h.state, h.via, h.cores, h.free, h.workers, h.load,
                          h.roundTripUs === null ? "" : time(h.roundTripUs), h.error]));
}

// ---- what is shared

const idsText = ids => ids.map(id => id === 0 ? "root" : id).join(", ");

function cellState(c) {
  if (c.broken !== null) return "broken: " + named(c.broken) + " has ended";
  if (c.kind === "lock") return c.holder === null ? "free" : "held by " + named(c.holder);
  if (c.kind === "barrier") return c.arrived + " of " + c.parties + " have arrived";
  return (c.kind === "latch" ? "count " : "value ") + c.value;
}

// Of a lock nobody writes down who waits for it: those that wait for a lock of its holder.
function cellWaits(c) {
  if (c.kind !== "lock") return c.waiting || [];
  return c.holder === null ? [] :
    [...new Set(state.waits.filter(w => w.for === "lock" && w.on.includes(c.holder)).map(w => w.id))];
}

function drawShared() {
  const s = state.shared, ids = new Map(state.workers.map(w => [w.pid, w.id])), more = s.cellCount + s.arrayCount -
    s.cells.length - s.arrays.length;
  ids.set(state.self.pid, state.self.id);
  setText(byId("shared-sum"), s.cellCount + s.arrayCount === 0 ? "This process has none." :
    s.arrayCount + (s.arrayCount === 1 ? " array" : " arrays") + " and " + s.cellCount +
    " locks and the like here, " + bytes(s.bytes) + (more ? "; " + more + " of them are not listed" : "") +
    (s.closing ? "; " + bytes(s.closing) + " closed, and not unmapped yet" : "") +
    (s.held ? "; " + s.held + " (" + bytes(s.heldBytes) + ") kept until they have arrived" : ""));
  table("cells", ["what", "number", "made by", "state", "wait for it"], s.cells.map(c =>
    [c.kind, c.number, named(c.maker), cellState(c), idsText(cellWaits(c))]));
  table("arrays", ["array of", "number", "made by", "shape", "size"], s.arrays.map(a =>
    [a.kind === null ? "?" : a.kind + "s", a.number || "", a.pid === null ? "a file on disk" :
      ids.has(a.pid) ? named(ids.get(a.pid)) : "pid " + a.pid, a.shape === null ? "?" : a.shape.join(" x "),
     bytes(a.bytes)]));
}

// ---- output

function drawOutput() {
  const menu = byId("output-of"), printed = order.map(([w]) => w).filter(w => w.lines > 0);
  const shape = JSON.stringify(printed.map(w => [w.id, w.name]));
  if (menu.dataset.key !== shape) {
    menu.dataset.key = shape;
    menu.replaceChildren(...printed.map(w => {
      const option = element("option", named(w.id) + (w.name ? " " + w.name : "") + (isOver(w) ? ", has ended" : ""));
      option.value = String(w.id);
      return option;
    }));
    menu.disabled = printed.length === 0;
  }
  if (!printed.some(w => w.id === output.of)) output.of = printed.length ? printed[0].id : null;
  if (output.of !== null && menu.value !== String(output.of)) menu.value = String(output.of);
  const of = printed.find(w => w.id === output.of);
  if (of) readOutput(of.id, of.id + " " + of.lines + " " + isOver(of));
  else setText(byId("output"), "Nobody has printed anything.");
}

async function readOutput(id, key) {
  if (output.busy || output.key === key) return;
  output.busy = true;
  const answer = await fetch("/output?id=" + id).catch(() => null);
  const lines = answer && answer.ok ? await answer.json().catch(() => null) : null;
  output.busy = false;
  if (!lines || output.of !== id) return;
  output.key = key;
  byId("output").replaceChildren(...lines.map(([stream, text]) =>
    element("span", text + "\n", stream === "err" ? "err" : "")));
  byId("output").scrollTop = byId("output").scrollHeight;
}

// ---- profile

const canProfile = () => token !== "" && (state.profile === null || state.profile.over);

function profileButtons() {
  if (token === "") return [];
  const button = (text, action) => {
    const made = element("button", text);
    made.type = "button";
    made.disabled = !canProfile();
    made.addEventListener("click", action);
    return made;
  };
  const made = [button("Profile for as long", () => {
    byId("profile-ms").value = String(Math.max(1, Math.min(60000, Math.round((range.to - range.from) / 1000))));
    profile({ ms: byId("profile-ms").value });
  })];
  // Only what was recorded then can be told of now.
  if (state.workers.some(w => w.flight && !isOver(w))) {
    made.push(button("Profile of this time", () => profile({ from: epochMs(range.from), to: epochMs(range.to) })));
  }
  return made;
}

async function profile(span) {
  const ids = [...byId("profile-of").selectedOptions].map(option => option.value).join(",");
  const answer = await post({ do: "profile", ids, ...span });
  if (answer && answer.status === 404) {
    setText(byId("profile-said"), span.from ? "They do not record all the time: that needs their option :flight true." :
      "There is no such worker to profile.");
  } else if (!answer || !answer.ok) {
    setText(byId("profile-said"), "It was refused" + (answer ? ": " + answer.status : "."));
  }
}

function drawProfile() {
  const form = byId("profile-form"), menu = byId("profile-of"), p = state.profile;
  form.hidden = token === "";
  form.querySelector("button").disabled = !canProfile();
  const here = state.workers.filter(w => w.here && !isOver(w)).sort((a, b) => a.id - b.id);
  const kept = new Set([...menu.selectedOptions].map(option => option.value));
  replaceIfNew(menu, JSON.stringify(here.map(w => [w.id, w.name])), () => here.map(w => {
    const option = element("option", named(w.id) + (w.name ? " " + w.name : ""));
    option.value = String(w.id);
    option.selected = kept.has(option.value);
    return option;
  }));
  const key = JSON.stringify([p && [p.number, p.over, p.error]]), said = byId("profile-said");
  if (said.dataset.key === key) return;
  said.dataset.key = key;
  if (p === null) setText(said, token === "" ? "With :actions true workers can be profiled from here." : "");
  else if (!p.over) setText(said, "Profiles " + of(p.ids) + ", " + time(p.ms * 1000) + " ...");
  else setText(said, p.error ? "The profile failed: " + p.error : "Profile of " + of(p.ids) + ", " +
    time(p.ms * 1000) + (p.past ? " of the past" : "") + ", in samples of 10 ms. A click opens it.");
  if (p !== null && p.over && !p.error) byId("flame").replaceChildren(...flames(p));
}

const of = ids => ids.length > 8 ? ids.length + " workers" : ids.map(named).join(", ");

function flames(p) {
  const link = (address, text) => {
    const made = element("a", text);
    made.href = address;
    made.target = "_blank";
    made.rel = "noopener";
    return made;
  };
  const all = link("/flame?n=" + p.number, null), image = element("img");
  image.src = "/flame.svg?n=" + p.number;
  image.alt = "Flame graph of " + of(p.ids);
  all.append(image);
  return [all, ...Object.entries(p.samples).map(([id, n]) =>
    link("/flame?n=" + p.number + "&id=" + id, named(Number(id)) + ": " + n))];
}

// ---- details

function describe(e) {
  return named(e[ID]) + "  " + e[KIND] + (e[INDEX] === null ? "" : " " + e[INDEX]) + "  " + e[NAME] + "  " +
    "at " + clock(e[FROM]) + (e[LONG] === null ? ", has not ended" : ", took " + time(e[LONG]) + ", " + e[OUTCOME]);
}

function choose(what) {
  chosen = what;
  const id = what.worker !== undefined ? what.worker : what.entry ? what.entry[ID] : what.wait.id;
  const w = state && state.workers.find(worker => worker.id === id);
  if (w && w.lines > 0) {
    output.of = id;
    drawOutput();
  }
  if (state) {
    drawTree();
    drawStream();
    drawDetails();
  }
}

function list(facts) {
  const made = element("dl");
  for (const [name, value] of facts) {
    if (value === null || value === undefined || value === "") continue;
    made.append(element("dt", name), element("dd", String(value)));
  }
  return made;
}

function drawDetails() {
  if (!chosen) return;
  const place = byId("details");
  if (chosen.entry) {
    const e = entries.get(keyOf(chosen.entry)) || chosen.entry;
    replaceIfNew(place, "entry " + JSON.stringify(e), () => [list([["worker", e[ID]], ["kind", e[KIND]],
      ["index", e[INDEX]], ["name", e[NAME]], ["began at", clock(e[FROM])],
      ["took", e[LONG] === null ? "has not ended" : time(e[LONG])], ["outcome", e[OUTCOME]]])]);
  } else if (chosen.wait) {
    const w = traced(chosen.wait);
    replaceIfNew(place, "wait " + JSON.stringify([w.id, w.thread, w.trace]), () => {
      const made = [list([["who", named(w.id)], ["thread", w.thread], ["waits in", w.for],
                          ["on", w.on.map(named).join(", ")]])];
      if (w.trace.length) made.push(element("pre", w.trace.join("\n")));
      else if (w.id !== 0) made.push(...stacksButton(w.id));
      return made;
    });
  } else {
    const found = order.find(([w]) => w.id === chosen.worker);
    if (found) drawWorker(place, found[0]);
  }
}

function drawWorker(place, w) {
  const facts = list([["worker", w.id], ["name", w.name], ["state", stateOf(w)], ["pid", w.pid], ["host", w.host],
    ["parent", named(w.parent)], ["started", w.up === null ? "" : time(w.up * 1000) + " ago"],
    ["sent", scaled(w.sent[0]) + " messages, " + bytes(w.sent[1])],
    ["received", scaled(w.received[0]) + " messages, " + bytes(w.received[1])],
    ["waiting for it", scaled(w.queue[0]) + " messages, " + bytes(w.queue[1])],
    ["not received here", w.unread ? scaled(w.unread[0]) + " messages, " + bytes(w.unread[1]) : ""],
    ["heap", bytes(w.heap) + (w.heapMost ? " of " + bytes(w.heapMost) : "")], ["memory", bytes(w.memory)],
    ["ended with", [w.exit, w.signal].filter(x => x !== null).join(" ")]]);
  const key = "worker " + JSON.stringify([w.id, isOver(w), w.doing, w.error]);
  if (place.dataset.key === key) {
    place.querySelector("dl").replaceWith(facts);
    return;
  }
  replaceIfNew(place, key, () => {
    const made = [facts];
    if (w.doing) made.push(element("p", "evaluates"), element("pre", w.doing));
    if (w.error) made.push(element("p", "last words"), element("pre", w.error));
    if (w.own && !isOver(w)) made.push(...stacksButton(w.id), ...actionButtons(w));
    return made;
  });
}

function stacksButton(id) {
  const button = element("button", "Stacks"), place = element("pre");
  button.type = "button";
  place.hidden = true;
  button.addEventListener("click", async () => {
    place.hidden = false;
    place.textContent = "asking it ...";
    const answer = await fetch("/threads?id=" + id).catch(() => null);
    place.textContent = answer && answer.ok ? await answer.text() : "It does not answer.";
  });
  return [button, place];
}

const post = fields => fetch("/action", { method: "POST", headers: { "X-Parallel-Token": token },
                                          body: new URLSearchParams(fields) }).catch(() => null);

function actionButtons(w) {
  if (token === "") return [];
  return ["interrupt", "stop", "kill"].map(action => {
    const button = element("button", action[0].toUpperCase() + action.slice(1));
    button.type = "button";
    button.addEventListener("click", async () => {
      if (!window.confirm(button.textContent + " worker " + w.id + "?")) return;
      const answer = await post({ do: action, id: String(w.id) });
      if (!answer || !answer.ok) window.alert("It was refused" + (answer ? ": " + answer.status : "."));
    });
    return button;
  });
}

// ---- what the user does

function pause() {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  setText(byId("pause"), paused ? "Go on" : "Pause");
  if (paused) {
    source.close();
    setText(byId("link"), "paused");
  } else {
    connect();
  }
}

function zoom(factor) {
  window_ = Math.max(1e5, Math.min(KEPT, window_ * factor));
  if (state) drawStream();
}

function listen() {
  byId("pause").addEventListener("click", pause);
  byId("closer").addEventListener("click", () => zoom(0.5));
  byId("farther").addEventListener("click", () => zoom(2));
  byId("stream").addEventListener("pointerdown", event => {
    if (state && event.button === 0) dragged = { x: event.offsetX, at: timeAt(event.offsetX), is: false };
  });
  byId("stream").addEventListener("pointermove", event => {
    if (!dragged || !state) return;
    if (event.buttons === 0) {
      dragged = null;         // it was let go of elsewhere
      return;
    }
    if (!dragged.is && Math.abs(event.offsetX - dragged.x) > 4) {
      dragged.is = true;
      byId("stream").setPointerCapture(event.pointerId);
    }
    if (dragged.is) mark(dragged.at, timeAt(event.offsetX));
  });
  byId("stream").addEventListener("pointercancel", () => { dragged = null; });
  byId("stream").addEventListener("click", event => {
    const was = dragged && dragged.is;
    dragged = null;
    if (was) return;
    const hit = hits.filter(([x, y, w, h]) => event.offsetX >= x - 1 && event.offsetX < x + w + 1 &&
      event.offsetY >= y && event.offsetY < y + h).pop();
    if (hit) choose({ entry: hit[4] });
  });
  byId("stream").addEventListener("keydown", event => {
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      goAlong(event.key);
    }
  });
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches && event.target.matches("input, select")) return;
    const action = { p: pause, "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
                     r: () => { if (state) markByKey(); }, Escape: () => { if (range) mark(null); } }[event.key];
    if (action) action();
  });
  byId("output-of").addEventListener("change", () => {
    output.of = Number(byId("output-of").value);
    drawOutput();
  });
  byId("profile-form").addEventListener("submit", event => {
    event.preventDefault();
    profile({ ms: byId("profile-ms").value });
  });
  window.addEventListener("resize", () => { if (state) draw(); });
}

legend();
listen();
connect();
