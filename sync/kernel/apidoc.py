"""A page to browse an OpenAPI document: plain HTML, no script, nothing from another server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

_METHODS: Final = ("get", "post", "put", "patch", "delete")
CSS: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b2733; }
h1 { font-size: 1.7rem; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid #d5dde5; }
summary { cursor: pointer; padding: .4rem 0; }
.method { display: inline-block; width: 5rem; font-weight: 700; color: #0b5c8a; }
code, pre { font-family: ui-monospace, monospace; }
pre { background: #f3f6f8; padding: 1rem; overflow-x: auto; }
td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; }
"""


def page(spec: Mapping[str, Any], document_url: str, style_url: str) -> str:
    """HTML of an OpenAPI 3 document, operations grouped by tag, each shape once at the end."""
    info = spec.get("info", {})
    groups: dict[str, list[str]] = {}
    for path, item in spec.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["API"])[0]
                shared = item.get("parameters", [])
                groups.setdefault(tag, []).append(_operation(method, path, item[method], shared))
    title = f"{info.get('title', 'API')} {info.get('version', '')}"
    body = [
        f"<h1>{escape(title)}</h1><p>The document itself: <a href='{escape(document_url)}'>{escape(document_url)}</a></p>"
    ]
    for tag, operations in groups.items():
        body.append(f"<h2>{escape(tag)}</h2>{''.join(operations)}")
    body.append("<h2>Shapes</h2>")
    body += [_shape(name, schema) for name, schema in spec.get("components", {}).get("schemas", {}).items()]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><link rel='stylesheet' href='{escape(style_url)}'></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], shared: Iterable[Mapping[str, Any]]) -> str:
    rows = [_parameter(item) for item in (*shared, *operation.get("parameters", [])) if "name" in item]
    content = operation.get("requestBody", {}).get("content", {})
    bodies = [f"<p>Body: {_refer(media.get('schema', {}))} ({escape(kind)})</p>" for kind, media in content.items()]
    answers = [
        f"<tr><th>{escape(str(code))}</th><td>{escape(answer.get('description', ''))} {_answer(answer)}</td></tr>"
        for code, answer in operation.get("responses", {}).items()
    ]
    return (
        f"<details><summary><span class='method'>{method.upper()}</span><code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary><p>{escape(operation.get('description', ''))}</p>"
        f"<table>{''.join(rows)}</table>{''.join(bodies)}<table>{''.join(answers)}</table></details>"
    )


def _parameter(item: Mapping[str, Any]) -> str:
    needed = "required" if item.get("required") else "optional"
    return (
        f"<tr><th><code>{escape(item['name'])}</code></th><td>{escape(item.get('in', ''))}, {needed}, "
        f"{_refer(item.get('schema', {}))}</td></tr>"
    )


def _answer(answer: Mapping[str, Any]) -> str:
    return " ".join(_refer(media.get("schema", {})) for media in answer.get("content", {}).values())


def _refer(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"<a href='#{escape(name)}'>{escape(name)}</a>"
    if schema.get("type") == "array":
        return f"list of {_refer(schema.get('items', {}))}"
    return escape(json.dumps(schema, ensure_ascii=False)) if schema else "anything"


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    text = json.dumps(schema, ensure_ascii=False, indent=1)
    return f"<h3 id='{escape(name)}'>{escape(name)}</h3><pre>{escape(text)}</pre>"
