// Shows how far an import is, while it runs. Without it, the page is loaded again.
"use strict";

const EACH = 1000; // milliseconds
const LIVE = ["reading", "running"];

async function look() {
  if (document.hidden) return true;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return response.status >= 500;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const shown = document.querySelector("[data-import]"), next = page.querySelector("[data-import]");
  if (LIVE.includes(next.dataset.import)) {
    if (next.innerHTML !== shown.innerHTML) shown.innerHTML = next.innerHTML;
    return true;
  }
  document.querySelector("main").replaceChildren(...page.querySelector("main").children);
  return false;
}

async function follow() {
  let goes = true;
  try {
    goes = await look();
  } catch {
    // The club cannot be reached at the moment.
  }
  if (goes) setTimeout(follow, EACH);
}

setTimeout(follow, EACH);
