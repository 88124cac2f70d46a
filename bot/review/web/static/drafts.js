// While a try runs, this shows how far it is and loads the page anew at its end. Without scripts the page loads itself.
"use strict";
const part = document.querySelector("[data-progress]");
async function follow() {
  try {
    const answer = await fetch(part.dataset.progress);
    const text = await answer.text();
    if (!answer.ok || !text.includes("data-running")) { location.reload(); return; }
    part.innerHTML = text;
  } catch (error) { /* The server does not answer now; it is asked again. */ }
  setTimeout(follow, 700);
}
setTimeout(follow, 700);
