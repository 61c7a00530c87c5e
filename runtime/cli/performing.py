"""From the words of a command line to an exit code: what is meant, and how errors are told."""

from __future__ import annotations

import traceback
from typing import Any

import click
from rich.text import Text

from ..ending import ending
from ..errors import LivedreamError, UsageError, nearest
from ..telling import console, harmless

INTERRUPTED = "Interrupted before it was done; nothing was written."
NO_MEMORY = "There is not enough memory for this; ask for a smaller --size."


class Commands(click.Group):
    """`livedream --source demo` means `livedream run --source demo`; wrong names get right ones."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {name for param in self.get_params(ctx) for name in param.opts}
        place = 0
        while place < len(args) and args[place] in options:
            if args[place] in ("--help", "--version"):
                return super().parse_args(ctx, args)
            place += 1
        if place == len(args) or args[place].startswith("-"):
            args = [*args[:place], "run", *args[place:]]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            names = nearest(args[0], self.commands)
            raise UsageError(f"There is no command '{args[0]}'; nearest: {names}.")
        return super().resolve_command(ctx, args)


def performed(commands: click.Group, arguments: list[str]) -> int:
    """Do what `arguments` ask for and tell of errors. Returns the exit code: 0, 2 for wrong usage,
    1 for anything else."""
    debug = "--debug" in arguments
    try:
        commands.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except click.ClickException as error:
        return _fail(_sentence(error), 2, debug)
    except LivedreamError as error:
        return _fail(str(error), error.exit_code, debug)
    except (KeyboardInterrupt, click.Abort):
        return _fail(INTERRUPTED, 1, debug)
    except MemoryError:
        return _fail(NO_MEMORY, 1, debug)
    except Exception as error:  # noqa: BLE001 - told, and the exit code says so
        if ending.asked.is_set():
            # A module in C that was just being imported reports the interruption as its own error.
            return _fail(INTERRUPTED, 1, debug)
        if "bad_alloc" in str(error):
            return _fail(NO_MEMORY, 1, debug)
        reason = f"{type(error).__name__}: {error}"
        return _fail(f"Unexpected error, {reason}; `--debug` shows where.", 1, debug)
    return 0


def _sentence(error: click.ClickException) -> str:
    """click's message, with the nearest right option where one was wrong."""
    text = error.format_message()
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and context:
        names = [name for param in context.command.get_params(context) for name in param.opts]
        near = nearest(error.option_name, names)
        return f"There is no option '{error.option_name}'; nearest: {near}."
    return (
        text if not context else f"{text} `{context.command_path} --help` shows what can be said."
    )


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    console.print(Text.assemble(("livedream: ", "bold red"), harmless(message)))
    return code
