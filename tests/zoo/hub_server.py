"""A server on loopback that speaks the part of the hub's protocol that downloads and uploads use; files in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Repositories: name -> file -> content."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories = {}
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), "X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append(self.path)
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/?]+)?(?:\?.*)?", self.path)
        tree = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/?]+(?:\?.*)?", self.path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/([^?]+)(?:\?.*)?", self.path)
        found = info or tree or file
        files = self.server.repositories.get(found[1]) if found else None
        if files is None:
            self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        elif info:
            siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
            self.answer(200, {"id": info[1], "modelId": info[1], "sha": COMMIT, "siblings": siblings})
        elif tree:
            blobs = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in files.items()
            ]
            self.answer(200, blobs)
        elif file[2] in files:
            content = files[file[2]]
            self.answer(200, content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', Accept_Ranges="none")
        else:
            self.answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")

    do_HEAD = do_GET

    def do_POST(self):
        self.server.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        change = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/[^/?]+(?:\?.*)?", self.path)
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'somebody'}/{asked['name']}"
            self.server.repositories.setdefault(name, {})
            self.answer(200, {"url": f"{self.server.url}/{name}", "id": name})
        elif self.path == "/api/validate-yaml":
            front = json.loads(body)["content"].split("---\n")
            self.answer(200 if len(front) >= 3 and front[0] == "" else 400, {"errors": [], "warnings": []})
        elif change is None:
            self.answer(404, {"error": "no such route"})
        elif change[2] == "preupload":
            files = [{**file, "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
            self.answer(200, {"files": files})
        else:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    content = base64.b64decode(line["value"]["content"])
                    self.server.repositories[change[1]][line["value"]["path"]] = content
            self.answer(200, {"commitUrl": f"{self.server.url}/{change[1]}/commit/{COMMIT}", "commitOid": COMMIT})
