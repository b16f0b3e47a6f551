"""One result of a post out of the results of its pictures.

A single picture's result is the post's. Of several, kind and description are those of the first, with the others'
descriptions behind it; lists are joined in order and cut where a result's are. What does not belong here: albums,
whose pictures are in several posts (``tg_assets.albums.summary``).
"""

from collections.abc import Sequence

from tg_assets.vision.result import Ocr, VisionResult

JOIN = " | "


def combine(results: Sequence[VisionResult]) -> VisionResult:
    """The result of a post; raises ``ValueError`` without results."""
    if not results:
        raise ValueError("a post without results has no result")
    first = results[0]
    if len(results) == 1:
        return first
    read = [one.ocr for one in results if one.ocr and one.ocr.text]
    sure = [one.confidence for one in read if one.confidence is not None]
    return VisionResult.model_validate(
        {
            **first.model_dump(exclude={"features_hash"}),
            "description": JOIN.join(dict.fromkeys(one.description for one in results)),
            "is_meme": any(one.is_meme for one in results),
            "labels": [label for one in results for label in one.labels],
            "objects": [name for one in results for name in one.objects],
            "ocr": Ocr(
                text="\n".join(one.text for one in read),
                engine=read[0].engine,
                confidence=sum(sure) / len(sure) if sure else None,
            )
            if read
            else None,
            "nsfw_score": max((one.nsfw_score for one in results if one.nsfw_score is not None), default=None),
            "dominant_colors": [colour for one in results for colour in one.dominant_colors],
            "tokens_used": sum(one.tokens_used for one in results),
            "analysis_reason": "new" if any(one.analysis_reason == "new" for one in results) else first.analysis_reason,
        }
    )
