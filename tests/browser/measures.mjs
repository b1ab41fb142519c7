// SPDX-License-Identifier: MIT
//
// Measures inside a page. Each function is sent to the browser alone, so it must use nothing from
// outside.

// The texts below `selector` with less contrast than WCAG 2.2 requires for level AA: 4.5, and 3 for
// large text. Disabled controls are exempt there, and here.
export function faintTexts(selector) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  function rgba(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }

  function over([r, g, b, a], below) {
    return [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
  }

  function luminance(color) {
    const [r, g, b] = color.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  // A translucent element mixes with what is behind it. Its own background is a part of it.
  function groundOf(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a] = rgba(getComputedStyle(at).backgroundColor);
      layers.push([r, g, b, a]);
      if (a === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  }

  function opacityOf(element) {
    let opacity = 1;
    for (let at = element; at; at = at.parentElement)
      opacity *= Number(getComputedStyle(at).opacity);
    return opacity;
  }

  function isRead(element) {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && !element.closest("[disabled], option") &&
      element.checkVisibility({ visibilityProperty: true });
  }

  function* texts(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
      if (walker.currentNode.data.trim())
        yield [walker.currentNode.parentElement, walker.currentNode.data.trim()];
    for (const control of root.querySelectorAll("input, textarea, select"))
      yield [control, control.value];
  }

  const faint = new Map();
  for (const [element, text] of texts(document.querySelector(selector))) {
    if (!isRead(element)) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ground = groundOf(element);
    const [r, g, b, a] = rgba(style.color);
    const ratio = contrast(over([r, g, b, a * opacityOf(element)], ground), ground);
    if (ratio < (isLarge ? 3 : 4.5)) {
      const place = `${element.tagName.toLowerCase()}.${element.className}`;
      const colours = `${style.color} on ${ground.map(Math.round)}`;
      faint.set(`${place} ${colours}`,
        `${ratio.toFixed(2)} ${place} ${colours}: ${text.slice(0, 40)}`);
    }
  }
  return [...faint.values()];
}

// How far the page can be scrolled sideways, and which elements are partly outside.
export function sideways() {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) =>
    ["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX);
  const isInside = (element) => element && (scrolls(element) || isInside(element.parentElement));
  const outside = [...document.body.querySelectorAll("*")].filter((element) =>
    element.getBoundingClientRect().right > width + 0.5 && !isInside(element.parentElement));

  return {
    pixels: document.scrollingElement.scrollWidth - width,
    outside: outside.slice(0, 8).map((element) => `${element.tagName}.${element.className}`),
  };
}

// The element with the focus, and whether it has a ring around it.
export function focusRing() {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const place = `${element.tagName.toLowerCase()}.${element.className}`;

  return {
    element: `${place}: ${element.textContent.slice(0, 30)}`,
    isVisible: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2,
  };
}
