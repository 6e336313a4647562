"use strict";
(() => {
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  // Theme: what the reader chose before, else what the system asks for.
  const root = document.documentElement, theme = document.getElementById("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => { try { return localStorage.getItem("equipoise-theme"); } catch { return null; } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const name = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("equipoise-theme", root.dataset.theme); } catch { /* it is then forgotten */ }
    name();
  });
  prefersDark.addEventListener("change", name);
  theme.hidden = false;
  name();

  // Commands: copied as they are typed.
  const copy = async (text, code) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* no clipboard: select, to copy by hand */ }
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try { return document.execCommand("copy"); } catch { return false; }
  };
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      button.textContent = (await copy(code.textContent, code)) ? "Copied" : "Selected";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Samples over time.
  for (const slides of all(".slides")) {
    const range = slides.querySelector("input[type=range]");
    if (!range) continue;
    const each = all(".slide", slides), caption = slides.querySelector(".caption"), play = slides.querySelector(".play");
    let timer = 0;
    const show = () => {
      each.forEach((slide, place) => { slide.hidden = place !== Number(range.value); });
      caption.textContent = each[range.value].dataset.caption;
      range.setAttribute("aria-valuetext", caption.textContent);
    };
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
    range.addEventListener("input", () => { stop(); show(); });
    play.hidden = false;
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      if (Number(range.value) === each.length - 1) { range.value = 0; show(); }
      play.textContent = "Stop";
      timer = setInterval(() => {
        range.value = Number(range.value) + 1;
        show();
        if (Number(range.value) === each.length - 1) stop();
      }, 500);
    });
    show(); // a browser may restore the slider of before a reload
  }

  // Charts: the values at the step under the pointer, or that the arrow keys move to.
  const written = (value) => {
    if (value === null) return "none";
    const size = Math.abs(value);
    if (size >= 1e7 || (size > 0 && size < 1e-4)) return value.toExponential(2);
    return size >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
  };
  for (const chart of all("figure.chart")) {
    const plot = chart.querySelector(".plot"), reading = chart.querySelector(".reading");
    const cursor = chart.querySelector(".cursor"), svg = chart.querySelector(".plot svg");
    const { scale, curves, name: axis } = JSON.parse(chart.querySelector("script").textContent);
    const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
    if (!steps.length) continue;
    let place = steps.length - 1;
    const at = (step) => scale.left + ((step - scale.low) / (scale.high - scale.low)) * (scale.right - scale.left);
    const nearest = (sorted, step) => {
      let low = 0, high = sorted.length - 1;
      while (low < high) { const middle = (low + high) >> 1; if (sorted[middle] < step) low = middle + 1; else high = middle; }
      return low > 0 && step - sorted[low - 1] < sorted[low] - step ? low - 1 : low;
    };
    const show = () => {
      const step = steps[place], x = at(step);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.style.visibility = "visible";
      const values = curves.filter((curve) => curve.steps.length)
        .map((curve) => `${curve.label} ${written(curve.values[curve.steps.indexOf(step) < 0 ? nearest(curve.steps, step) : curve.steps.indexOf(step)])}`);
      reading.textContent = `${axis} ${written(step)}: ${values.join(", ")}`;
    };
    const hide = () => { cursor.style.visibility = "hidden"; reading.textContent = ""; };
    plot.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * scale.width;
      place = nearest(steps, scale.low + ((x - scale.left) / (scale.right - scale.left)) * (scale.high - scale.low));
      show();
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -steps.length, End: steps.length };
      if (!(event.key in moves)) return;
      event.preventDefault();
      place = Math.min(Math.max(place + moves[event.key], 0), steps.length - 1);
      show();
    });
  }
})();
