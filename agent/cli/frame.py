"""The command's frame: what holds for every subcommand, and every way it can end as an exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback

import typer

from agent.cli import completion
from agent.cli.setting import ConfigOption, Ended, choose_config
from agent.cli.standard_streams import fill_in

USAGE, OUR_FAULT, CONFIG = 64, 70, 78
EPILOG = "Docs: docs/cli.md. Exit codes: 64 wrong usage, 78 configuration error, 70 our own fault."

app = typer.Typer(
    name="tocsin",
    help="Watch services, keep honest uptime against a target, and drive a ticket to its end when something breaks.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,  # `completion` prints the script; nothing writes into anybody's start-up files
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading rich would take as long as all the rest of it
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(config: ConfigOption = None) -> None:
    """Options before the command hold for every command."""
    choose_config(config)


def main() -> None:
    """Run the command and exit; nothing of a traceback is shown for what an operator can mend."""
    fill_in()
    completion.prepare()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still gets the rest
    try:
        code = app(standalone_mode=False)
    except Ended as ended:
        code = ended.code
    except typer.TyperException as error:
        show_error = getattr(error, "show", None)
        if show_error is not None:
            show_error()
        else:
            print(f"tocsin: {error}", file=sys.stderr)
        code = USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        code = _failed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _failed(error: Exception) -> int:
    from config.errors import ConfigError

    if isinstance(error, ConfigError):
        print(f"tocsin: {error}", file=sys.stderr)
        return CONFIG
    from agent.lock import StoreUnavailable

    if isinstance(error, StoreUnavailable):  # it may pass: a service manager tries again
        print(f"tocsin: {error}", file=sys.stderr)
        return OUR_FAULT
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        remedy = "raise LimitNOFILE= of the service, or: ulimit -n"
        print(f"tocsin: {(error.strerror or 'too many open files').lower()}: {remedy}", file=sys.stderr)
        return OUR_FAULT
    from agent.logs import report
    from checks.masking import masked

    if os.environ.get("TOCSIN_TRACEBACK"):
        print(masked("".join(traceback.format_exception(error))), end="", file=sys.stderr)
        return OUR_FAULT
    report(error, "command.failed")
    print(
        f"tocsin: our own fault: {type(error).__name__}: {masked(str(error)[:4096])[:300]}", file=sys.stderr
    )
    print("Set TOCSIN_TRACEBACK=1 to see where, and please report it.", file=sys.stderr)
    return OUR_FAULT
