"""The assets, a module each; the one list of them, how they run, and what is checked about them."""
