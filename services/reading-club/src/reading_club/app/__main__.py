"""``python -m reading_club.app`` is the command ``reading-club``."""

from reading_club.app.cli import main

if __name__ == "__main__":
    main()
