"""Questions that people ask the graph, all in one list (``EVERY``), by name.

Each is a constant of a module below. Who asks them binds tenant, owners and chats (``TenantGraph.show``).
"""

from tg_assets.graph.questions import dialogues, forwards, people, pictures, topics
from tg_assets.graph.questions.question import Question

EVERY: dict[str, Question] = {
    question.name: question
    for module in (forwards, people, pictures, topics, dialogues)
    for question in module.QUESTIONS
}
