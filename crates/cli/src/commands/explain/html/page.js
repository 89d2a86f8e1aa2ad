
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const steps = all("article");
  const texts = steps.map((step) => step.textContent.toLowerCase());
  const nodes = all(".node");
  const edges = all(".edges path");
  const svg = document.querySelector(".graph svg");

  // A narrow window sees the middle, where the graph begins.
  const graph = document.querySelector(".graph");
  graph.scrollLeft = (graph.scrollWidth - graph.clientWidth) / 2;

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    steps.forEach((step, at) => {
      const hit = words.every((word) => texts[at].includes(word));
      step.hidden = !hit;
      nodes[at].classList.toggle("off", !hit);
      shown += hit ? 1 : 0;
    });
    for (const stage of all(".stage")) stage.hidden = !stage.querySelector("article:not([hidden])");
    document.getElementById("none").hidden = shown > 0;
    count.textContent = words.length ? `${shown} of ${steps.length}` : `${steps.length} steps`;
  };
  search.addEventListener("input", filter);

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      filter();
    }
  });

  // Everything that a step waits for, and everything that waits for it.
  const reach = (start, from, to, found) => {
    for (const edge of edges) {
      if (edge.dataset[from] !== start) continue;
      edge.classList.add("on");
      const next = edge.dataset[to];
      if (found.has(next)) continue;
      found.add(next);
      reach(next, from, to, found);
    }
  };
  const pick = (node) => {
    const found = new Set([node.dataset.step]);
    reach(node.dataset.step, "from", "to", found);
    reach(node.dataset.step, "to", "from", found);
    for (const other of nodes) other.classList.toggle("on", found.has(other.dataset.step));
    svg.classList.add("picked");
  };
  const unpick = () => {
    svg.classList.remove("picked");
    for (const element of [...nodes, ...edges]) element.classList.remove("on");
  };
  for (const node of nodes) {
    node.addEventListener("mouseenter", () => { unpick(); pick(node); });
    node.addEventListener("mouseleave", unpick);
    node.addEventListener("focus", () => { unpick(); pick(node); });
    node.addEventListener("blur", unpick);
  }

  // A step that the search has hidden can still be linked to.
  window.addEventListener("hashchange", () => {
    const step = document.querySelector(location.hash || "main");
    if (step && step.hidden) {
      search.value = "";
      filter();
      step.scrollIntoView();
    }
  });

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
})();
