// Keys for lists: j and k go down and up, Enter opens, / goes to the search box. Everything works without this too.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, button")) return;
  if (event.key === "/") {
    const box = document.querySelector("input[type=search]");
    if (box) { box.focus(); event.preventDefault(); }
    return;
  }
  if (event.key !== "j" && event.key !== "k") return;
  const rows = [...document.querySelectorAll("[data-rows] > li")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("at"));
  const next = Math.min(rows.length - 1, Math.max(0, now + (event.key === "j" ? 1 : -1)));
  rows.forEach((row, number) => row.classList.toggle("at", number === next));
  // The link has the focus, so that Enter opens it.
  rows[next].querySelector("a").focus();
});
