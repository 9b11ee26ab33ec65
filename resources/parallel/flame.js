"use strict";
(function () {
  const left = 10, whole = 1180;
  const said = document.getElementById("said");
  const frames = Array.from(document.querySelectorAll("g.f")).map(g => {
    const rect = g.querySelector("rect");
    const title = g.querySelector("title").textContent;
    return {g, rect, title, name: title.slice(0, title.lastIndexOf(" (")),
            x: +rect.getAttribute("x"), w: +rect.getAttribute("width"), y: +rect.getAttribute("y")};
  });
  function place(f, x, w) {
    f.rect.setAttribute("x", x);
    f.rect.setAttribute("width", w);
    let text = f.g.querySelector("text");
    const fits = Math.floor((w - 6) / 7.2);
    if (!text) {
      text = document.createElementNS(f.g.namespaceURI, "text");
      text.setAttribute("y", f.y + 12);
      f.g.appendChild(text);
    }
    text.setAttribute("x", x + 3);
    text.textContent = fits < 3 ? "" : f.name.length <= fits ? f.name : f.name.slice(0, fits - 2) + "..";
  }
  function zoom(to) {
    const end = to.x + to.w, near = 0.06;
    frames.forEach(f => {
      const above = f.y < to.y && f.x <= to.x + near && f.x + f.w >= end - near;
      const below = f.y >= to.y && f.x >= to.x - near && f.x + f.w <= end + near;
      f.g.style.display = above || below ? "" : "none";
      if (above) {
        place(f, left, whole);
      } else if (below) {
        place(f, left + (f.x - to.x) / to.w * whole, f.w / to.w * whole);
      }
    });
  }
  function find(text) {
    const parts = [];
    frames.forEach(f => {
      const is = text !== "" && f.name.toLowerCase().includes(text.toLowerCase());
      f.g.classList.toggle("found", is);
      if (is && !parts.some(p => p.x <= f.x + 0.06 && p.x + p.w >= f.x + f.w - 0.06)) {
        parts.push(f);
      }
    });
    const sum = parts.reduce((all, p) => all + p.w, 0);
    said.textContent = text === "" ? " " : text + ": " + (sum / whole * 100).toFixed(1) + " % of the samples";
  }
  function ask() {
    const text = window.prompt("Frames whose name has", "");
    if (text !== null) {
      find(text);
    }
  }
  frames.forEach(f => {
    f.g.addEventListener("click", () => zoom(f));
    f.g.addEventListener("mouseover", () => { said.textContent = f.title; });
  });
  document.getElementById("all").addEventListener("click", () => zoom(frames[0]));
  document.getElementById("find").addEventListener("click", ask);
  window.addEventListener("keydown", e => {
    if (e.key === "/" || (e.key === "f" && (e.ctrlKey || e.metaKey))) {
      e.preventDefault();
      ask();
    } else if (e.key === "Escape") {
      find("");
      zoom(frames[0]);
    }
  });
})();
