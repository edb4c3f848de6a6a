"""`POST /api/generate-captions`: from bytes on the wire to a caption, within stated limits."""

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from workload import caption_request, caption_writer
from workload.caption_request import CaptionRequest
from workload.caption_writer import Caption
from workload.envelope import correlation_id_of
from workload.problems import Problem

MAX_BODY_BYTES = 5 * 1024 * 1024


async def generate_captions(request: Request) -> Response:
    """200 with the caption; 400 a body that cannot be read, 413 too large, 415 another type, 422 wrong fields."""
    started = time.perf_counter()
    wanted = caption_request.from_fields(await _fields(request))
    caption = caption_writer.write(wanted)
    took_ms = round((time.perf_counter() - started) * 1000, 2)
    return JSONResponse(
        _answer(wanted, caption) | {"took_ms": took_ms, "correlation_id": correlation_id_of(request.scope)}
    )


def _answer(wanted: CaptionRequest, caption: Caption) -> dict[str, Any]:
    picture = wanted.picture
    return {
        "caption": caption.text,
        "hashtags": caption.hashtags,
        "engine": caption_writer.ENGINE,
        "confidence": caption.confidence,
        "metadata": {
            "tone": wanted.tone,
            "length": wanted.length,
            "variation": wanted.variation,
            "characters": len(caption.text),
            "keywords": caption.keywords,
            "picture": asdict(picture) | {"shape": picture.shape} if picture else None,
        },
    }


async def _fields(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(await _body(request))
    if kind == "multipart/form-data":
        return await _from_form(request)
    found = f"content type {kind}" if kind else "no content type"
    raise Problem(415, f"{found}; wanted application/json or multipart/form-data")


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise Problem(422, f"the body is a JSON {type(fields).__name__}; wanted an object")
    return fields


class _InMemory(MultiPartParser):
    # The whole body is bounded and already in memory; a container with a read-only disk has no place to spool.
    spool_max_size = MAX_BODY_BYTES


async def _from_form(request: Request) -> dict[str, Any]:
    body = await _body(request)

    async def at_once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = _InMemory(request.headers, at_once(), max_files=1, max_fields=len(caption_request.FIELDS))
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise Problem(400, f"the form cannot be read: {getattr(error, 'message', 'no boundary')}") from error
    try:
        parts = form.multi_items()
        return {name: await part.read() if isinstance(part, UploadFile) else part for name, part in parts}
    finally:
        await form.close()


async def _body(request: Request) -> bytes:
    """The whole body; refused by its declared length before reading, or as soon as it grows too long."""
    declared = request.headers.get("content-length", "")
    _refuse_above_limit(int(declared) if declared.isdecimal() else 0)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            _refuse_above_limit(len(body))
    except ClientDisconnect as error:
        raise Problem(400, f"the client left after {len(body)} bytes of the body") from error
    return bytes(body)


def _refuse_above_limit(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise Problem(413, f"the body has {size} bytes or more; wanted at most {MAX_BODY_BYTES}")
