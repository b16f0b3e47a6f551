"""Asset ``transcripts``: what is said in voice and video notes, once per content and model.

Results are kept as JSON in the object store by content, provider and model, so a forwarded note or a rebuilt database
costs nothing. Tags and search take a transcript for its post's words. A note that is not stored or not usable is
*settled* with its reason; so is every note where nothing can hear (the extra ``speech``), until something can.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg
from pydantic import ValidationError
from sqlalchemy import Connection, text

from resources.speech import SpeechChoice
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.tools import Tools
from tg_assets.jsonb import jsonb
from tg_assets.keys import speech_key
from tg_assets.ledger.deletion import keep_derived
from tg_assets.ledger.enrichment import LEFT_OVER, enrichment_failed, forget_enrichment, save_enrichment
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.metrics.catalogue import media_of
from tg_assets.metrics.tally import Tally
from tg_assets.registry.channels import channels_of
from tg_assets.sandbox.provider import Refused
from tg_assets.scope import Scope
from tg_assets.speech.provider import SpeechProvider
from tg_assets.speech.result import Transcript
from tg_assets.stores.objects import ObjectStore

NOTES = "p.kind IN ('voice', 'video_note') AND p.role = 'primary' AND p.position = 0"
"""Whether a row ``p`` of ``post_media_map`` is a recording to hear; music and films are not."""

INPUTS = f"""
    SELECT m.id AS item_id, m.posted_at AS at, (p.sha256 IS NOT NULL)::int AS tokens,
           concat(p.sha256, p.missing_reason) AS input_hash
    FROM messages m JOIN post_media_map p ON p.post_id = m.id AND {NOTES}
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until AND m.deleted_at IS NULL
    UNION ALL {LEFT_OVER.format(kind="speech", shown=NOTES)}
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What became of one recording: a transcript, settled without one, or tried again."""

    transcript: Transcript | None = None
    skipped: str | None = None
    failed: str | None = None
    known: bool = False
    """Whether it was heard before."""


def stage(speech: SpeechChoice, objects: ObjectStore) -> Stage:
    """The stage, for whoever hears; without anybody every note is settled with what to do about it."""
    provider = speech.provider

    def work(chunk: Chunk) -> Outcome:
        notes = _notes(chunk.connection)
        stored = {note.sha256: note for note in notes if note.sha256}
        transcribed: dict[str, Transcribed] = {}
        if provider:
            transcribed = {sha256: _transcribe(note, chunk, provider, objects) for sha256, note in stored.items()}
        outcome, rows = Outcome(), []
        for note in notes:
            if note.sha256 is None:
                became = Transcribed(skipped=note.missing_reason)
            else:
                became = transcribed.get(note.sha256) or Transcribed(skipped=speech.why_not)
            rows.append(_row(note, became))
            if became.failed:
                outcome.failed[note.post_id] = became.failed
            elif became.transcript is None:
                outcome.skipped[note.post_id] = became.skipped or "not heard"
        save_enrichment(chunk.connection, "speech", provider.name if provider else "none", rows)
        forget_enrichment(chunk.connection, "speech", NOTES)
        if provider:
            made = [sha256 for sha256, one in transcribed.items() if one.transcript]
            keys = ((sha256, speech_key(chunk.scope.tenant, sha256, provider)) for sha256 in made)
            keep_derived(chunk.connection, keys)
        outcome.counts = _counts(list(transcribed.values()))
        return outcome

    version = provider.version if provider else "none"
    # A chunk is committed every few notes, and those that are not stored cost nothing.
    unmade = partial(enrichment_failed, kind="speech", provider=provider.name if provider else "none")
    return Stage("transcripts", version, INPUTS, work, chunk_size=500, chunk_tokens=8, unmade=unmade, counted=_counted)


def _counted(tally: Tally, settled: Mapping[str, int], _seconds: float) -> None:
    for status, count in settled.items():
        tally.count("media_processing", count, stage="transcripts", media=media_of("voice"), outcome=status)


def _notes(connection: Connection) -> Sequence[Any]:
    return connection.execute(
        text(f"""SELECT p.post_id, p.sha256, p.missing_reason, o.s3_key, coalesce(o.mime, p.mime, '') AS mime
                 FROM chunk JOIN post_media_map p ON p.post_id = chunk.item_id AND {NOTES}
                 LEFT JOIN media_objects o ON o.sha256 = p.sha256 ORDER BY chunk.at, p.post_id""")  # noqa: S608
    ).all()


def _transcribe(note: Any, chunk: Chunk, provider: SpeechProvider, objects: ObjectStore) -> Transcribed:
    """One recording: what is kept of it, else what the provider hears. Raises what the object store raises."""
    key = speech_key(chunk.scope.tenant, note.sha256, provider)
    if kept := _kept(objects.get(key), provider.version):
        return Transcribed(kept, known=True)
    data = objects.media(note.s3_key, note.sha256)
    if data is None:
        return Transcribed(failed="its object is missing from the object store, or is another file")
    try:
        transcript = provider.transcribe(data, note.mime)
    except Refused as refused:
        return Transcribed(skipped=f"refused: {refused.reason}")
    except Exception as error:  # noqa: BLE001 - recorded by its type, since its words may hold a text; tried again
        return Transcribed(failed=f"the provider failed: {type(error).__name__}")
    objects.put(key, transcript.model_dump_json().encode())
    return Transcribed(transcript)


def _kept(stored: bytes | None, version: str) -> Transcript | None:
    """A stored transcript, unless another version made it."""
    if stored is None:
        return None
    try:
        found = Transcript.model_validate_json(stored)
    except ValidationError:  # written by an older schema: made anew
        return None
    return found if found.speech_version == version else None


def _row(note: Any, one: Transcribed) -> tuple[object, ...]:
    """A row of ``post_enrichment``."""
    transcript = one.transcript
    data = {**(transcript.model_dump(mode="json") if transcript else {}), "sha256": note.sha256}
    status = "ok" if transcript else "error" if one.failed else "skipped"
    return (
        note.post_id,
        transcript.text_hash if transcript and transcript.text else None,
        jsonb(data),
        status,
        one.failed or one.skipped,
    )


def _counts(transcribed: Sequence[Transcribed]) -> Counter[str]:
    counts = Counter[str]()
    for one in transcribed:
        if one.transcript:
            counts["cache_hits" if one.known else "heard"] += 1
            counts["with words"] += bool(one.transcript.text)
            counts["seconds heard"] += 0 if one.known else round(one.transcript.seconds)
    return counts


def _languages(connection: Connection, scope: Scope, _tools: Tools) -> Mapping[str, Any]:
    """Languages of a scope's notes, and how long they are together."""
    rows = connection.execute(
        text("""
            SELECT coalesce(e.data->>'lang', 'nobody speaks') AS language, count(*) AS notes,
                   round((sum((e.data->>'seconds')::float) / 60)::numeric, 1)::float AS minutes
            FROM messages m JOIN post_enrichment e ON e.post_id = m.id AND e.kind = 'speech' AND e.status = 'ok'
            WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
            GROUP BY 1 ORDER BY 2 DESC, 1
        """),
        {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until},
    ).mappings()
    table = [dg.TableRecord(dict(row)) for row in rows]
    return {"languages": dg.MetadataValue.table(table)} if table else {}


ASSET = Asset(
    name="transcripts",
    description="What is said in voice and video notes, in the language it is said in.",
    group="enrichment",
    kinds=frozenset({"python"}),
    deps=("posts", "media_objects"),
    needs=("objects", "speech"),
    pool="vision",
    stages=lambda tools: (lambda _scope: stage(tools.speech(), tools.objects),),
    ledger=("transcripts",),
    shown=_languages,
    live=Live(per_round=2, whole=True),
)
