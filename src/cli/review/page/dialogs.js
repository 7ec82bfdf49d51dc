// The windows over the page: keys, applying, and changes of an earlier review.

const $ = (id) => document.getElementById(id);

// `on`: save(), offer(take), copied().
export class Dialogs {
  #on;
  #command = "";

  constructor(on) {
    this.#on = on;
    for (const button of document.querySelectorAll("dialog .close")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
    $("help").addEventListener("click", () => this.help());
    $("print").addEventListener("click", () => window.print());
    $("apply-copy").addEventListener("click", () => this.#copy());
    $("apply-save").addEventListener("click", () => on.save());
    $("offer-take").addEventListener("click", () => this.#answer(true));
    $("offer-leave").addEventListener("click", () => this.#answer(false));
    // It is to be answered.
    $("offer-dialog").addEventListener("cancel", (event) => event.preventDefault());
  }

  help() {
    $("help-dialog").showModal();
  }

  apply(command) {
    this.#command = command;
    $("apply-command").textContent = command;
    if (!$("apply-dialog").open) $("apply-dialog").showModal();
  }

  unsaved(waiting) {
    $("apply-unsaved").hidden = $("apply-save").hidden = !waiting;
  }

  offer(files, others) {
    const pictures = files === 1 ? "1 picture" : `${files} pictures`;
    $("offer-text").textContent = `Changes of ${pictures} were made in an earlier review and never saved.`;
    $("offer-others").textContent = `${others === 1 ? "1 of them was" : `${others} of them were`} made on another version of the report.`;
    $("offer-others").hidden = others === 0;
    $("offer-dialog").showModal();
  }

  async #answer(take) {
    await this.#on.offer(take);
    $("offer-dialog").close();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#command);
      $("apply-copy").textContent = "Copied";
      this.#on.copied();
    } catch {
      getSelection().selectAllChildren($("apply-command"));
    }
  }
}
