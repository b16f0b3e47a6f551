"""What the server answers when a request cannot be served."""


class RequestError(Exception):
    """An HTTP status and a sentence, in Qdrant's words where it has them."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def wrong_input(message: str) -> RequestError:
    """400."""
    return RequestError(400, f"Wrong input: {message}")


def unsupported(what: str) -> RequestError:
    """400: a real Qdrant can, this server cannot."""
    return wrong_input(f"{what} is not supported by the embedded vector server; set TG_QDRANT_URL to a Qdrant server")


def not_found(message: str) -> RequestError:
    """404."""
    return RequestError(404, f"Not found: {message}")
