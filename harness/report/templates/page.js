// Sorts a table by the column whose heading is pressed. Without it the page reads the same.
"use strict";
for (const table of document.querySelectorAll(".sheet table:not(.words)")) {
  const body = table.tBodies[0];
  // A cell says where it stands in data-sort; one without a value says nothing and stands last either way.
  const compare = (a, b, up) => {
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    return (Number(a) - Number(b)) * (up ? 1 : -1);
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
      const place = (row) => row.cells[at].dataset.sort;
      const rows = [...body.rows].sort((a, b) => compare(place(a), place(b), up));
      body.append(...rows);
    });
  });
}
