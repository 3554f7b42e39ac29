// Sorts a table by the column whose heading is pressed, and gives it away as text. Without it the page reads the same.
"use strict";
(() => {
  // A cell's data-sort is its place in its column; a cell without a value has none and stays last either way.
  const sort = (table, head) => {
    const at = head.cellIndex, up = head.getAttribute("aria-sort") !== "ascending";
    const place = (row) => Number(row.cells[at].dataset.sort ?? NaN) * (up ? 1 : -1);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [place(row), row]);
    rows.sort(([a], [b]) => isNaN(a) - isNaN(b) || (isNaN(a) ? 0 : a - b));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };

  const cellsOf = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.dataset.text ?? cell.textContent));
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const forms = {
    Markdown: (rows) => {
      const lines = rows.map((row) => `| ${row.map((cell) => cell.replace(/[\\|]/g, "\\$&")).join(" | ")} |`);
      lines.splice(1, 0, `| ${rows[0].map((_, at) => (at ? "---:" : "---")).join(" | ")} |`);
      return lines.join("\n") + "\n";
    },
    TSV: (rows) => rows.map((row) => row.join("\t")).join("\n") + "\n",
    CSV: (rows) => rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n",
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const save = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "table"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const sheet of document.querySelectorAll(".sheet")) {
    const table = sheet.querySelector("table"), tools = sheet.appendChild(document.createElement("div"));
    tools.className = "tools";
    for (const name of Object.keys(forms)) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.textContent = name === "CSV" ? "Download CSV" : `Copy ${name}`;
      button.addEventListener("click", async () => {
        const text = forms[name](cellsOf(table)), label = button.textContent;
        if (name === "CSV") return save(text, table.caption.textContent);
        await copy(text);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = label; }, 1200);
      });
      tools.append(button);
    }
    if (table.classList.contains("words")) continue;
    for (const head of table.tHead.rows[0].cells) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head));
    }
  }
})();
