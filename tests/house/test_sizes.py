"""What a reader can hold in mind: a file of 500 lines, a function of 60."""

import ast

MOST_LINES = 500
MOST_FUNCTION_LINES = 60


def test_no_file_is_longer_than_a_reader_can_hold(sources, texts):
    lengths = {name: len(texts[name].splitlines()) for name in sources}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_longer_than_a_screen(sources):
    long = {}
    for name, tree in sources.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
                length = node.end_lineno - body[0].lineno + 1 if body else 0
                if length > MOST_FUNCTION_LINES:
                    long[f"{name}:{node.lineno} {node.name}"] = length
    assert long == {}
