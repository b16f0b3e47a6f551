"""What processes for texts and runs need, loaded once for all: by the one that they are forked from."""

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # there is a process for each core; before numpy is imported

from tg_assets.embedder import UseEmbedder
from tg_assets.index.document import Given, analyse
from tg_assets.index.text import TextParts
from tg_assets.tagging import entities
from tg_assets.tagging.tagger import read
from tg_assets.tagging.tags import TagInput

UseEmbedder().encode(["слово"])
analyse([Given(TextParts("слово"))])
read([TagInput("Анна едет из Москвы в Осло.")], with_entities=entities.available())
gc.freeze()  # what is here now stays shared: the collector does not write into it
