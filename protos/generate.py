"""Generated Python for the contract: writes protos/gen, or with --check says what there is out of date."""

import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parent
GENERATED = PROTOS / "gen"
TYPE_PLUGINS = [
    f"--plugin=protoc-gen-{name}={Path(sys.executable).with_name(f'protoc-gen-{name}')}"
    for name in ("mypy", "mypy_grpc")
]


def protoc(protos: list[Path], *options: str) -> None:
    """Runs protoc, of the same release as the gRPC runtime, over the given files."""
    files = [path.relative_to(PROTOS).as_posix() for path in protos]
    command = [sys.executable, "-m", "grpc_tools.protoc", "--proto_path=.", *options, *files]
    subprocess.run(command, cwd=PROTOS, check=True)  # noqa: S603 - every word is written in this file or names a proto


def generate(target: Path) -> None:
    """Writes the Python of every proto below the target folder."""
    protos = sorted(PROTOS.glob("dmp/**/*.proto"))
    serving = [path for path in protos if "\nservice " in path.read_text(encoding="utf-8")]
    # Types by mypy-protobuf: protoc's own leave untyped the options that a proto adds, and the stubs that clients use.
    protoc(protos, *TYPE_PLUGINS, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    protoc(serving, *TYPE_PLUGINS, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every generated file below a folder, by its path."""
    files = (path for pattern in ("*.py", "*.pyi") for path in folder.rglob(pattern))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def outdated(fresh: dict[str, bytes], committed: dict[str, bytes]) -> list[str]:
    """The paths that differ, are missing or are left over."""
    return sorted(path for path in fresh.keys() | committed.keys() if fresh.get(path) != committed.get(path))


def write(fresh: dict[str, bytes], stale: list[str]) -> None:
    """Brings the generated tree up to date, without touching what already is."""
    for name in stale:
        path = GENERATED / name
        if name in fresh:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(fresh[name])
        else:
            path.unlink()


def main() -> int:
    """Writes the generated tree, or only compares it."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = contents(Path(folder))
    stale = outdated(fresh, contents(GENERATED))
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"protos/gen/{name} is out of date: run make protos")
        return 1 if stale else 0
    write(fresh, stale)
    print(f"{len(fresh)} generated files, {len(stale)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
