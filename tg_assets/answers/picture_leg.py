"""What a model of one's own says of pictures to a question in words: one more leg of search, where there is one."""

from collections.abc import Callable
from uuid import UUID

from tg_assets.stores.picture_vectors import CLIP, PictureVectors
from tg_assets.stores.vectors import Narrow, VectorIndex
from tg_assets.vision.clip import Clip

PictureLeg = Callable[[str, UUID, Narrow], dict[str, float]]
"""Of a question, a tenant and what the search is limited to: posts by id, with the chance 0…1 that they are meant."""
HITS = 50


def picture_leg(clip: Clip, vectors: VectorIndex) -> PictureLeg:
    """The leg of a model; pictures that are not likely at all are left out."""
    pictures = PictureVectors(vectors, clip.tag)

    def ask(query: str, tenant: UUID, narrow: Narrow) -> dict[str, float]:
        with pictures.tenant(tenant) as index:
            hits = index.search({CLIP: clip.text(query)}, narrow, HITS)[CLIP]
        chances = {post: clip.chance(cosine) for post, cosine in hits}
        return {post: chance for post, chance in chances.items() if chance > 0}

    return ask
