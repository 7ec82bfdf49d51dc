// Which key was meant. What it does is the page's business.

// Fields in which keys are letters.
const typesText = (target) => target.matches?.("input:not([type=range], [type=checkbox]), select, textarea");

// `keys` by their names, `control` by the letter that goes with Ctrl or Cmd; `repeats`: those that may be
// held down; `arrow` gives whether it did something.
export function listen({ keys, repeats, control, isOn, before, arrow }) {
  document.addEventListener("keydown", (event) => {
    const { key, target, shiftKey } = event;
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      const act = event.altKey ? null : control[key.toLowerCase()];
      // Taking back is the field's own there.
      if (!act || (typesText(target) && key.toLowerCase() !== "s")) return;
      event.preventDefault();
      act(shiftKey);
      return;
    }
    if (typesText(target)) return;
    if (key.startsWith("Arrow")) {
      if (arrow(event)) event.preventDefault();
      return;
    }
    if (event.code === "Space") {
      // Held while dragging over the picture; it must not scroll, and buttons have it for themselves.
      if (target.id === "stage") event.preventDefault();
      if (target !== document.body) return;
    }
    if (event.altKey || !isOn()) return;
    const act = keys[key] ?? keys[key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    // A key that is held down must not decide about pictures that nobody saw.
    if (event.repeat && !repeats.includes(key)) return;
    before();
    act(shiftKey);
  });
}
