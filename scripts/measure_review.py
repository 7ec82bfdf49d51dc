#!/usr/bin/env python3
"""Measures the work on the review page: actions, key strokes and seconds for whole tasks.

    scripts/measure_review.py FACEVEIL REPORT --originals DIR --outputs DIR [TASK ...]

Each task begins with a fresh page and a copy of the report, and is done in headless Chromium with
key and mouse events:

    keep         keep every picture, one by one
    keep-grid    keep them in the grid, one screen after the other
    findings     cover all that verify found, in one step
    findings-1   cover it one finding after the other, picture by picture
    spans        cover the open spans of the videos, each chosen by its key
    spans-mouse  the same, each chosen by its button

An action is a key with what is held with it, or a click. Seconds are those until the page shows
what an action did: a person looks and thinks besides. Exits with 1 if a task is not done at its
end. Needs chromedriver on the PATH.
"""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SHIFT, CONTROL, ENTER, PAGE_DOWN = "\ue008", "\ue009", "\ue007", "\ue00f"
# Frames in which a page draws are this far apart.
POLL = 0.004
# The picture of the list's chosen row is on the screen, not the one before it.
SHOWN = """(p => p.naturalWidth > 0 && p.complete && p.src.includes('/picture/'
        + document.getElementById('list').getAttribute('aria-activedescendant').slice(4) + '?'))
    (document.getElementById('picture'))
    && !document.getElementById('stage').classList.contains('loading')"""
SMALL_ONES = """[...document.querySelectorAll('.cell')]
    .every(c => c.classList.contains('loaded') || c.querySelector('img').hidden)"""
NONE_OPEN = "document.getElementById('findings').hidden"
CHOSEN_NONE = """document.getElementById('details').hidden
    || !document.getElementById('delete').hidden"""
BUTTON = "document.querySelector('#findings-list button')"
SPANS = "document.querySelectorAll('#spans .bar.open').length"


class Browser:
    """A window of Chromium that counts what is done in it."""

    def __init__(self):
        command = ["chromedriver", "--port=0"]
        self.driver = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        ports = (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout)
        self.port = next(port for port in ports if port)[1]
        self.profile = tempfile.TemporaryDirectory()
        flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"]
        flags += ["--window-size=1440,900", f"--user-data-dir={self.profile.name}"]
        options = {"goog:chromeOptions": {"args": flags}}
        self.session = ""
        new = self.call("/session", {"capabilities": {"alwaysMatch": options}})
        self.session = f"/session/{new['sessionId']}"
        self.actions = self.keys = 0
        self.waits = []

    def call(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{self.session}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]

    def eval(self, expression):
        return self.call("/execute/sync", {"script": f"return ({expression})", "args": []})

    def until(self, expression):
        end = time.monotonic() + 60
        while not self.eval(f"!!({expression})"):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(POLL)

    def act(self, device, then):
        start = time.monotonic()
        self.call("/actions", {"actions": [device]})
        self.until(then)
        self.waits.append(time.monotonic() - start)
        self.actions += 1

    def press(self, key, then, held=""):
        """A key, and the wait for what it does."""
        up_and_down = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        down = [{"type": "keyDown", "value": k} for k in held]
        up = [{"type": "keyUp", "value": k} for k in held]
        self.keys += 1 + len(held)
        self.act({"type": "key", "id": "keyboard", "actions": [*down, *up_and_down, *up]}, then)

    def click(self, element, then):
        """A click on the middle of an element, and the wait for what it does."""
        x, y = self.eval(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])({element}.getBoundingClientRect())"
        )
        move = {"type": "pointerMove", "x": round(x), "y": round(y)}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self.act({"type": "pointer", "id": "mouse", "actions": [move, *press]}, then)

    def text(self, name):
        return self.eval(f"document.getElementById('{name}').textContent")

    def close(self):
        path = f"http://127.0.0.1:{self.port}{self.session}"
        urllib.request.urlopen(urllib.request.Request(path, method="DELETE"), timeout=60).close()
        self.driver.kill()
        self.driver.wait()
        self.profile.cleanup()


def progress(browser):
    """How many pictures are kept, and how many there are."""
    return browser.eval("(p => [p.value, p.max])(document.getElementById('progress'))")



def keep(browser):
    done, count = progress(browser)
    while done < count:
        now = f"document.getElementById('progress').value > {done}"
        browser.press("k", f"{now} && {SHOWN}")
        done += 1
    return progress(browser)[0] == count


