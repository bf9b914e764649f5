"""Merging layers: what wins, what stays, and that sources survive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.config.text import SourceText
from agent.config.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode, Source, entry_at, merge, plain
from tests.unit.config.documents import tree

KEYS = st.sampled_from("abc")
PLACES = st.builds(
    lambda line, name: SourceText(name=name, text="xxx\n" * 9).place(line=line, column=1),
    st.integers(1, 9),
    st.sampled_from(["one", "two"]),
)
SOURCES = st.builds(lambda place, layer: Source(layer=layer, place=place), PLACES, st.sampled_from(["file", "request"]))
SCALARS = st.builds(
    lambda value, source: ScalarNode(value=value, written=str(value), source=source),
    st.none() | st.integers(0, 3),
    SOURCES,
)


def mappings(children: st.SearchStrategy[Node]) -> st.SearchStrategy[MappingNode]:
    entries = st.builds(lambda key, node: Entry(key=key, node=node), PLACES, children)
    return st.builds(
        lambda found, source: MappingNode(entries=found, source=source),
        st.dictionaries(KEYS, entries, max_size=3),
        SOURCES,
    )


def sequences(children: st.SearchStrategy[Node]) -> st.SearchStrategy[SequenceNode]:
    items = st.lists(children, max_size=2).map(tuple)
    return st.builds(lambda found, source: SequenceNode(items=found, source=source), items, SOURCES)


NODES: st.SearchStrategy[Node] = st.recursive(
    SCALARS, lambda children: mappings(children) | sequences(children), max_leaves=8
)


@given(NODES, NODES, NODES)
def test_merging_is_associative_with_sources_kept(one: Node, two: Node, three: Node) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(NODES, NODES)
def test_every_value_of_a_merge_comes_from_one_of_its_layers(lower: Node, upper: Node) -> None:
    assert leaves(merge(lower, upper)) <= leaves(lower) | leaves(upper)


@given(NODES)
def test_a_layer_merged_over_itself_changes_nothing(node: Node) -> None:
    assert plain(merge(node, node)) == plain(node)


def leaves(node: Node) -> set[ScalarNode]:
    match node:
        case MappingNode():
            return {leaf for entry in node.entries.values() for leaf in leaves(entry.node)}
        case SequenceNode():
            return {leaf for item in node.items for leaf in leaves(item)}
        case ScalarNode():
            return {node}


def test_mappings_merge_key_by_key_in_the_order_of_the_lower() -> None:
    merged = merge(tree("a: {x: 1, y: 2}\nb: 1"), tree("c: 3\na: {y: 4}"))
    assert plain(merged) == {"a": {"x": 1, "y": 4}, "b": 1, "c": 3}
    assert list(plain(merged)) == ["a", "b", "c"]


def test_lists_are_replaced_as_a_whole() -> None:
    assert plain(merge(tree("a: [1, 2, 3]"), tree("a: [4]"))) == {"a": (4,)}


def test_a_key_without_a_value_removes_what_lies_below() -> None:
    assert plain(merge(tree("a: {x: 1}\nb: 2"), tree("a:"))) == {"b": 2}


def test_what_was_removed_does_not_show_through_a_later_layer() -> None:
    assert plain(merge(merge(tree("a: {x: 1}"), tree("a:")), tree("a: {y: 2}"))) == {"a": {"y": 2}}


def test_each_value_keeps_the_source_of_the_layer_that_won() -> None:
    merged = merge(tree("a: {x: 1, y: 2}", name="f"), tree("a: {y: 3}", name="f", layer="overrides.pr"))
    x, y = (entry_at(merged, ("a", key)) for key in "xy")
    assert x is not None
    assert y is not None
    assert str(x.node.source) == "f:1:8"
    assert str(y.node.source) == "overrides.pr at f:1:8"
