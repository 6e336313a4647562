"""How long a page takes to draw and to open: ``python benchmarks/pages.py [--records N ...]``.

Drawing is in this process; opening is Chromium's ``loadEventEnd``, with scripts run, the median of five. A page is to
open in under two seconds.
"""

import argparse
import json
import math
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from equipoise.config import RunSettings
from equipoise.config.files import to_yaml
from equipoise.reports.pages.page import write_page
from equipoise.reports.pages.records import RunRecords
from equipoise.reports.pages.run_page import run_page

OPENINGS = 5


def write_run(folder, number):
    """A run of ``number`` metrics records, with noise, spikes and gaps, and a hundredth as many evaluations."""
    folder.mkdir()
    (folder / "config.yaml").write_text(to_yaml(RunSettings(name=f"{number} records")))
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(1, number + 1):
            loss = None if step % 997 == 0 else 1.3 + math.sin(step) + (1e4 if step % 5003 == 0 else 0)
            gap = None if loss is None else loss - math.log(4)
            rates = {"disc_rate": 4e-4, "gen_rate": 2e-4, "rate_ratio": 2.0, "images_per_second": 1000.0}
            counts = {"step": step, "images": 64 * step, "seconds": step / 10}
            losses = {"disc_loss": loss, "gen_loss": 0.7, "disc_gap": gap, "gen_gap": 0.01, "disc_penalty": 0.1}
            file.write(json.dumps(counts | losses | rates) + "\n")
    with (folder / "evaluations.jsonl").open("w") as file:
        for step in range(0, number + 1, 100):
            file.write(json.dumps({"step": step, "values": {"fd": 100 / (1 + step)}, "judge": "fd"}) + "\n")


def seconds_to_open(page):
    """Of Chromium, the median; None where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        found = []
        for _ in range(OPENINGS):
            tab = browser.new_page()
            tab.goto(page.as_uri(), wait_until="load")
            found.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
            tab.close()
        browser.close()
    return statistics.median(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[100, 10_000, 100_000])
    print(f"{'records':>8} {'draw s':>8} {'open s':>8} {'kB':>8}")
    with tempfile.TemporaryDirectory() as root:
        for number in parser.parse_args().records:
            folder = Path(root) / str(number)
            write_run(folder, number)
            started = time.perf_counter()
            page = write_page(folder / "report.html", run_page(RunRecords.read(folder), "equipoise train"))
            drawn = time.perf_counter() - started
            opened = seconds_to_open(page)
            words = "-" if opened is None else f"{opened:.2f}"
            print(f"{number:>8,} {drawn:>8.2f} {words:>8} {page.stat().st_size / 1000:>8,.0f}")


if __name__ == "__main__":
    main()
