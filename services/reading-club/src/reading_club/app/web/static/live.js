// Follows the activity while the page is visible. Without it, pages show what is new when loaded.
"use strict";

const SOON = 1000, LATER = 5000, REFUSED = 30000; // milliseconds
const MOST = 300; // positions that a page may be behind; then it is better loaded again

// The stream of events. It is closed while nobody sees the page.
class Stream {
  constructor(after, hear) {
    this.after = after;
    this.hear = hear;
  }

  open() {
    if (this.source || this.ended || document.hidden) return;
    clearTimeout(this.reopening);
    this.source = new EventSource(`/api/activity/stream?after=${this.after}`);
    this.source.onmessage = (event) => this.hear(Number(event.lastEventId), JSON.parse(event.data));
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

  end() {
    this.ended = true;
    this.close();
  }
}

// The list of entries, or the sentence that there is nothing yet.
class Entries {
  constructor(place, stream) {
    this.place = place;
    this.stream = stream;
    this.known = stream.after;
    this.most = Number(place.dataset.most) || Infinity;
    this.words = place.dataset; // in the language of the page
    this.held = [];
    this.books = 0;
    this.said = document.createElement("div"); // an empty paragraph would be read
    this.said.className = "unseen";
    this.said.setAttribute("aria-live", "polite");
    place.after(this.said);
    for (const type of ["pointerleave", "focusout"]) {
      place.parentElement.addEventListener(type, () => setTimeout(() => this.show([])), true);
    }
  }

  hear(position) {
    this.known = Math.max(this.known, position);
    if (this.known - this.stream.after > MOST) this.giveUp();
    else this.fetch();
  }

  // Several events are one request, and what fails is asked again: the position decides.
  async fetch() {
    if (this.asking || document.hidden) return;
    this.asking = true;
    try {
      while (this.stream.after < this.known && !this.stream.ended) {
        const known = this.known;
        const answer = await fetch(`/activity/arrivals?after=${this.stream.after}`);
        if (answer.status === 401) return this.stream.close(); // logged out
        if (!answer.ok) throw new Error(answer.statusText);
        const items = this.parse(await answer.text());
        if (!items.length) this.stream.after = Math.max(this.stream.after, known);
        this.show(items);
        if (this.stream.after < this.known) await new Promise((next) => setTimeout(next, SOON));
      }
    } catch {
      setTimeout(() => this.fetch(), LATER);
    } finally {
      this.asking = false;
    }
  }

  parse(text) {
    const items = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("li")];
    const positions = items.map((item) => Number(item.dataset.position));
    this.stream.after = Math.max(this.stream.after, ...positions);
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
    if (this.books) this.offer(this.words.showNew.replace("{number}", this.books));
    this.said.textContent =
      number === 1 ? this.words.oneEntry : this.words.newEntries.replace("{number}", number);
  }

  // Beside the number of books, where a phone shows it as well.
  offer(words) {
    document.querySelector("[data-new-books]")?.replaceChildren(" · ", this.link(words));
  }

  link(words) {
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = words;
    return link;
  }

  giveUp() {
    this.stream.end();
    this.offer(this.words.newest);
    this.said.className = "blank";
    this.said.replaceChildren(this.link(this.words.tooMuch));
    this.place.before(this.said);
  }
}

// The ratings of the page's books. Another subscriber counts them: they are looked at twice.
class Ratings {
  hear({ payload }) {
    if (!this.shown().some((place) => place.dataset.ratingOf === payload.book_id)) return;
    this.soon ??= setTimeout(() => this.refresh(), SOON);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.refresh(), LATER);
  }

  shown(page = document) {
    return [...page.querySelectorAll("[data-rating-of]")];
  }

  async refresh() {
    this.soon = null;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return; // the next rating is another occasion
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = new Map(this.shown(page).map((place) => [place.dataset.ratingOf, place]));
    for (const place of this.shown()) {
      const now = fresh.get(place.dataset.ratingOf);
      if (now && now.innerHTML !== place.innerHTML) place.replaceChildren(...now.childNodes);
    }
  }
}

const place = document.querySelector("[data-after]");
if (place) {
  const ratings = new Ratings();
  const stream = new Stream(Number(place.dataset.after), (position, entry) => {
    ratings.hear(entry);
    if (entries) entries.hear(position);
    else stream.after = position;
  });
  const entries = place.matches("section") ? null : new Entries(place, stream);
  const change = () => (document.hidden ? stream.close() : stream.open());
  document.addEventListener("visibilitychange", change);
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", change);
  change();
}
