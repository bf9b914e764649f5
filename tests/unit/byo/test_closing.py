"""Who has come in is served, and who comes later is not heard."""

from __future__ import annotations

import socket

import pytest
from byo.closing import stop_hearing


def test_connections_that_are_open_are_accepted_and_new_ones_are_not_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=10) as early:
            assert stop_hearing(address[1])
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.3)
            accepted, _ = listener.accept()
            with accepted:
                early.sendall(b"question")
                assert accepted.recv(100) == b"question"
                accepted.sendall(b"answer")
                assert early.recv(100) == b"answer"


def test_other_ports_of_the_process_go_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        assert stop_hearing(one.getsockname()[1])
        socket.create_connection(other.getsockname(), timeout=10).close()


def test_a_port_that_nobody_listens_on_has_nothing_to_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not stop_hearing(port)
