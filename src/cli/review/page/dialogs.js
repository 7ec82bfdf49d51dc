// The windows over the page: keys, applying, and changes of an earlier review.

const MOST_RESULTS = 300;
const VERDICTS = {
  failed: "not written",
  found: "verify found something",
  "not-checked": "not verified",
  passed: "verified",
};

const $ = (id) => document.getElementById(id);

// `on`: apply(), offer(take), open(id), copied().
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
    $("apply-run").addEventListener("click", () => on.apply());
    $("apply-results").addEventListener("click", (event) => {
      const id = event.target.dataset.id;
      if (id === undefined) return;
      $("apply-dialog").close();
      on.open(Number(id));
    });
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
    $("apply-unsaved").hidden = !waiting;
  }

  // How applying goes, as the server reports it.
  run({ number, running, done, of, results, unchanged, message }) {
    if (!number) return;
    $("apply-run").disabled = running;
    $("apply-progress").hidden = false;
    $("apply-bar").max = Math.max(1, of);
    $("apply-bar").value = running ? Math.min(done, of) : of;
    const text = running ? `${Math.min(done, of)} of ${of} …` : message ?? summary(results, unchanged);
    if ($("apply-text").textContent !== text) $("apply-text").textContent = text;
    if (running) return;
    const order = { failed: 0, found: 1, "not-checked": 2, passed: 3 };
    const sorted = results.slice().sort((a, b) => order[a.verdict] - order[b.verdict]);
    $("apply-results").hidden = sorted.length === 0;
    $("apply-results").replaceChildren(
      ...sorted.slice(0, MOST_RESULTS).map(({ id, name, verdict, why }) => {
        const entry = document.createElement("li");
        entry.className = verdict;
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.id = id;
        button.textContent = `${name}: ${VERDICTS[verdict]}${why ? `: ${why}` : ""}`;
        entry.append(button);
        return entry;
      }),
    );
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

function summary(results, unchanged) {
  const of = (verdict) => results.filter((result) => result.verdict === verdict).length;
  const written = results.filter((result) => result.written).length;
  const parts = [`${written} written anew`, `${of("passed")} verified`];
  if (of("found")) parts.push(`${of("found")} to look at`);
  if (of("not-checked")) parts.push(`${of("not-checked")} not verified`);
  if (of("failed")) parts.push(`${of("failed")} failed`);
  parts.push(`${unchanged} were right as they were`);
  return `${parts.join(", ")}.`;
}
