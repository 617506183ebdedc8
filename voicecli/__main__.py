"""`python -m voicecli` and the `voicecli` command."""

import sys


def main() -> None:
    """Run a command; Ctrl-C is no fault, not even while Python still reads its files."""
    try:
        from voicecli.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
