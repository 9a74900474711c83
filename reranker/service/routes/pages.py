"""The page at ``/`` and the description of the routes at ``/docs``; nothing comes from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader

FOLDER = Path(__file__).resolve().parent.parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "code.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    """Rank candidates by hand."""
    return html((FOLDER / "page.html").read_text(encoding="utf-8"))


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Every route with its fields, from the OpenAPI description."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True)
    environment.filters["kind"] = kind_of
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=1)
    return html(environment.get_template("docs.html.j2").render(api=request.app.openapi()))


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """What the pages are made of."""
    if name not in ASSETS:
        return Response(status_code=404)
    return Response((FOLDER / name).read_bytes(), media_type=ASSETS[name])


def html(text: str) -> Response:
    """A page under a policy that lets nothing in from elsewhere."""
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": POLICY})


def kind_of(schema: dict[str, Any]) -> str:
    """A field's JSON type in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind_of(option) for option in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
