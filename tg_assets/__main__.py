"""``python -m tg_assets``: the command ``tg-assets``."""

from tg_assets.cli import main

if __name__ == "__main__":
    main()
