"""`python -m faceveil ARGUMENTS`: the `faceveil` command, which `faceveil-cli` brings."""

import os
import shutil
import subprocess
import sys
import sysconfig

# Also what a shell says of a command that it does not find.
NOT_FOUND = 127


def command() -> str | None:
    """The command of this interpreter's environment, or the one on the path."""
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]
    return shutil.which("faceveil", path=os.pathsep.join(folders)) or shutil.which("faceveil")


def main() -> int:
    program = command()
    if program is None:
        print(
            "error: the faceveil command is not installed here\n"
            "help: pip install 'faceveil[cli]', or cargo install faceveil",
            file=sys.stderr,
        )
        return NOT_FOUND
    arguments = [program, *sys.argv[1:]]
    if os.name == "posix":
        # In place of this process: signals and the exit code are the command's.
        os.execv(program, arguments)
    return subprocess.run(arguments, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
