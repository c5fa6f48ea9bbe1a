"""The order of the folders: each takes only from those before it, never in a circle."""

import ast
import re

from tests.helpers.wheels import CHECKOUT

PACKAGE = "wavernn_tf"
PYTHON = """
    wavernn_tf
    wavernn_tf/config
    wavernn_tf/audio
    wavernn_tf/prediction
    wavernn_tf/voice/shipped
    wavernn_tf/voice
    wavernn_tf/generation
    wavernn_tf/layers
    wavernn_tf/models
    wavernn_tf/sparsity
    pipelines
    wavernn_tf/evaluation
    export/runtime
    export/format
    export/tflite
    export/serving/client
    export/serving
    export/benchmark
    export
    pipelines/bulk
    wavernn_tf/training
    wavernn_tf/cli
""".split()
"""`wavernn_tf` is the modules beside the packages: errors, files, trees and the like."""

NATIVE = """
    base
    kernels
    kernels/simd
    kernels/generic
    kernels/isa
    profile
    prediction
    model
    stream
    training
    training/isa
    tflite
    c_api
    c_api/checks
    litert
    fuzz
    plugin
""".split()


def python_edges():
    """(folder, folder that it imports from, where), function bodies included."""
    modules = {}
    for folder in PYTHON:
        for path in (CHECKOUT / folder).glob("*.py"):
            package = folder if folder.startswith(PACKAGE) else f"{PACKAGE}/{folder}"
            name = f"{package}/{path.stem}".replace("/", ".").replace(".__init__", "")
            modules[name] = folder, path
    for folder, path in modules.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                found = modules.get(name) or modules.get(name.rpartition(".")[0])
                if found:
                    yield folder, found[0], f"{path}:{node.lineno}"
                else:
                    assert name.split(".")[0] != PACKAGE, f"{path}:{node.lineno}: what is {name}?"


def native_edges():
    """(folder, folder that it includes from, where)."""
    root = CHECKOUT / "export" / "native"
    for folder in NATIVE:
        for path in [*(root / folder).glob("*.h"), *(root / folder).glob("*.cc")]:
            for header in re.findall(r'^#include "(.*)/[^/]*"', path.read_text(), re.MULTILINE):
                if (root / header).is_dir():
                    yield folder, header, str(path)


def out_of_order(edges, order):
    return [
        f"{where}: {folder} takes from {other}"
        for folder, other, where in edges
        if order.index(other) > order.index(folder)
    ]


def test_python_folders_import_only_from_those_before():
    edges = list(python_edges())
    assert len(edges) > 300
    assert out_of_order(edges, PYTHON) == []


def test_native_folders_include_only_from_those_before():
    edges = list(native_edges())
    assert len(edges) > 100
    assert out_of_order(edges, NATIVE) == []


def test_every_folder_is_in_the_order():
    folders = {
        p.parent.relative_to(CHECKOUT)
        for f in ("wavernn_tf", "export", "pipelines")
        for p in (CHECKOUT / f).rglob("*.py")
    }
    assert {f.as_posix() for f in folders if "native" not in f.parts} == set(PYTHON)
    root = CHECKOUT / "export" / "native"
    folders = {p.parent.relative_to(root).as_posix() for p in root.rglob("*.h")}
    folders |= {p.parent.relative_to(root).as_posix() for p in root.rglob("*.cc")}
    assert {f for f in folders if f.split("/")[0] not in ("tests", "bench")} == set(NATIVE)


def test_an_import_of_what_comes_later_is_found():
    edges = [*python_edges(), ("wavernn_tf/config", "pipelines", "here")]
    assert out_of_order(edges, PYTHON) == ["here: wavernn_tf/config takes from pipelines"]
