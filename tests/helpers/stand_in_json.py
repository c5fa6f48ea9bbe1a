"""JSON of TF Serving's REST interface to arrays and back, for the stand-in."""

import base64
import binascii
import json
import math

import numpy as np
import tensorflow as tf

NUMBERS = {
    "float32": ((int, float), 3.4028235e38),
    "int16": ((int,), 2**31 - 1),  # the server checks no closer
    "int32": ((int,), 2**31 - 1),
    "int64": ((int,), 2**63 - 1),
    "bool": ((bool,), 1),
}
"""What a value may be in Python, and its largest size."""


def refuse(message):
    raise tf.errors.InvalidArgumentError(None, None, message)


def read_request(body, signatures):
    """(signature, arrays by name, whether in rows) of a body; `signatures` by name."""
    if not body:
        refuse("JSON Parse error: The document is empty")
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError) as error:
        refuse(f"JSON Parse error: {error}")
    if not isinstance(tree, dict):
        refuse("JSON Value is not an object")
    name = tree.get("signature_name", "serving_default")
    if not isinstance(name, str):
        refuse("'signature_name' key must be a string value")
    if name not in signatures:
        refuse(f'Serving signature name: "{name}" not found in signature def')
    dtypes = {n: tf.dtypes.as_dtype(info.dtype).name for n, info in signatures[name].inputs.items()}
    if ("instances" in tree) == ("inputs" in tree):
        refuse("Expected one of 'inputs' and 'instances'")
    if "inputs" in tree:
        return name, read_columns(tree["inputs"], dtypes), False
    return name, read_rows(tree["instances"], dtypes), True


def read_columns(tree, dtypes):
    if is_base64(tree) or not isinstance(tree, dict):
        if len(dtypes) > 1:
            refuse("inputs is a plain value/list, but several inputs are required")
        tree = {next(iter(dtypes)): tree}
    for name in dtypes:
        if name not in tree:
            refuse(f"Missing named input: {name} in 'inputs' object.")
    # As the server does, inputs that the signature lacks are passed over.
    return {name: array_of(tree[name], dtype) for name, dtype in dtypes.items()}


def read_rows(rows, dtypes):
    if not isinstance(rows, list) or not rows:
        refuse("Expected 'instances' to be a list with values")
    columns = {name: [] for name in dtypes}
    for number, row in enumerate(rows):
        if is_base64(row) or not isinstance(row, dict):
            if len(dtypes) > 1:
                refuse("instances is a plain list, but several inputs are required")
            row = {next(iter(dtypes)): row}
        if set(row) != set(dtypes):
            refuse(
                f"Failed to process element: {number} of 'instances' list: keys "
                f"{sorted(row)} must be equal to: {sorted(dtypes)}"
            )
        for name, dtype in dtypes.items():
            try:
                array = array_of(row[name], dtype)
            except tf.errors.InvalidArgumentError as error:
                refuse(f"Failed to process element: {number} key: {name}: {error.message}")
            if columns[name] and columns[name][0].shape != array.shape:
                refuse(
                    f"Failed to process element: {number} key: {name}: expecting shape "
                    f"{list(columns[name][0].shape)} but got: {list(array.shape)}"
                )
            columns[name].append(array)
    return {name: np.stack(arrays) for name, arrays in columns.items()}


def array_of(tree, dtype):
    """Nested lists as an array; every value is checked."""
    shape, first = [], tree
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    values = []
    collect(tree, shape, dtype, values)
    if dtype == "string":
        array = np.empty(len(values), object)
        array[:] = values
        return array.reshape(shape)
    return np.array(values, np.int64 if dtype == "int16" else dtype).astype(dtype).reshape(shape)


def collect(tree, shape, dtype, values):
    if not isinstance(tree, list):
        if shape:
            refuse("JSON Value found at incorrect level")
        values.append(value_of(tree, dtype))
        return
    if not shape or len(tree) != shape[0]:
        refuse(f"Encountered list at unexpected size: {len(tree)}")
    for each in tree:
        collect(each, shape[1:], dtype, values)


def value_of(value, dtype):
    if dtype == "string":
        if isinstance(value, str):
            return value.encode()
        if is_base64(value):
            try:
                return base64.b64decode(value["b64"], validate=True)
            except binascii.Error:
                refuse("Unable to base64 decode")
        refuse(f"JSON Value: {json.dumps(value)[:80]} is not formatted for base64 data")
    kinds, most = NUMBERS[dtype]
    fits = isinstance(value, kinds) and isinstance(value, bool) == (bool in kinds)
    if not fits or (math.isfinite(value) and not -most - 1 <= value <= most):
        refuse(f"JSON Value: {json.dumps(value)[:80]} is not of expected type: {dtype}")
    return value


def is_base64(value):
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def write_response(outputs, in_rows):
    """The body, as bytes.

    A string whose name does not end in `_bytes` is written as it is, UTF-8 or not, as the server
    does: a client cannot read what is not.
    """
    trees = {name: tree_of(name, array) for name, array in outputs.items()}
    if in_rows:
        if len({len(tree) for tree in trees.values()}) != 1:
            refuse("Outputs have inconsistent batch sizes")
        rows = [dict(zip(trees, row)) for row in zip(*trees.values())]
        tree = {"predictions": [next(iter(r.values())) for r in rows] if len(trees) == 1 else rows}
    else:
        tree = {"outputs": next(iter(trees.values())) if len(trees) == 1 else trees}
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogateescape")


def tree_of(name, array):
    if array.dtype != object:
        return array.tolist()
    if array.ndim > 1:
        return [tree_of(name, each) for each in array]
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(value).decode()} for value in array]
    return [value.decode("utf-8", "surrogateescape") for value in array]
