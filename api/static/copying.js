// The buttons that copy an address, whole.

export function offerCopies(texts) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
      button.textContent = texts.copied;
    });
  }
}
