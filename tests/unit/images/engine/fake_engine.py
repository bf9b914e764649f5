"""An engine in memory: it "builds" what it is told to, and its registry answers as it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.images.engine.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.images.engine.api import Message

IMAGE = f"sha256:{'1' * 64}"
DIGEST = f"sha256:{'d' * 64}"
SINGLE = "application/vnd.docker.distribution.manifest.v2+json"
BUILT: Sequence[Message] = (
    {"stream": "Step 1/1 : FROM scratch\n"},
    {"aux": {"ID": IMAGE}},
)
PUSHED: Sequence[Message] = (
    {"status": "Pushed", "id": "a1"},
    {"aux": {"Tag": "t", "Digest": DIGEST, "Size": 1}},
)


@dataclass
class FakeEngine:
    """An :class:`agent.images.engine.api.EngineApi`; ``asked`` is what it was asked to change, in order.

    ``lost`` are builds that fail before one is ``built``; ``pushes`` are the answers to pushes, the last for all
    further ones; ``held`` is the media type in the registry.
    """

    components: Sequence[str] = ("Engine",)
    store: Sequence[Sequence[str]] = ()
    lost: list[Sequence[Message]] = field(default_factory=list)
    built: Sequence[Message] = BUILT
    pushes: list[Sequence[Message]] = field(default_factory=lambda: [PUSHED])
    held: str = SINGLE
    architecture: str = "amd64"
    environment: Sequence[str] = ("PYTHON_VERSION=3.11.9",)
    answer: bytes = b"3.12\n"
    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    logins: list[Mapping[str, str]] = field(default_factory=list)

    def connection(self) -> Connection:
        return Connection(self, "unix:///fake", lambda: self.asked.append("cut"))

    def info(self) -> Message:
        return {"DriverStatus": self.store}

    def version(self) -> Message:
        return {"Components": [{"Name": name} for name in self.components]}

    def build(self, **order: Any) -> Iterable[Message]:
        self.asked.append("build")
        self.orders.append(order)
        return self.lost.pop(0) if self.lost else self.built

    def pull(self, repository: str, **how: Any) -> Iterable[Message]:
        self.asked.append(f"pull {repository}")
        return ()

    def push(self, repository: str, **how: Any) -> Iterable[Message]:
        self.asked.append(f"push {repository}:{how['tag']}")
        self.logins.append(how["auth_config"])
        return self.pushes.pop(0) if len(self.pushes) > 1 else self.pushes[0]

    def load_image(self, data: Any) -> Iterable[Message]:
        self.asked.append("load")
        return ()

    def inspect_image(self, image: str) -> Message:
        return {
            "Id": IMAGE,
            "Os": "linux",
            "Architecture": self.architecture,
            "Config": {"Env": list(self.environment)},
            "RootFS": {"Layers": ["sha256:a"]},
            "Parent": "",
        }

    def history(self, image: str) -> Sequence[Message]:
        return [{"CreatedBy": "COPY", "Size": 1, "Comment": ""}]

    def tag(self, image: str, repository: str, tag: str) -> bool:
        self.asked.append(f"tag {repository}:{tag}")
        return True

    def remove_image(self, image: str, *, noprune: bool = False) -> None:
        self.asked.append(f"remove {image}")

    def inspect_distribution(self, image: str, auth_config: Mapping[str, str] | None = None) -> Message:
        return {"Descriptor": {"mediaType": self.held, "digest": image.partition("@")[2] or DIGEST}}

    def create_container(self, image: str, command: Sequence[str], **settings: Any) -> Message:
        return {"Id": "c"}

    def start(self, container: str) -> None:
        self.asked.append("start")

    def wait(self, container: str) -> Message:
        return {"StatusCode": 0}

    def logs(self, container: str, *, stdout: bool, stderr: bool) -> bytes:
        return self.answer

    def remove_container(self, container: str, *, force: bool) -> None:
        self.asked.append("remove container")
