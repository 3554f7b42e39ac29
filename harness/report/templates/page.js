// Sorts a table by the column whose heading is pressed. Without it the page reads the same.
"use strict";
for (const table of document.querySelectorAll(".sheet table:not(.words)")) {
  const body = table.tBodies[0];
  const worth = (row, at) => {
    const text = row.cells[at].textContent.trim();
    const number = parseFloat(text.replace(/^[<>≤]/, ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b);
  };
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => compare(worth(a, at), worth(b, at)) * (up ? 1 : -1));
      body.append(...rows);
    });
  });
}
