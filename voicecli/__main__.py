"""`python -m voicecli` and the `voicecli` command."""

import sys


def main() -> None:
    """Run a command; Ctrl-C gives no traceback, not even while Python still loads its files."""
    try:
        from voicecli.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
