"""axe finds no serious fault on any view, in light and in dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.answers.conftest import Tenant
from tests.doors.page.conftest import Open
from tests.doors.page.test_page import KETTLE, NOT_THERE, views

GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_serious_fault_on_any_view(reader: Open, mine: Tenant, colours: str) -> None:
    one = reader(colours=colours, expected=NOT_THERE)
    axe = Axe()
    found = {}
    for path in [*views(mine), "keys", "suggestions", "filter", "token"]:
        if path == "keys":
            one.see("/")
            one.page.keyboard.press("?")
        elif path == "suggestions":
            one.see("/").get_by_role("combobox").press_sequentially("насо")
            one.page.get_by_role("option").first.wait_for()
        elif path == "filter":
            one.see(KETTLE).get_by_role("button", name="Feed", exact=True).click()
        elif path == "token":
            one.see("/").get_by_role("button", name="Forget the token").click()
            one.page.get_by_label("Token", exact=True).wait_for()
        else:
            one.see(path)
        for fault in axe.run(one.page).response["violations"]:
            if fault["impact"] in GRAVE:
                found[path, fault["id"]] = [node["html"][:200] for node in fault["nodes"][:3]]
    assert found == {}
