// What is done inside of pages, in a world of its own that a page's own scripts cannot reach. Each function takes an element
// first, and gives back plain values.
({
  find(_, selector) {
    const usable = (all) => all.find((one) => this.shown(one)) ?? all[0] ?? null;
    const plain = [...document.querySelectorAll(selector)].slice(0, 200);
    if (plain.length) return usable(plain);
    // Inside of shadow roots, but not for ever.
    const roots = [document];
    let looked = 0;
    while (roots.length && looked < 50000) {
      for (const one of roots.shift().querySelectorAll("*")) {
        if (++looked > 50000) break;
        if (!one.shadowRoot) continue;
        const inside = [...one.shadowRoot.querySelectorAll(selector)].slice(0, 200);
        if (inside.length) return usable(inside);
        roots.push(one.shadowRoot);
      }
    }
    return null;
  },

  count() {
    return document.getElementsByTagName("*").length;
  },

  element(node) {
    if (node.nodeType === Node.DOCUMENT_NODE) return node.documentElement;
    return node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
  },

  // The parent, also out of a shadow root.
  above(one) {
    return one.assignedSlot ?? one.parentElement ?? one.getRootNode().host ?? null;
  },

  contains(outer, inner) {
    for (let one = inner; one; one = this.above(one)) if (one === outer) return true;
    return false;
  },

  words(one) {
    if (!one) return "nothing";
    const id = one.id ? `#${one.id}` : "";
    const classes = [...(one.classList ?? [])].slice(0, 3).map((name) => `.${name}`).join("");
    const text = (one.textContent ?? "").trim().slice(0, 40);
    return `<${one.localName}${id}${classes}>${text ? ` "${text}"` : ""}`.slice(0, 160);
  },

  shown(one) {
    const style = getComputedStyle(one);
    if (style.visibility !== "visible") return false;
    if (style.display === "contents") return [...one.childNodes].some((child) => child.nodeType === 3 || (child.nodeType === 1 && this.shown(child)));
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  },

  disabled(one) {
    return one.matches?.(":disabled") || this.closest(one, "[aria-disabled=true]");
  },

  closest(one, selector) {
    for (let here = one; here; here = this.above(here)) if (here.matches?.(selector)) return true;
    return false;
  },

  frame() {
    return new Promise((done) => {
      requestAnimationFrame(() => done());
      setTimeout(done, 60);
    });
  },

  // The part of the element that the window shows, or nothing.
  visible(one) {
    let best = null;
    for (const box of [...one.getClientRects()].slice(0, 50)) {
      const left = Math.max(box.left, 0), top = Math.max(box.top, 0);
      const right = Math.min(box.right, innerWidth), bottom = Math.min(box.bottom, innerHeight);
      const size = (right - left) * (bottom - top);
      if (right - left > 0 && bottom - top > 0 && (!best || size > best.size)) best = { left, top, right, bottom, size };
    }
    return best;
  },

  // What is at a place, also in shadow roots.
  at(x, y) {
    let one = document.elementFromPoint(x, y);
    while (one?.shadowRoot) {
      const inner = one.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === one) break;
      one = inner;
    }
    return one;
  },

  async ready(node, needs) {
    const one = this.element(node);
    if (!one || !one.isConnected) return { state: "gone" };
    if (one.localName === "option" || one.localName === "optgroup") return { state: "option" };
    if (!needs.hidden) {
      if (!this.shown(one)) return { state: "hidden" };
      if (needs.enabled && this.disabled(one)) return { state: "disabled" };
      if (needs.editable && one.readOnly) return { state: "read_only" };
    }
    if (!needs.point) return { state: "ready", x: 0, y: 0 };
    if (!this.visible(one)) one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const before = one.getBoundingClientRect();
    await this.frame();
    if (!one.isConnected) return { state: "gone" };
    const after = one.getBoundingClientRect();
    const moved = ["left", "top", "width", "height"].some((side) => Math.abs(before[side] - after[side]) > 0.5);
    if (moved) return { state: "moving" };
    const box = this.visible(one);
    if (!box) return { state: "outside" };
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    if (needs.hit) {
      const top = this.at(x, y);
      const label = top?.closest?.("label");
      const fits = top && (this.contains(one, top) || label?.control === one || (one.control && one.control === top));
      if (!fits) return { state: "covered", by: this.words(top) };
    }
    return { state: "ready", x, y };
  },

  // A place inside of a frame, as the page around the frame sees it.
  place(owner, x, y) {
    const box = owner.getBoundingClientRect();
    const style = getComputedStyle(owner);
    const left = box.left + owner.clientLeft + parseFloat(style.paddingLeft);
    const top = box.top + owner.clientTop + parseFloat(style.paddingTop);
    const hit = this.at(left + x, top + y);
    return { x: left + x, y: top + y, covered: hit === owner ? null : this.words(hit) };
  },

  // Makes a field ready to be filled. What cannot be typed is set at once.
  fill(node, text) {
    const one = this.element(node);
    const field = one.localName === "label" && one.control ? one.control : one;
    const kind = field.localName === "input" ? field.type : field.localName;
    if (kind === "checkbox" || kind === "radio") {
      const wanted = /^(true|yes|on|1|checked)$/i.test(text.trim());
      return { how: field.checked === wanted ? "done" : "click", value: String(wanted) };
    }
    if (kind === "select") return { how: "select" };
    if (kind === "file") return { how: "upload" };
    if (["color", "date", "time", "datetime-local", "month", "week", "range"].includes(kind)) {
      field.focus();
      this.put(field, text);
      return { how: field.value === text || kind === "range" ? "done" : "refused", value: field.value };
    }
    if (kind === "input" || kind === "textarea" || field.localName === "input") {
      field.focus();
      field.select?.();
      return { how: "type" };
    }
    if (field.isContentEditable) {
      field.focus();
      getSelection().selectAllChildren(field);
      return { how: "type" };
    }
    return { how: "no_field", value: this.words(field) };
  },

  put(field, value) {
    const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value");
    own?.set ? own.set.call(field, value) : (field.value = value);
    field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  },

  value(node) {
    const one = this.element(node);
    const field = one.localName === "label" && one.control ? one.control : one;
    if (field.type === "password") return null;
    return String(field.value ?? field.innerText ?? "").slice(0, 1000);
  },

  focus(node) {
    this.element(node).focus();
    return true;
  },

  select(node, options) {
    let one = this.element(node);
    if (one.localName === "label" && one.control) one = one.control;
    if (one.localName !== "select") return { state: "no_list", what: this.words(one) };
    const all = [...one.options];
    const chosen = [];
    for (const wanted of options) {
      const is = (option) => option.value === wanted || option.label.trim() === wanted.trim();
      const option = all.find((option) => !option.disabled && is(option)) ?? all.find(is);
      if (!option) return { state: "no_option", what: wanted, options: all.slice(0, 30).map((option) => option.label.trim().slice(0, 60)) };
      if (option.disabled) return { state: "disabled", what: wanted };
      chosen.push(option);
    }
    if (chosen.length > 1 && !one.multiple) return { state: "only_one" };
    one.focus();
    for (const option of all) if (one.multiple || chosen.includes(option)) option.selected = chosen.includes(option);
    one.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    one.dispatchEvent(new Event("change", { bubbles: true }));
    return { state: "done", chosen: chosen.map((option) => option.label.trim().slice(0, 100)) };
  },

  text(node, most) {
    const one = node ? this.element(node) : document.body ?? document.documentElement;
    const text = one ? (one.innerText ?? one.textContent ?? "") : "";
    return { text: text.slice(0, most), left: Math.max(0, text.length - most) };
  },

  shows(_, text) {
    const folded = (words) => words.replace(/\s+/g, " ").toLowerCase();
    return folded(document.body?.innerText ?? "").includes(folded(text));
  },

  box(node) {
    const one = this.element(node);
    one.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    const { left, top, width, height } = one.getBoundingClientRect();
    return { x: left + scrollX, y: top + scrollY, width, height };
  },

  scrolled() {
    return [scrollX, scrollY];
  },

  size() {
    const all = document.documentElement;
    return { width: Math.max(all.scrollWidth, innerWidth), height: Math.max(all.scrollHeight, innerHeight), inner_width: innerWidth, inner_height: innerHeight };
  },

  scroll(node, across, down) {
    let one = node ? this.element(node) : document.scrollingElement ?? document.documentElement;
    if (node && down === null && across === null) {
      one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      return { x: scrollX, y: scrollY, moved: true };
    }
    const scrolls = (here) => here === document.scrollingElement
      || (/(auto|scroll|overlay)/.test(getComputedStyle(here).overflow) && (here.scrollHeight > here.clientHeight || here.scrollWidth > here.clientWidth));
    while (one && !scrolls(one)) one = this.above(one);
    one ??= document.scrollingElement ?? document.documentElement;
    const before = [one.scrollLeft, one.scrollTop];
    one.scrollBy({ left: across ?? 0, top: down ?? Math.round((one.clientHeight || innerHeight) * 0.85), behavior: "instant" });
    return { x: one.scrollLeft, y: one.scrollTop, moved: before[0] !== one.scrollLeft || before[1] !== one.scrollTop };
  },

  source(_, most) {
    const all = document.documentElement?.outerHTML ?? "";
    return { text: all.slice(0, most), left: Math.max(0, all.length - most) };
  },

  page() {
    return { url: location.href, title: document.title, ready_state: document.readyState };
  },
})
