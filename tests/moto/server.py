"""An AWS for tests: moto 5.2.5 in this process, with what moto lacks (`emulator/`).

    python tests/moto/server.py [--port N] [--watch-stdin] [--plain]

Prints `http://127.0.0.1:PORT` once it serves. Access keys of the form `AKIACLEF` + twelve digits name their account,
so that each test has one of its own; any other key belongs to account 123456789012.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading

# AWS-managed policies exist, as they do on AWS; otherwise none could be attached.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
# moto's own look-ups must not wander off to a configured account.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")


def main() -> None:
    """Serves until killed, or until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input does")
    parser.add_argument("--plain", action="store_true", help="moto as it is, to see what a mend is for")
    arguments = parser.parse_args()

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from emulator import services, speed
    from emulator.app import Application

    class Handler(MotoRequestHandler):
        # Keep-alive, and no log line per request.
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
            pass

    speed.apply()
    if arguments.plain:
        # A thousand images per account take their time, and nothing looks at them.
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    else:
        services.load()
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    application = Application(DomainDispatcherApplication(create_backend_app), arguments.plain)
    server = make_server("127.0.0.1", arguments.port, application, threaded=True, request_handler=Handler)
    if arguments.watch_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _end_with_stdin() -> None:
    # The parent holds the other end: it closes when the parent ends, however it ends.
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
