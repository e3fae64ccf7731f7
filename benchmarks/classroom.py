"""A class on one server: what each student costs, and how their sliders answer.

python -m benchmarks.classroom [STUDENTS ...]        5 10 20 unless told otherwise

Starts a real JupyterHub on this machine, open to this machine only, with a server for each student.
All open chapter 4 at once, run it, and drag a slider for three seconds. Afterwards one student's
kernel is killed and the hub restarted, to see that saved work is still there and runs.

It needs two programs that the course does not: `pip install jupyterhub`, and the proxy,
`npm install configurable-http-proxy`, on the PATH or named by CONFIGURABLE_HTTP_PROXY.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import nbformat
import psutil
from jupyter_server.services.kernels.connection.base import deserialize_binary_message
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "course/notebooks/04_gradcheck.ipynb"
MOVES, PAUSE = 90, 1 / 30  # of a slider, as a mouse sends them

CONFIGURATION = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.cleanup_servers = False
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": "{settings}", "OPENBLAS_NUM_THREADS": "1"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.services = [{{"name": "class", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "class", "services": ["class"], "scopes": scopes}}]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Hub:
    """A JupyterHub in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.token, self.port = folder, secrets.token_hex(), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        settings = dict(
            port=self.port,
            hub_port=free_port(),
            proxy_port=free_port(),
            proxy=os.environ.get("CONFIGURABLE_HTTP_PROXY", "configurable-http-proxy"),
            homes=folder / "homes",
            python=sys.executable,
            settings=ROOT / "tools" / "jupyter",
            token=self.token,
        )
        (folder / "hub.py").write_text(CONFIGURATION.format(**settings))

    async def start(self):
        command = [sys.executable, "-m", "jupyterhub", "--config", "hub.py"]
        environment = os.environ | {"CONFIGPROXY_AUTH_TOKEN": self.token}
        with (self.folder / "hub.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        while True:
            try:
                return await self.ask("/hub/api/")
            except (OSError, HTTPClientError):
                if self.process.poll() is not None:
                    raise SystemExit((self.folder / "hub.log").read_text()) from None
                await asyncio.sleep(0.2)

    async def close(self):
        """End everybody's server: a hub that ends leaves them running."""
        for user in await self.ask("/hub/api/users"):
            if user["servers"]:
                await self.ask(f"/hub/api/users/{user['name']}/server", "DELETE")
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def request(self, path, method="GET", body=None):
        return HTTPRequest(
            self.address + path,
            method,
            {"Authorization": f"token {self.token}"},
            body=None if method in ("GET", "DELETE") else json.dumps(body or {}),
            request_timeout=300,
        )

    async def ask(self, path, method="GET", body=None):
        answer = await AsyncHTTPClient().fetch(self.request(path, method, body))
        return json.loads(answer.body) if answer.body else None


class Student:
    """Somebody with a home, a server, and a chapter."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        home = hub.folder / "homes" / name / "course"
        for part in "notebooks", "assets":
            shutil.copytree(ROOT / part, home / part)

    async def ask(self, path, method="GET", body=None):
        return await self.hub.ask(f"/user/{self.name}/api/{path}", method, body)

    async def arrive(self):
        await self.hub.ask(f"/hub/api/users/{self.name}", "POST")
        await self.hub.ask(f"/hub/api/users/{self.name}/server", "POST")
        while True:
            user = await self.hub.ask(f"/hub/api/users/{self.name}")
            server = user["servers"].get("")
            if not server:
                raise RuntimeError(f"{self.name}: the server did not start; see hub.log")
            if server["ready"]:
                return
            await asyncio.sleep(0.5)

    async def open(self):
        """Open the chapter and start its kernel."""
        self.page = await self.ask(f"contents/{CHAPTER}")
        session = {"path": CHAPTER, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        self.kernel = (await self.ask("sessions", "POST", session))["kernel"]["id"]
        path = f"/user/{self.name}/api/kernels/{self.kernel}/channels"
        request = self.hub.request(path)
        request.url = request.url.replace("http", "ws", 1)
        self.socket = await websocket_connect(request)

    async def send(self, kind, content):
        """Send a message; yield what comes back until the kernel is idle again."""
        header = dict(msg_id=uuid.uuid4().hex, msg_type=kind, session=self.name, username="")
        header |= dict(version="5.3", date="2026-01-01T00:00:00Z")
        message = dict(channel="shell", header=header, parent_header={}, metadata={})
        await self.socket.write_message(json.dumps(message | dict(content=content)))
        while True:
            reply = await self.socket.read_message()
            if reply is None:
                raise ConnectionError(f"{self.name}: the connection to the kernel was closed")
            # With arrays, as an answer has them, the text stands among bytes.
            text = isinstance(reply, str)
            reply = json.loads(reply) if text else deserialize_binary_message(reply)
            if reply["parent_header"].get("msg_id") == header["msg_id"]:
                yield reply
                if reply["content"].get("execution_state") == "idle":
                    return

    async def run(self):
        """Run all cells; return the seconds until the first picture, and until the end."""
        start, first, self.explorers = time.perf_counter(), None, []
        for cell in nbformat.from_dict(self.page["content"]).cells:
            if cell.cell_type != "code":
                continue
            async for reply in self.send("execute_request", dict(code=cell.source)):
                content = reply["content"]
                if reply["msg_type"] == "error":
                    raise RuntimeError(f"{self.name}: {content['evalue']}")
                if "image/png" in content.get("data", {}):
                    first = first or time.perf_counter() - start
                state = content.get("data", {}).get("state", {})
                if state.get("spec", {}).get("kind") == "explorer":
                    self.explorers.append((content["comm_id"], state["spec"]["sliders"]))
        return first, time.perf_counter() - start

    async def drag(self):
        """Ask for what the first explorer's slider shows as it goes back and forth.

        So does a page whose function has no program, at every move; one that has asks when the
        slider rests. Returns the milliseconds until each answer.
        """
        comm_id, sliders = self.explorers[0]
        moved, values, waits = sliders[0], {one["key"]: one["start"] for one in sliders}, []
        for move in range(MOVES):
            share = abs(move % 60 - 30) / 30
            values[moved["key"]] = moved["min"] + share * (moved["max"] - moved["min"])
            update = dict(method="custom", content=dict(question=str(move), values=values))
            start, answer = time.perf_counter(), None
            async for reply in self.send("comm_msg", dict(comm_id=comm_id, data=update)):
                if reply["msg_type"] == "comm_msg":
                    answer = time.perf_counter() - start
            waits.append(1000 * answer)
            await asyncio.sleep(max(0, PAUSE - answer))
        return waits


def memory(hub):
    """Megabytes of the hub with its proxy, and of each student's server with its kernels."""
    children = psutil.Process(hub.process.pid).children(recursive=True)
    servers = [p for p in children if "jupyterhub.singleuser" in p.cmdline()]
    theirs = [[p, *p.children(recursive=True)] for p in servers]
    everybody = {p.pid for family in theirs for p in family}
    own = [psutil.Process(hub.process.pid), *(p for p in children if p.pid not in everybody)]

    def megabytes(processes):
        # PSS shares out what processes have in common.
        return sum(p.memory_full_info().pss for p in processes) / 2**20

    return megabytes(own), [megabytes(family) for family in theirs]


async def everybody(actions):
    """What each action returned, in order; None for a student whom the server lost."""
    done = await asyncio.gather(*actions, return_exceptions=True)
    for fault in done:
        if isinstance(fault, BaseException):
            print(f"  lost: {fault}", file=sys.stderr)
    return [None if isinstance(fault, BaseException) else fault for fault in done]


async def lesson(hub, number):
    """One class of this size: a row of the table. Returns the students that were not lost."""
    students = [Student(hub, f"student-{number}-{i}") for i in range(number)]
    start = time.perf_counter()
    await asyncio.gather(*(student.arrive() for student in students))
    arrived = time.perf_counter() - start
    await asyncio.gather(*(student.open() for student in students))
    times = await everybody(student.run() for student in students)
    students = [student for student, found in zip(students, times, strict=True) if found]
    times = [found for found in times if found]
    waits = await everybody(student.drag() for student in students)
    waits = sorted(wait for found in waits if found for wait in found)
    own, theirs = memory(hub)
    print(
        f"| {number} | {arrived:.0f} s | {max(first for first, _ in times):.1f} s "
        f"| {max(end for _, end in times):.0f} s | {statistics.median(waits):.0f} ms "
        f"| {waits[int(0.95 * len(waits))]:.0f} ms | {statistics.mean(theirs):.0f} MB "
        f"| {own:.0f} MB | {number - len(students)} |",
        flush=True,
    )
    return students


async def survive(hub, student):
    """Kill a kernel, then restart the hub; the saved page must be there and run, both times."""
    page = (await student.ask(f"contents/{CHAPTER}"))["content"]
    page["cells"].insert(0, nbformat.v4.new_markdown_cell("my notes", id="mine"))
    await student.ask(f"contents/{CHAPTER}", "PUT", dict(type="notebook", content=page))

    kernels = [p for p in psutil.process_iter(["cmdline"]) if student.kernel in str(p.cmdline())]
    for process in kernels:
        process.kill()
    await student.open()
    await student.run()
    print(f"after its kernel was killed: notes kept {kept(student)}, the chapter runs")

    hub.stop()
    await hub.start()
    if not await up(student):
        await student.arrive()
    await student.open()
    await student.run()
    print(f"after the hub was restarted: notes kept {kept(student)}, the chapter runs")


def kept(student):
    return student.page["content"]["cells"][0]["source"] == "my notes"


async def up(student):
    try:
        return await student.ask("status")
    except HTTPClientError:
        return None


async def main(numbers):
    columns = "students, arrive, first plot, run all, slider median, p95, a student, hub, lost"
    print(f"| {columns.replace(', ', ' | ')} |")
    print("| --: " * len(columns.split(", ")) + "|")
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            hub = Hub(Path(folder))
            await hub.start()
            try:
                students = await lesson(hub, number)
                if number == numbers[-1]:
                    await survive(hub, students[0])
            finally:
                await hub.close()


if __name__ == "__main__":
    asyncio.run(main([int(number) for number in sys.argv[1:]] or [5, 10, 20]))
