"""The HTTP side: who asks, whether they may, and which page or document answers."""

from __future__ import annotations

import base64
import json
import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree.ElementTree import ParseError

from tests.jenkins_controller import answers, configs
from tests.jenkins_controller.answer import Answer, page
from tests.jenkins_controller.state import Item
from tests.jenkins_controller.tree import pruned
from tests.jenkins_controller.validator import validated

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from tests.jenkins_controller.state import Build, Controller

_STARTING = (
    "<html><title>Starting Jenkins</title><body>Please wait while Jenkins is getting ready to work</body></html>"
)
_CRUMB = "9f5c36cd"


class Handler(BaseHTTPRequestHandler):
    """One request; the controller is locked while it is answered."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for an answer, which a client would otherwise wait for
    controller: ClassVar[Controller]
    context: ClassVar[str]
    lock: ClassVar[threading.RLock]
    address: ClassVar[str]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in BaseHTTPRequestHandler
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, handle: Callable[[], Answer]) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with self.lock:
            try:
                self.controller.asked.append(f"{self.command} {parts.path}")
                self._enter(parts.path)
                answer = handle()
            except Answer as early:
                answer = early
        self.send_response(answer.status)
        headers = {"Content-Type": "text/html;charset=utf-8", "X-Jenkins": "2.516.3", **answer.headers}
        for name, value in {**headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _enter(self, path: str) -> None:
        """Who asks for what."""
        if self.controller.away:
            self.controller.away -= 1
            raise Answer(503, _STARTING)
        if self.controller.page:
            raise Answer(200, self.controller.page)
        if not path.startswith(f"{self.context}/"):
            raise Answer(404, page("Not Found"))
        self.place = path.removeprefix(self.context)
        self.root = self.controller.root or self.address
        self.user = self._authenticated()
        self._require("Overall/Read")

    def _authenticated(self) -> str | None:
        given = self.headers.get("Authorization", "")
        if not given.startswith("Basic "):
            return None
        name, _, secret = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
        user = self.controller.users.get(name)
        if user is None or secret not in {user.token, user.password} - {""}:
            shown = f"<html><head><title>Error 401 Invalid password/token for user: {name}</title></head></html>"
            raise Answer(401, shown, WWW_Authenticate='Basic realm="Jenkins"')
        self.by_token = secret == user.token
        return name

    def _require(self, permission: str) -> None:
        if self.controller.may(self.user, permission):
            return
        who = self.user or "anonymous"
        text = f"{who} is missing the {permission} permission"
        if self.user is None:
            shown = f"<html><head><meta http-equiv='refresh' content='1;url=/login'/></head><body>{text}</body></html>"
        else:
            shown = f"<html><head><title>Jenkins</title></head><body><h1>Access Denied</h1><p>{text}</p></body></html>"
        identifier = self.controller.permission_id(permission)
        raise Answer(403, shown, X_You_Are_Authenticated_As=who, X_Required_Permission=identifier)

    def _json(self, whole: Any) -> Answer:
        tree = self.query.get("tree")
        body = json.dumps(pruned(whole, tree) if tree else whole)
        return Answer(200, body, Content_Type="application/json;charset=utf-8")

    def _get(self) -> Answer:
        for pattern, handle in _GETS:
            found = re.fullmatch(pattern, self.place)
            if found:
                return handle(self, **found.groupdict())
        raise Answer(404, page("Not Found"))

    def _post(self) -> Answer:
        user = self.controller.users.get(self.user or "")
        if self.controller.crumbs and not (user and self.by_token):
            session = self.headers.get("Cookie", "")
            if self.headers.get("Jenkins-Crumb") != _CRUMB or "JSESSIONID=1" not in session:
                raise Answer(403, page("No valid crumb was included in the request"))
        for pattern, handle in _POSTS:
            found = re.fullmatch(pattern, self.place)
            if found:
                return handle(self, **found.groupdict())
        raise Answer(404, page("Not Found"))

    def crumb(self) -> Answer:
        if not self.controller.crumbs:
            raise Answer(404, page("Not Found"))
        body = {
            "_class": "hudson.security.csrf.DefaultCrumbIssuer",
            "crumb": _CRUMB,
            "crumbRequestField": "Jenkins-Crumb",
        }
        return Answer(
            200, json.dumps(body), Content_Type="application/json", Set_Cookie="JSESSIONID=1; Path=/; HttpOnly"
        )

    def item(self, path: str) -> Item:
        """The item at `/job/a/job/b`, if the user may see it."""
        name = "/".join(unquote(part) for part in path.removeprefix("/job/").split("/job/"))
        item = self.controller.items.get(name)
        if item is None or not self.controller.may(self.user, "Job/Read"):
            raise Answer(404, page("Not Found"))
        return item

    def build(self, path: str, number: str) -> Build:
        builds = self.item(path).builds
        if not 0 < int(number) <= len(builds):
            raise Answer(404, page("Not Found"))
        return builds[int(number) - 1]

    def top(self) -> Answer:
        jobs = [answers.job(self.controller, self.root, one, deep=False) for one in self.controller.children("")]
        return self._json({"_class": "hudson.model.Hudson", "jobs": jobs, "url": f"{self.root}/"})

    def job(self, path: str) -> Answer:
        item = self.item(path)
        for build in item.builds:
            build.go_on()
        return self._json(answers.job(self.controller, self.root, item))

    def build_api(self, path: str, number: str) -> Answer:
        build = self.build(path, number)
        build.go_on()
        return self._json(answers.build(self.root, build))

    def log(self, path: str, number: str) -> Answer:
        build = self.build(path, number)
        build.go_on()
        log = build.log()
        start = int(self.query.get("start", 0))
        more = {"X_More_Data": "true"} if build.result is None else {}
        return Answer(200, log[start:], Content_Type="text/plain;charset=utf-8", X_Text_Size=str(len(log)), **more)

    def config(self, path: str) -> Answer:
        item = self.item(path)
        self._require("Job/Configure")
        return Answer(200, item.config, Content_Type="application/xml")

    def view_config(self, name: str) -> Answer:
        if unquote(name) not in self.controller.views:
            raise Answer(404, page("Not Found"))
        return Answer(200, self.controller.views[unquote(name)], Content_Type="application/xml")

    def queue_item(self, id: str) -> Answer:  # noqa: A002 - the word of Jenkins
        item = self.controller.queue.get(int(id))
        if item is None or (item.build and self.controller.forgets_queue):
            raise Answer(404, page("Not Found"))
        answer = answers.queued(self.root, item)
        if item.whys:
            item.whys.pop(0)
        elif item.build is None and not item.cancelled:
            self.controller.begin(item)
            answer = answers.queued(self.root, item)
        return self._json(answer)

    def create_item(self, path: str) -> Answer:
        self._require("Job/Create")
        parent = self.item(path).name if path else ""
        name = f"{parent}/{self.query['name']}".strip("/")
        if name in self.controller.items:
            text = f"A job already exists with the name {self.query['name']}"
            raise Answer(400, f"<h1>Error</h1><p>{text}</p>", X_Error=text)
        self.controller.items[name] = Item(name=name, config=self._kept())
        return Answer(200)

    def create_view(self) -> Answer:
        self._require("View/Create")
        self.controller.views[self.query["name"]] = self._kept()
        return Answer(200)

    def configure(self, path: str) -> Answer:
        item = self.item(path)
        self._require("Job/Configure")
        item.config = self._kept()
        return Answer(200)

    def configure_view(self, name: str) -> Answer:
        self._require("View/Configure")
        self.controller.views[unquote(name)] = self._kept()
        return Answer(200)

    def _kept(self) -> str:
        if "xml" not in self.headers.get("Content-Type", ""):
            raise Answer(500, page("Oops!"))
        try:
            return configs.kept(self.content)
        except ParseError:
            raise Answer(500, page("Oops!")) from None

    def schedule(self, path: str, with_parameters: str | None = None) -> Answer:
        item = self.item(path)
        self._require("Job/Build")
        if configs.class_of(item.config).endswith("MultiBranchProject"):
            self.controller.scan(item.name)
            return Answer(302, Location=".")
        known = {one["name"]: one for one in configs.parameters(item.config)}
        if with_parameters and not known:
            # java.lang.IllegalStateException: This build is not parameterized!
            raise Answer(500, "<html><head><title>Oops!</title></head><body><h1>Oops!</h1></body></html>")
        given = {name: value for name, value in self._form().items() if name in known}
        for name, value in given.items():
            if "choices" in known[name] and value not in known[name]["choices"]:
                # java.lang.IllegalArgumentException: Illegal choice for parameter
                raise Answer(500, page("Oops!"))
        defaults = {name: one["defaultParameterValue"]["value"] for name, one in known.items()}
        waiting = self.controller.schedule(item.name, defaults | given)
        return Answer(201, Location=f"{self.root}/queue/item/{waiting.id}/")

    def stop(self, path: str, number: str) -> Answer:
        build = self.build(path, number)
        self._require("Job/Cancel")
        if build.result is None:
            build.plan.log = [*build.plan.log[: build.told], b"Aborted by " + str(self.user).encode() + b"\n"]
            build.plan.endless, build.plan.result, build.plan.inputs = False, "ABORTED", []
        return Answer(302, Location=f"{answers.job_url(self.root, build.job)}{number}/")

    def cancel(self) -> Answer:
        item = self.controller.queue[int(self.query["id"])]
        self._require("Job/Cancel")
        item.cancelled = item.build is None
        return Answer(204)

    def settle(self, path: str, number: str, id: str, how: str) -> Answer:  # noqa: A002
        build = self.build(path, number)
        build.go_on()
        found = [one for one in build.pending if one["id"] == unquote(id)]
        if not found:
            raise Answer(404, page("Not Found"))
        submitter = found[0].get("submitter")
        if how != "abort" and submitter and self.user not in submitter.split(","):
            raise Answer(400, f"<h1>Error</h1><p>You need to be {submitter} to submit this.</p>")
        given = self._form()
        form = json.loads(given["json"])["parameter"] if "proceed" in given else []
        how = "proceed" if "proceed" in given else "abort"
        build.answers.append({"by": self.user, "how": how, "values": {one["name"]: one["value"] for one in form}})
        build.pending = []
        if how == "abort":
            build.result = "ABORTED"
            return Answer(200)
        return Answer(302, Location=f"{answers.job_url(self.root, build.job)}{number}/console")

    def validate(self) -> Answer:
        return Answer(200, validated(self._form()["jenkinsfile"]), Content_Type="text/plain;charset=UTF-8")

    def _form(self) -> Mapping[str, str]:
        fields = parse_qs(self.content.decode(), keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


_JOB = r"(?P<path>(?:/job/[^/]+)+)"
_BUILD = _JOB + r"/(?P<number>\d+)"
_GETS: list[tuple[str, Callable[..., Answer]]] = [
    (r"/crumbIssuer/api/json", Handler.crumb),
    (r"/api/json", Handler.top),
    (r"/queue/item/(?P<id>\d+)/api/json", Handler.queue_item),
    (r"/view/(?P<name>[^/]+)/config\.xml", Handler.view_config),
    (_BUILD + r"/api/json", Handler.build_api),
    (_BUILD + r"/logText/progressiveText", Handler.log),
    (_JOB + r"/config\.xml", Handler.config),
    (_JOB + r"/api/json", Handler.job),
]
_POSTS: list[tuple[str, Callable[..., Answer]]] = [
    (r"(?P<path>(?:/job/[^/]+)*)/createItem", Handler.create_item),
    (r"/createView", Handler.create_view),
    (r"/view/(?P<name>[^/]+)/config\.xml", Handler.configure_view),
    (r"/queue/cancelItem", Handler.cancel),
    (r"/pipeline-model-converter/validate", Handler.validate),
    (_BUILD + r"/stop", Handler.stop),
    (_BUILD + r"/input/(?P<id>[^/]+)/(?P<how>submit|abort)", Handler.settle),
    (_JOB + r"/config\.xml", Handler.configure),
    (_JOB + r"/build(?P<with_parameters>WithParameters)?", Handler.schedule),
]
