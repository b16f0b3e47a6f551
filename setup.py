"""What a wheel has besides code: the files of the project that stand beside it in a checkout."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("dagster.yaml", "workspace.yaml", "samples/export", "deploy/prometheus/alerts.yml")


class BuildWithFiles(build_py):
    """Puts them where ``tg_assets.shipped`` looks for them."""

    def get_source_files(self) -> list[str]:
        """With them, for the source distribution: a wheel is built from that by default."""
        found = [path for name in SHIPPED for path in (Path(name), *Path(name).rglob("*")) if path.is_file()]
        return [*super().get_source_files(), *map(str, found)]

    def run(self) -> None:
        """Build, then copy; an editable install finds them where they are."""
        # What an earlier build left there may be gone from the project.
        shutil.rmtree(Path("build", "lib"), ignore_errors=True)
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                target = Path(self.build_lib, "tg_assets", "files", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if Path(name).is_dir() else shutil.copyfile)(name, target)


setup(cmdclass={"build_py": BuildWithFiles})
