"""What the existing program does with a build's files, with Python's own library: one connection, one request after another.

    existing.py upload s3://BUCKET/KEY DIRECTORY     files as stored entries, a part of the upload at a time
    existing.py download s3://BUCKET/KEY DIRECTORY   entries whose file here is another, by ranged reads of the archive

The AWS_* variables say where S3 is, and sign the requests (AWS Signature Version 4).
"""

import hashlib
import hmac
import http.client
import io
import os
import re
import shutil
import sys
import time
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

# What s3fs sends and reads in one request.
PART = 50 * 1024**2
BLOCK = 5 * 1024**2


class S3Object:
    def __init__(self, url):
        self.host = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
        self.path = "/" + url.removeprefix("s3://")
        self.connection = http.client.HTTPConnection(self.host, blocksize=1024**2)

    def request(self, method, query="", body=b"", headers={}):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{stamp[:8]}/{os.environ['AWS_REGION']}/s3/aws4_request"
        content = hashlib.sha256(body).hexdigest()
        signed = {"host": self.host, "x-amz-content-sha256": content, "x-amz-date": stamp}
        lines = [method, self.path, query, *(f"{name}:{value}" for name, value in signed.items())]
        canonical = "\n".join([*lines, "", ";".join(signed), content])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        who = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
        authorization = f"AWS4-HMAC-SHA256 {who}, SignedHeaders={';'.join(signed)}, Signature={signature}"
        target = self.path + (f"?{query}" if query else "")
        self.connection.request(method, target, body, {**headers, **signed, "authorization": authorization})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {target}: {answer.status} {content.decode()}")
        return answer, content


class Upload(io.RawIOBase):
    """Written forward only; a small object is one PUT, a larger one a multipart upload."""

    def __init__(self, target):
        self.target, self.pending, self.etags, self.id = target, bytearray(), [], None

    def writable(self):
        return True

    def write(self, data):
        self.pending += data
        while len(self.pending) >= PART:
            self.send(bytes(self.pending[:PART]))
            del self.pending[:PART]
        return len(data)

    def send(self, part):
        if self.id is None:
            _, answer = self.target.request("POST", "uploads=")
            self.id = re.search(rb"<UploadId>(.*)</UploadId>", answer)[1].decode()
        answer, _ = self.target.request("PUT", f"partNumber={len(self.etags) + 1}&uploadId={self.id}", part)
        self.etags.append(answer.headers["etag"])

    def finish(self):
        if self.id is None:
            return self.target.request("PUT", body=bytes(self.pending))
        self.send(bytes(self.pending))
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(self.etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        self.target.request("POST", f"uploadId={self.id}", body.encode())


class Blocks(io.RawIOBase):
    """Read anywhere, a block at a time, of which the last is kept."""

    def __init__(self, source):
        self.source, self.at, self.start, self.block = source, 0, 0, b""
        answer, _ = source.request("GET", headers={"range": "bytes=0-0"})
        self.size = int(answer.headers["content-range"].split("/")[1])

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer):
        if self.at >= self.size:
            return 0
        if not self.start <= self.at < self.start + len(self.block):
            end = min(self.at + BLOCK, self.size) - 1
            _, self.block = self.source.request("GET", headers={"range": f"bytes={self.at}-{end}"})
            self.start = self.at
        offset = self.at - self.start
        piece = self.block[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


def upload(url, directory):
    target = Upload(S3Object(url))
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(directory))
    target.finish()


def download(url, directory):
    with zipfile.ZipFile(io.BufferedReader(Blocks(S3Object(url)), 1024**2)) as archive:
        for entry in archive.infolist():
            path = directory / entry.filename
            if entry.is_dir() or (path.exists() and checksum(path) == entry.CRC):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file)
            seconds = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(path, (seconds, seconds))


def checksum(path):
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(1024**2):
            crc = zlib.crc32(chunk, crc)
    return crc


{"upload": upload, "download": download}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
