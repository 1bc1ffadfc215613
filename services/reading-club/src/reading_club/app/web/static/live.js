// Follows the activity while the page is visible. Without it, pages show what is new when loaded.
"use strict";

const AGAIN = 5000, REFUSED = 30000; // milliseconds until the next attempt

class Live {
  constructor(place) {
    this.place = place; // the list, or the sentence that there is nothing yet
    this.after = Number(place.dataset.after);
    this.most = Number(place.dataset.most) || Infinity;
    this.held = [];
    this.books = 0;
    this.said = document.createElement("p");
    this.said.className = "unseen";
    this.said.setAttribute("aria-live", "polite");
    place.after(this.said);
    for (const type of ["pointerleave", "focusout"]) {
      place.parentElement.addEventListener(type, () => setTimeout(() => this.show([])), true);
    }
  }

  open() {
    if (this.source || document.hidden) return;
    clearTimeout(this.reopening);
    this.source = new EventSource(`/api/activity/stream?after=${this.after}`);
    this.source.onmessage = () => this.fetch();
    this.source.onerror = () => {
      if (this.source?.readyState !== EventSource.CLOSED) return; // the browser connects again
      this.close();
      this.reopening = setTimeout(() => this.open(), REFUSED);
    };
  }

  close() {
    clearTimeout(this.reopening);
    this.source?.close();
    this.source = null;
  }

  // Several events are one request, and what fails is asked again: the position decides.
  async fetch() {
    this.wanted = true;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.wanted) {
        this.wanted = false;
        const answer = await fetch(`/activity/arrivals?after=${this.after}`);
        if (answer.status === 401) return this.close(); // logged out
        if (!answer.ok) throw new Error(answer.statusText);
        const items = this.parse(await answer.text());
        if (items.length) this.wanted = true;
        this.show(items);
      }
    } catch {
      setTimeout(() => this.fetch(), AGAIN);
    } finally {
      this.asking = false;
    }
  }

  parse(text) {
    const items = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("li")];
    for (const item of items) this.after = Math.max(this.after, Number(item.dataset.position));
    return items;
  }

  // Nothing moves while somebody points at the list or has the focus in it.
  show(items) {
    this.held.unshift(...items);
    const fresh = this.held.filter((item) => !document.getElementById(item.id));
    if (!fresh.length || this.place.matches(":hover, :focus-within")) return;
    this.held = [];
    if (this.place.localName !== "ol") {
      const list = document.createElement("ol");
      list.className = "activity";
      this.place.replaceWith(list);
      this.place = list;
    }
    this.place.prepend(...fresh);
    while (this.place.children.length > this.most) this.place.lastElementChild.remove();
    this.say(fresh);
  }

  say(fresh) {
    const number = fresh.length;
    this.books += fresh.filter((item) => item.dataset.type.startsWith("book_registered_")).length;
    const place = document.querySelector("[data-new-books]");
    if (place && this.books) {
      const link = place.querySelector("a") ?? document.createElement("a");
      link.href = "/";
      link.textContent = `show ${this.books} new`;
      if (!link.isConnected) place.append(" · ", link);
    }
    this.said.textContent = number === 1 ? "1 new entry" : `${number} new entries`;
  }
}

const place = document.querySelector("[data-after]");
if (place) {
  const live = new Live(place);
  const change = () => (document.hidden ? live.close() : live.open());
  document.addEventListener("visibilitychange", change);
  addEventListener("pagehide", () => live.close());
  addEventListener("pageshow", change);
  change();
}
