// Small tools for building the page. Text goes in as text, never as markup.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Write only what differs: a screen reader, a selection or a caret is not disturbed for nothing.
export function text(node, content) {
  if (node.textContent !== content) node.textContent = content;
}

export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

// Keep one child of `parent` per item, in order; `make(item)` gives {node, update}.
export function keyed(parent, key, make) {
  let parts = new Map();
  return (items) => {
    const next = new Map();
    items.forEach((item, index) => {
      const id = key(item);
      const part = parts.get(id) ?? make(item);
      next.set(id, part);
      part.update(item);
      if (parent.children[index] !== part.node) {
        parent.insertBefore(part.node, parent.children[index] ?? null);
      }
    });
    for (const [id, part] of parts) if (!next.has(id)) part.node.remove();
    parts = next;
  };
}
