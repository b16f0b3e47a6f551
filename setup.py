"""What a wheel has besides code: the files of the project that stand beside it in a checkout."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("dagster.yaml", "workspace.yaml", "samples/export")


class BuildWithFiles(build_py):
    """Puts them where ``tg_assets.shipped`` looks for them."""

    def run(self) -> None:
        """Build, then copy; an editable install finds them where they are."""
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                target = Path(self.build_lib, "tg_assets", "files", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if Path(name).is_dir() else shutil.copyfile)(name, target)


setup(cmdclass={"build_py": BuildWithFiles})
