"use strict";
(() => {
  const { nodes, edges, focus } = JSON.parse(document.getElementById("graph").textContent);
  const canvas = document.getElementById("canvas");
  const view = document.getElementById("view");
  const panel = document.getElementById("panel");
  const search = document.getElementById("search");
  const hits = document.getElementById("hits");
  const size = { width: canvas.viewBox.baseVal.width, height: canvas.viewBox.baseVal.height };
  const shapes = [...view.querySelectorAll("[data-node]")];
  const lines = [...view.querySelectorAll("[data-source]")];
  const into = nodes.map(() => []);
  const outOf = nodes.map(() => []);
  edges.forEach((edge, position) => {
    outOf[edge.source].push(position);
    into[edge.target].push(position);
  });

  // The view: a shift and a scale.
  let x = 0, y = 0, scale = 1;
  canvas.removeAttribute("viewBox");
  const show = () => view.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  const zoom = (factor, atX, atY) => {
    const next = Math.min(4, Math.max(0.02, scale * factor));
    x = atX - (atX - x) * next / scale;
    y = atY - (atY - y) * next / scale;
    scale = next;
    show();
  };
  const middle = () => [canvas.clientWidth / 2, canvas.clientHeight / 2];
  const fit = () => {
    scale = Math.min(1.25, (canvas.clientWidth - 48) / size.width, (canvas.clientHeight - 48) / size.height);
    x = (canvas.clientWidth - size.width * scale) / 2;
    y = (canvas.clientHeight - size.height * scale) / 2;
    show();
  };
  const centre = (number) => {
    const box = shapes[number].getBBox();
    const [halfX, halfY] = middle();
    x = halfX - (box.x + box.width / 2) * scale;
    y = halfY - (box.y + box.height / 2) * scale;
    show();
  };
  const reveal = (number) => {
    if (scale < 0.6) scale = 0.9;
    const box = shapes[number].getBoundingClientRect();
    const frame = canvas.getBoundingClientRect();
    const inside = box.left > frame.left && box.right < frame.right && box.top > frame.top && box.bottom < frame.bottom;
    if (!inside || box.width < 50) centre(number);
  };

  // Selection: the node's details, and everything before and after it in the light.
  const walk = (start, links, end) => {
    const seen = new Set([start]), pending = [start];
    while (pending.length) {
      for (const position of links[pending.pop()]) {
        const other = edges[position][end];
        if (!seen.has(other)) { seen.add(other); pending.push(other); }
      }
    }
    return seen;
  };
  const select = (number) => {
    const before = number === null ? null : walk(number, into, "source");
    const after = number === null ? null : walk(number, outOf, "target");
    shapes.forEach((shape, other) => {
      shape.classList.toggle("selected", other === number);
      shape.classList.toggle("faint", before !== null && !before.has(other) && !after.has(other));
    });
    lines.forEach((line, position) => {
      const { source, target } = edges[position];
      const along = before !== null && ((before.has(source) && before.has(target)) || (after.has(source) && after.has(target)));
      line.classList.toggle("faint", before !== null && !along);
      line.classList.toggle("near", source === number || target === number);
    });
    panel.hidden = number === null;
    if (number !== null) fill(number);
  };
  const make = (name, text, parent) => {
    const element = document.createElement(name);
    element.textContent = text;
    parent.append(element);
    return element;
  };
  const fill = (number) => {
    const node = nodes[number];
    panel.replaceChildren();
    const close = make("button", "×", panel);
    close.className = "close";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => select(null));
    make("h2", node.name, panel);
    const list = make("dl", "", panel);
    for (const [name, text] of node.facts) {
      make("dt", name, list);
      make("dd", text, list);
    }
    neighbours(node.type === "run" ? "Inputs" : "Made by", into[number], "source");
    neighbours(node.type === "run" ? "Outputs" : "Used by", outOf[number], "target");
  };
  const neighbours = (heading, positions, end) => {
    if (!positions.length) return;
    make("h3", heading, panel);
    const list = make("ul", "", panel);
    for (const position of positions) {
      const edge = edges[position], item = make("li", "", list);
      const link = make("a", nodes[edge[end]].name, item);
      link.href = "#" + edge[end];
      const words = [edge.role, { inferred: "≈ same content, inferred", recreated: "↻ made again", call: "started it" }[edge.kind]].filter(Boolean);
      if (words.length) make("span", "  " + words.join(", "), item);
    }
  };
  const follow = () => {
    const number = Number.parseInt(location.hash.slice(1), 10);
    if (nodes[number]) { select(number); reveal(number); }
  };

  // Search: over names, ids and all facts.
  let found = [], at = -1;
  const texts = nodes.map((node) => [node.name, ...node.facts.flat()].join("\n").toLowerCase());
  const look = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length ? nodes.map((_, i) => i).filter((i) => words.every((word) => texts[i].includes(word))) : [];
    at = -1;
    shapes.forEach((shape, number) => shape.classList.toggle("found", found.includes(number)));
    hits.textContent = words.length ? `${found.length} found` : "";
  };
  const next = (step) => {
    if (!found.length) return;
    at = (at + step + found.length) % found.length;
    hits.textContent = `${at + 1} of ${found.length}`;
    select(found[at]);
    reveal(found[at]);
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") next(event.shiftKey ? -1 : 1); });

  // Mouse, touch and keys.
  const fingers = new Map();
  let travelled = 0;
  const apart = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled = 0;
  });
  addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const frame = canvas.getBoundingClientRect();
    const gap = fingers.size === 2 ? apart() : 0;
    const dx = event.clientX - finger.x, dy = event.clientY - finger.y;
    travelled += Math.abs(dx) + Math.abs(dy);
    finger.x = event.clientX;
    finger.y = event.clientY;
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      zoom(apart() / Math.max(gap, 1), (a.x + b.x) / 2 - frame.left, (a.y + b.y) / 2 - frame.top);
    } else if (travelled > 3) {
      canvas.classList.add("moving");
      x += dx;
      y += dy;
      show();
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      canvas.classList.remove("moving");
    });
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const frame = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });
  canvas.addEventListener("click", (event) => {
    if (travelled > 3) return;
    const shape = event.target.closest("[data-node]");
    select(shape ? Number(shape.dataset.node) : null);
  });
  shapes.forEach((shape, number) => {
    shape.setAttribute("tabindex", "0");
    shape.setAttribute("role", "button");
    shape.setAttribute("aria-label", `${nodes[number].type} ${nodes[number].name}`);
    shape.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select(number); }
    });
    shape.addEventListener("focus", () => { if (shape.matches(":focus-visible")) reveal(number); });
  });
  document.getElementById("nearer").addEventListener("click", () => zoom(1.3, ...middle()));
  document.getElementById("farther").addEventListener("click", () => zoom(1 / 1.3, ...middle()));
  document.getElementById("fit").addEventListener("click", fit);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; look(); select(null); }
    if (event.target !== search && event.key === "/") { event.preventDefault(); search.focus(); }
  });
  addEventListener("hashchange", follow);

  fit();
  // Where the whole would be too small to read, begin at the node that was asked about.
  if (scale < 0.4 && focus !== null) {
    scale = 0.75;
    centre(focus);
    // No empty half beside the last node: the drawing's end stays at the window's.
    const within = (shift, length, room) => length < room ? (room - length) / 2 : Math.min(24, Math.max(room - length - 24, shift));
    x = within(x, size.width * scale, canvas.clientWidth);
    y = within(y, size.height * scale, canvas.clientHeight);
    show();
  }
  follow();
})();
