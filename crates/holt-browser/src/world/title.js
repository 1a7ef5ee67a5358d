// Tells the title of the page whenever it changes, but not all the time.
(() => {
  if (window.top !== window) return;
  let told = null;
  let resting = false;
  let due = false;
  const tell = () => {
    const title = document.title.slice(0, 300);
    if (title === told) return;
    told = title;
    holtTitle(title);
  };
  const soon = () => {
    due = true;
    if (resting) return;
    due = false;
    resting = true;
    tell();
    setTimeout(() => {
      resting = false;
      if (due) soon();
    }, 100);
  };
  const begin = () => {
    tell();
    if (document.head) new MutationObserver(soon).observe(document.head, { childList: true, subtree: true, characterData: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
  else begin();
})();
