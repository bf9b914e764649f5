"""What must hold between data sources and the jobs that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from agent.config.data_gates import DataGate
from agent.config.environment import CheckEvaluation, CheckSample
from agent.config.field_types import in_words
from agent.config.finding import Related
from agent.config.model import Evaluation, Training
from agent.config.wording import did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.data_gates import DataSection
    from agent.config.finding import Finding
    from agent.config.section import Section
    from agent.config.tree import Path
    from agent.config.view import View

_ORIGINS = ("path", "s3", "url")


def each_source_has_one_origin(view: View) -> Iterator[Finding]:
    """Exactly one of `path`, `s3` and `url`, and a digest for what is downloaded."""
    for name in view.keys(("data",)):
        written = [origin for origin in _ORIGINS if view.has(("data", name, origin))]
        if len(written) > 1:
            first, second = written[:2]
            related = Related(place=view.key_place(("data", name, first)), label="already comes from here")
            message = f"data source `{name}` has both `{first}` and `{second}`"
            yield view.broken("data-origin", ("data", name, second), message, "keep one of them", related)
        if not written and view.keys(("data", name)):
            message = f"data source `{name}` does not say where it comes from"
            yield view.broken("data-origin", ("data", name), message, f"write one of {in_list(_ORIGINS)}")
        if view.has(("data", name, "url")) and not view.has(("data", name, "sha256")):
            hint = "add `sha256`, so that a changed file is noticed: `sha256sum FILE` prints it"
            message = f"data source `{name}` is downloaded without a digest"
            yield view.broken("data-origin", ("data", name, "url"), message, hint)


def every_data_set_exists(view: View) -> Iterator[Finding]:
    """Jobs read only data sets that a source or the preparation provides."""
    sources = view.keys(("data",))
    if not sources:
        return
    known = (*sources, *(name for _, name in view.texts(("prepare", "outputs"))))
    for path, name in view.texts(("prepare", "inputs")):
        yield from _unknown_data(view, "prepare", path, name, sources)
    for path, name in _channels(view):
        yield from _unknown_data(view, "training", path, name, known)
    evaluated = Evaluation.model_fields["data"].default
    yield from _unknown_data_of(view, ("evaluation",), evaluated, known)
    for gate, kind in _judging_data(view):
        yield from _unknown_data_of(view, ("gates", gate), kind.model_fields["data"].default, known)
        held_out = view.text(("gates", gate, "held_out"))
        if held_out is not None:
            yield from _unknown_data(view, f"gates.{gate}", ("gates", gate, "held_out"), held_out, known)
    for summary in view.keys(("data_summaries",)):
        yield from _unknown_data(view, "data_summaries", ("data_summaries", summary), summary, known)
    asked: dict[str, type[Section]] = {"sample": CheckSample, "evaluation": CheckEvaluation}
    for environment in view.keys(("environments",)):
        for check, section in asked.items():
            path = ("environments", environment, "checks", check)
            yield from _unknown_data_of(view, path, section.model_fields["data"].default, known)


def _judging_data(view: View) -> Iterator[tuple[str, type[DataSection]]]:
    """The gates on data by name, with their kinds."""
    kinds = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(DataGate)}
    for gate in view.keys(("gates",)):
        kind = kinds.get(view.value(("gates", gate, "kind")))
        if kind is not None:
            yield gate, kind


def _channels(view: View) -> Iterator[tuple[Path, str]]:
    if not view.has(("training", "channels")):
        default: dict[str, str] = Training.model_fields["channels"].default
        yield from ((("training", "channels", channel), name) for channel, name in default.items())
    for channel in view.keys(("training", "channels")):
        path = ("training", "channels", channel)
        name = view.text(path)
        if name is not None:
            yield path, name


def _unknown_data_of(view: View, section: Path, default: str, known: tuple[str, ...]) -> Iterator[Finding]:
    """What is wrong with the key `data` of a section, where the section is written."""
    path = (*section, "data")
    name = view.text(path) if view.has(path) else default
    if view.has(section) and name is not None:
        yield from _unknown_data(view, ".".join(section), path, name, known)


def _unknown_data(view: View, section: str, path: Path, name: str, known: tuple[str, ...]) -> Iterator[Finding]:
    if name in known or not view.has(path[:1]):
        return
    usual = "" if view.has(path) else " by default"
    message = f"`{section}` reads the data set `{name}`{usual}, which nothing provides"
    hint = did_you_mean(name, known) or f"the data sets are {in_list(known, 'and')}"
    related = Related(place=view.key_place(("data",)), label="data sources are declared here")
    yield view.broken("unknown-data", path, message, hint, related)


def no_source_is_in_the_script_s_place(view: View) -> Iterator[Finding]:
    """A preparation finds each source in the folder of its name, and its own script in `code`."""
    if not view.has(("prepare",)):
        return
    inputs = view.texts(("prepare", "inputs"))
    read = inputs or tuple((("data", name), name) for name in view.keys(("data",)))
    for path, name in read:
        if name == "code":
            message = "the preparation cannot read a data source called `code`"
            hint = "give the source another name: the preparation's script is mounted there"
            yield view.broken("data-name", path, message, hint)


def prepared_data_has_its_own_name(view: View) -> Iterator[Finding]:
    """The preparation does not write a data set under the name of a source, nor one twice."""
    seen = {name: view.key_place(("data", name)) for name in view.keys(("data",))}
    for path, name in view.texts(("prepare", "outputs")):
        if name in seen:
            related = Related(place=seen[name], label="first used here")
            message = f"the prepared data set `{name}` has a name that is taken"
            yield view.broken("data-name", path, message, "choose another name", related)
        seen.setdefault(name, view.place(path))


def spot_waits_at_least_as_long_as_it_runs(view: View) -> Iterator[Finding]:
    """SageMaker's ``MaxWaitTimeInSeconds`` includes ``MaxRuntimeInSeconds`` (API ``StoppingCondition``)."""
    wait = view.duration(("training", "spot", "max_wait"))
    path = ("training", "max_runtime")
    runtime = view.duration(path) if view.has(path) else Training.model_fields["max_runtime"].default
    if wait is not None and runtime is not None and wait < runtime:
        message = f"`max_wait` is {in_words(wait)}, shorter than `max_runtime`, which is {in_words(runtime)}"
        hint = f"waiting includes running: write at least `max_wait: {in_words(runtime)}`"
        related = (Related(place=view.place(path), label="runs this long"),) if view.has(path) else ()
        yield view.broken("spot-wait", ("training", "spot", "max_wait"), message, hint, *related)


def layers_have_a_base(view: View) -> Iterator[Finding]:
    """The builder `layers` starts from a base image."""
    if view.value(("image", "builder")) == "layers" and not view.has(("image", "base_image")):
        message = "the builder `layers` needs `base_image`"
        hint = "name the image to start from, by digest for repeatable builds"
        yield view.broken("base-image", ("image", "builder"), message, hint)
