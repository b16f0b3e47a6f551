"""The command's tests use the session's installation, which the browser's tests use too."""

from tests.support.installation import installed, pytest_runtest_makereport

__all__ = ["installed", "pytest_runtest_makereport"]
