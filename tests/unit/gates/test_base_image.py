"""What an image is built from is named by digest, and comes from where it may come from."""

from __future__ import annotations

from agent.config.supply_gates import BaseImageGate
from agent.gates.base_image import BaseImage, judge
from agent.gates.signed import Proof

PINNED = BaseImage(name=f"public.ecr.aws/docker/library/python@sha256:{'1' * 64}", where="Dockerfile:1")
FLOATING = BaseImage(name="python:3.11-slim", where="Dockerfile:7")


def test_an_image_without_a_digest_floats() -> None:
    verdict = judge("base", BaseImageGate(kind="base-image"), [PINNED, FLOATING], {})
    assert (verdict.passed, verdict.value, verdict.limit) == (False, 1, 0)
    assert verdict.reason == (
        "1 base image may not be built upon: python:3.11-slim (Dockerfile:7) floats: name it by its digest, "
        "NAME@sha256:… (gate `base`)"
    )


def test_images_by_digest_pass() -> None:
    verdict = judge("base", BaseImageGate(kind="base-image"), [PINNED], {})
    assert verdict.passed
    assert verdict.reason == "1 base image named by digest (gate `base`)"


def test_an_image_from_elsewhere_is_refused_though_it_does_not_float() -> None:
    verdict = judge("base", BaseImageGate(kind="base-image", sources=("registry.example/*",)), [PINNED], {})
    assert not verdict.passed
    assert "(Dockerfile:1) is from elsewhere than registry.example/*" in verdict.reason
    assert judge("base", BaseImageGate(kind="base-image", sources=("public.ecr.aws/*",)), [PINNED], {}).passed


def test_images_that_are_signed_pass_by_the_names_of_the_keys() -> None:
    gate = BaseImageGate(kind="base-image", signed_by=("keys/platform.pub",))
    verdict = judge("base", gate, [PINNED], {PINNED.name: Proof(by="keys/platform.pub")})
    assert verdict.passed
    assert verdict.reason == "1 base image named by digest, signed by keys/platform.pub (gate `base`)"


def test_an_image_that_is_not_signed_is_refused_and_one_that_floats_for_that() -> None:
    gate = BaseImageGate(kind="base-image", signed_by=("keys/platform.pub",))
    fault = "is not signed by keys/platform.pub"
    verdict = judge("base", gate, [PINNED, FLOATING], {PINNED.name: Proof(fault=fault)})
    assert (verdict.passed, verdict.value) == (False, 2)
    assert f"{PINNED.name} (Dockerfile:1) {fault}, python:3.11-slim (Dockerfile:7) floats" in verdict.reason


def test_an_image_of_programs_only_is_built_upon_nothing() -> None:
    verdict = judge("base", BaseImageGate(kind="base-image"), [], {})
    assert verdict.passed
    assert verdict.reason == "it is built from no other image (gate `base`)"