def keep_grid(browser):
    browser.press("v", f"!document.getElementById('many').hidden && {SMALL_ONES}")
    done, count = progress(browser)
    while done < count:
        chosen = "!document.getElementById('chosen-text').textContent.startsWith('None')"
        browser.press("a", chosen, CONTROL)
        browser.press("k", f"document.getElementById('progress').value > {done}")
        done = progress(browser)[0]
        if done < count:
            browser.press(PAGE_DOWN, SMALL_ONES)
    return done == count


def all_are_covered(browser):
    """Whether the view of findings is empty once the server knows of every change; not counted."""
    for _ in range(40):
        shown = browser.eval(
            "(f => { f.value = 'findings'; f.dispatchEvent(new Event('change'));"
            " return document.getElementById('shown').textContent; })"
            "(document.getElementById('filter'))"
        )
        if shown.startswith("0 of"):
            return True
        time.sleep(0.25)
    return False


def findings_at_once(browser):
    says = "document.getElementById('says').textContent.startsWith('Findings covered in')"
    browser.press("F", says, SHIFT)


def findings_one_by_one(browser):
    """The list has pictures with findings first, so the first without one is the end."""
    left = "document.querySelectorAll('#findings-list li').length"
    while not browser.eval(NONE_OPEN):
        # A C with nothing chosen chooses; each later one covers, and chooses the next of the frame.
        now = before = browser.eval(left)
        while now:
            browser.press("c", SHOWN)
            now = browser.eval(left)
            if now == before and browser.eval(CHOSEN_NONE):
                # Those of a video's other frames are buttons; what no mask mends is none.
                if not browser.eval(f"!!{BUTTON}"):
                    break
                browser.click(BUTTON, SHOWN)
            before = now
        name = browser.text("name")
        browser.press("n", f"document.getElementById('name').textContent !== '{name}' && {SHOWN}")


def to_the_video(browser):
    """Videos with open spans come first by risk; otherwise the name is searched."""
    if browser.eval("document.getElementById('timeline').hidden"):
        browser.press("/", "document.activeElement.id === 'search'")
        for key in "mp4":
            browser.press(key, "true")
        browser.until(f"!document.getElementById('timeline').hidden && {SHOWN}")
        browser.press(ENTER, "document.activeElement.id === 'list'")
    return browser.eval(SPANS)


def spans(browser, act, choose, cover):
    chosen = "document.getElementById('details-title').textContent === 'Open span'"
    for left in range(to_the_video(browser), 0, -1):
        act(choose, f"{chosen} && {SHOWN}")
        act(cover, f"{SPANS} < {left}")
    return browser.eval(SPANS) == 0


def spans_by_key(browser):
    return spans(browser, browser.press, "g", "c")


def spans_by_mouse(browser):
    bar = "document.querySelector('#spans .bar.open')"
    return spans(browser, browser.click, bar, "document.getElementById('cover')")


TASKS = {
    "keep": keep,
    "keep-grid": keep_grid,
    "findings": findings_at_once,
    "findings-1": findings_one_by_one,
    "spans": spans_by_key,
    "spans-mouse": spans_by_mouse,
}


def measure(arguments, name):
    """Does one task; gives whether it came to its end."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "r.jsonl"
        shutil.copy(arguments.report, report)
        command = [arguments.faceveil, "review", "--no-browser", report]
        command += ["--originals", arguments.originals, "--outputs", arguments.outputs]
        serving = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        browser = Browser()
        try:
            browser.call("/url", {"url": serving.stdout.readline().strip()})
            browser.until(f"document.documentElement.dataset.ready && {SHOWN}")
            start = time.monotonic()
            is_done = TASKS[name](browser)
            seconds = time.monotonic() - start
            if name.startswith("findings"):
                is_done = all_are_covered(browser)
        finally:
            browser.close()
            serving.kill()
            serving.wait()
    waits = sorted(browser.waits) or [0.0]
    late = waits[int(0.95 * (len(waits) - 1))]
    print(
        f"{name}: {browser.actions} actions, {browser.keys} key strokes, {seconds:.1f} s; "
        f"median of an action {1000 * statistics.median(waits):.0f} ms, "
        f"95 % within {1000 * late:.0f} ms{'' if is_done else '; NOT DONE'}",
        flush=True,
    )
    return is_done


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faceveil")
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--originals", required=True)
    parser.add_argument("--outputs", required=True)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    arguments = parser.parse_intermixed_args()
    unknown = set(arguments.tasks) - set(TASKS)
    if unknown:
        parser.error(f"no such task: {', '.join(sorted(unknown))}")
    done = [measure(arguments, name) for name in arguments.tasks or TASKS]
    sys.exit(0 if all(done) else 1)


if __name__ == "__main__":
    main()
