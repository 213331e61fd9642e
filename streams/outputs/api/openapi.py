"""The OpenAPI document of the API, made of its paths and of the types of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import msgspec

from streams.outputs.api.parameters import Parameter

REF = "#/components/schemas/{name}"
ERROR = {"type": "object", "properties": {"error": {"type": "string"}}}


class Path(NamedTuple):
    """A path of the API: what it answers, in a line and in a sentence, what it takes, and the type
    of its answer."""

    path: str
    summary: str
    words: str
    parameters: tuple[Parameter, ...]
    answer: type[msgspec.Struct]


def document(paths: Sequence[Path]) -> dict[str, Any]:
    """The document (OpenAPI 3.1)."""
    schemas, components = msgspec.json.schema_components(
        [each.answer for each in paths], ref_template=REF
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Watchroom",
            "version": version("watchroom"),
            "description": "The figures of a control room: any indicator, area and period.",
        },
        "paths": {
            path.path: {"get": _operation(path, schema)}
            for path, schema in zip(paths, schemas, strict=True)
        },
        "components": {"schemas": {**components, "Error": ERROR}},
    }


def ingest_document(answer: type[msgspec.Struct]) -> dict[str, Any]:
    """The document of the server that takes events: its one path, `answer` its answer, and the form
    of the events, which `docs/schemas/` has in full."""
    (schema,), components = msgspec.json.schema_components([answer], ref_template=REF)
    wrong = {"application/json": {"schema": {"$ref": REF.format(name="Error")}}}
    whole = {"application/json": {"schema": schema}}
    event = {"type": "object", "required": ["kind", "force"], "description": "docs/schemas/"}
    again = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Watchroom: events", "version": version("watchroom")},
        "paths": {
            "/events": {
                "post": {
                    "operationId": "events",
                    "summary": "Takes events",
                    "description": "Answers what became of each line. To send again is safe: what "
                    "came twice counts once.",
                    "security": [{"token": []}],
                    "parameters": [
                        {
                            "name": "Content-Encoding",
                            "in": "header",
                            "required": False,
                            "schema": {"enum": ["identity", "gzip", "zstd"]},
                        }
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/x-ndjson": {"schema": {"type": "string"}},
                            "application/json": {"schema": {"type": "array", "items": event}},
                        },
                    },
                    "responses": {
                        "200": {"description": "All was judged and stored", "content": whole},
                        "400": {"description": "The body can't be read", "content": wrong},
                        "401": {"description": "No token that may send", "content": wrong},
                        "408": {"description": "The body did not come", "content": wrong},
                        "413": {"description": "Too much in one request", "content": wrong},
                        "415": {"description": "An encoding that is not read", "content": wrong},
                        "429": {
                            "description": "Too much a minute",
                            "headers": again,
                            "content": wrong,
                        },
                        "503": {
                            "description": "Not all was stored",
                            "headers": again,
                            "content": whole,
                        },
                    },
                }
            }
        },
        "components": {
            "schemas": {**components, "Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: Path, schema: dict[str, Any]) -> dict[str, Any]:
    wrong = {"application/json": {"schema": {"$ref": REF.format(name="Error")}}}
    answer = {
        "application/json": {"schema": schema},
        "text/csv": {"schema": {"type": "string"}},
    }
    return {
        "operationId": path.path.rpartition("/")[2],
        "summary": path.summary,
        "description": path.words,
        "parameters": [_parameter(each) for each in path.parameters],
        "responses": {
            "200": {"description": path.summary, "content": answer},
            "400": {"description": "What is asked for there is not", "content": wrong},
            "404": {"description": "The force is not monitored here", "content": wrong},
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(parameter.schema)
    if parameter.repeated:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.words,
        "schema": schema,
    }
