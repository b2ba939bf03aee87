// Drag and drop, and what was chosen. The form works without this.
"use strict";
(() => {
  const form = document.querySelector("form[data-most]");
  if (!form) return;
  const drop = form.querySelector(".drop");
  const input = form.querySelector("input[type=file]");
  const chosen = form.querySelector(".chosen");
  const button = form.querySelector("button");
  const sendingWord = form.dataset.sending, checkWord = button.textContent;

  const show = () => {
    const file = input.files[0];
    const bad = Boolean(file) && file.size > Number(form.dataset.most);
    chosen.hidden = !file;
    chosen.textContent = !file ? "" : bad ? form.dataset.tooLarge : `${file.name}, ${Math.max(1, Math.round(file.size / 1000)).toLocaleString()} kB`;
    chosen.classList.toggle("bad", bad);
    button.disabled = bad;
    return !bad;
  };

  form.classList.add("scripted");
  // Fine pointers can drag; a phone is told nothing of it.
  if (matchMedia("(pointer: fine)").matches) drop.querySelector("label").textContent = form.dataset.drop;
  input.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    if (!show()) { event.preventDefault(); return; }
    button.disabled = true;
    button.textContent = sendingWord;
  });
  // Coming back by the browser's arrow finds the form as it was left.
  addEventListener("pageshow", () => { button.textContent = checkWord; show(); });

  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  addEventListener("dragenter", (event) => { if (holdsFiles(event)) { depth += 1; drop.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (holdsFiles(event) && (depth -= 1) <= 0) { depth = 0; drop.classList.remove("over"); } });
  addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    const one = new DataTransfer();
    if (event.dataTransfer.files[0]) one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    show();
  });
})();
