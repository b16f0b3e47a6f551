"""A loopback server that speaks S3."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@contextmanager
def bucket(name: str) -> Iterator[dict[str, str]]:
    """One with a bucket; the variables that address it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        boto3.Session("test", "test", region_name="us-east-1").client("s3", endpoint_url=address).create_bucket(
            Bucket=name
        )
        yield {**KEYS, "AWS_ENDPOINT_URL": address}
    finally:
        server.stop()
