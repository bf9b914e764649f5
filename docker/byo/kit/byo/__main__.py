"""`python -m byo train` and `serve`, where the two programs are not on PATH; and `ping`, for container engines."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the one that is named; only it is imported."""
    match sys.argv[1:]:
        case ["train"]:
            from byo import training

            return training.main()
        case ["serve"]:
            from byo import serving

            return serving.main()
        case ["ping"]:
            return ping()
    sys.stderr.write("usage: python -m byo train | serve | ping\n")
    return 2


def ping() -> int:
    """0 if the server of this container is ready."""
    import http.client

    from byo.settings import ambient

    connection = http.client.HTTPConnection("127.0.0.1", ambient().port, timeout=4)
    try:
        connection.request("GET", "/ping")
        return int(connection.getresponse().status != http.client.OK)
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
