"""Every page in a real browser: it opens, says nothing, fetches nothing, fits, obeys mouse and keyboard."""

import http.server
import re
import threading

import pytest

pytestmark = pytest.mark.browser

NAMES = ("whole", "hostile", "gaps", "broken", "one-line", "empty", "long", "text", "points", "several", "study")
WIDTHS = (375, 1280)
LARGEST = 5_000_000


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_and_fits(open_page, pages, name, width):
    page = open_page(pages[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.scripts[document.scripts.length - 1].type") == ""
    assert pages[name].stat().st_size < LARGEST
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_name_is_a_name(open_page, pages):
    page = open_page(pages["hostile"])
    assert page.locator("h1").text_content() == "<script>alert(1)<"
    assert page.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    assert page.evaluate("document.querySelectorAll('[onerror],[onload]').length") == 0


@pytest.fixture
def server():
    """A server on this machine, and what it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"here")

        def log_message(self, *_): ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()


def test_the_page_forbids_what_escaping_would_have_missed(browser, pages, server):
    """Were a text to get through, it could neither run nor reach anything."""
    address, asked = server
    context = browser.new_context()
    page = context.new_page()
    page.goto(pages["whole"].as_uri())
    page.evaluate(
        """async (address) => {
        const script = document.createElement("script");
        script.textContent = "window.escaped = true";
        document.body.append(script);
        const picture = `<img src="${address}/picture" onerror="window.escaped = true">`;
        document.body.insertAdjacentHTML("beforeend", picture);
        await fetch(`${address}/fetch`).catch(() => null);
        await new Promise((done) => setTimeout(done, 200));
    }""",
        address,
    )
    assert page.evaluate("window.escaped") is None
    assert asked == []
    page.goto(f"{address}/reached")
    assert "/reached" in asked
    context.close()


def caption(page):
    return page.locator(".slides .caption").text_content()


def shown(page):
    return page.locator(".slides .slide:visible").count()


def test_the_slider_by_keyboard(open_page, pages):
    page = open_page(pages["whole"])
    slider = page.get_by_label("Step of the samples")
    assert (caption(page), shown(page)) == ("Step 1,000: FD 0.0999", 1)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert (caption(page), shown(page)) == ("Step 500: FD 0.1996", 1)
    page.keyboard.press("Home")
    assert caption(page) == "Step 0: FD 100"
    assert slider.get_attribute("aria-valuetext") == "Step 0: FD 100"
    assert "FD 100" in page.locator(".slides img:visible").get_attribute("alt")


def test_the_slider_by_mouse(open_page, pages):
    page = open_page(pages["whole"])
    slider = page.get_by_label("Step of the samples")
    slider.click()
    assert caption(page) == "Step 500: FD 0.1996"
    slider.click(position={"x": 2, "y": 10})
    assert caption(page) == "Step 0: FD 100"


def test_play_goes_from_the_first_to_the_last(open_page, pages):
    page = open_page(pages["whole"])
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    assert caption(page) == "Step 0: FD 100"
    page.get_by_role("button", name="Stop").wait_for()
    page.clock.run_for(600)
    assert caption(page) == "Step 500: FD 0.1996"
    page.clock.run_for(600)
    assert caption(page) == "Step 1,000: FD 0.0999"
    page.get_by_role("button", name="Play").wait_for()


def paper(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


WHITE, BLACK = "rgb(255, 255, 255)", "rgb(20, 23, 26)"


def test_the_theme_is_the_systems_until_it_is_chosen(open_page, pages):
    assert paper(open_page(pages["whole"], scheme="dark")) == BLACK
    page = open_page(pages["whole"], scheme="light")
    assert paper(page) == WHITE
    page.get_by_role("button", name="Dark theme").click()
    assert paper(page) == BLACK
    page.reload()
    assert paper(page) == BLACK
    page.get_by_role("button", name="Light theme").focus()
    page.keyboard.press("Enter")
    assert paper(page) == WHITE


@pytest.mark.parametrize(
    ("name", "scheme"),
    [(name, "light") for name in ("whole", "hostile", "text", "points", "several", "study")]
    + [("hostile", "dark"), ("several", "dark")],
)
def test_no_rule_of_accessibility_is_broken(open_page, pages, name, scheme):
    """By axe-core, which also measures the contrast of every text."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(pages[name], scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found] == []


def test_a_chart_is_read_by_pointer_and_by_keyboard(open_page, pages):
    page = open_page(pages["whole"])
    chart = page.locator("figure.chart", has=page.get_by_role("heading", name="Losses"))
    plot, reading = chart.locator(".plot"), chart.locator(".reading")
    plot.focus()
    page.keyboard.press("Home")
    assert re.fullmatch(r"step 100: disc 1\.29\d+, gen 0\.8", reading.text_content())
    page.keyboard.press("ArrowRight")
    assert reading.text_content().startswith("step 200: ")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + 50)
    assert reading.text_content().startswith("step 1,000: ")
    page.mouse.move(0, 0)
    assert reading.text_content() == ""


def test_a_gap_is_read_as_none(open_page, pages):
    page = open_page(pages["gaps"])
    chart = page.locator("figure.chart", has=page.get_by_role("heading", name="Losses"))
    chart.locator(".plot").focus()
    page.keyboard.press("Home")
    for _ in range(15):
        page.keyboard.press("PageDown")
    assert chart.locator(".reading").text_content().startswith("step 151: disc none, ")
    assert "100 values are missing or not finite, the first at step 100" in chart.text_content()


def test_a_command_is_copied(open_page, pages):
    page = open_page(pages["whole"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy").first
    code = button.locator("xpath=../code").text_content()
    button.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code


def test_everything_can_be_reached_by_keyboard(open_page, pages):
    page = open_page(pages["whole"])
    wanted = page.evaluate("document.querySelectorAll('button:not([hidden]), input, summary, .plot, a').length")
    reached = set()
    for _ in range(wanted + 60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
            const element = document.activeElement;
            const style = getComputedStyle(element);
            if (!element.matches("button, input, summary, .plot, a")) return null;
            const seen = style.outlineStyle === "none" ? " unseen" : "";
            return [...document.querySelectorAll("*")].indexOf(element) + seen;
        }""")
        )
    reached.discard(None)
    assert not [each for each in reached if "unseen" in str(each)]
    assert len(reached) == wanted


@pytest.mark.parametrize("name", ["whole", "study"])
def test_it_prints_without_its_controls(open_page, pages, name):
    page = open_page(pages[name], scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("button:visible, input:visible").count() == 0
    assert paper(page) == WHITE
    assert len(page.pdf()) > 10_000


def test_without_scripts_all_is_there_to_read(browser, pages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["whole"].as_uri())
    assert page.locator(".slides img:visible").count() == 1
    assert page.locator("figure.chart svg:visible").count() > 3
    assert page.locator("button:visible").count() == 0
    context.close()
