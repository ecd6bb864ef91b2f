"""The rendered configuration on a real Asterisk."""

import pytest

pytestmark = pytest.mark.real


async def test_the_whole_configuration_loads_without_a_complaint(start_asterisk):
    asterisk = await start_asterisk()
    print(asterisk.log())
    print(await asterisk.cli("module show"))
    print(await asterisk.cli("core show uptime"))
    complaints = [
        line for line in asterisk.log().splitlines() if " WARNING[" in line or " ERROR[" in line
    ]
    assert complaints == []
