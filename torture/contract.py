"""The contract's messages, made at run time from ``proto/``: no generated code can go stale.

Needs ``protoc`` (Debian: protobuf-compiler) and Python's protobuf (Debian: python3-protobuf, or
PyPI ``protobuf``). Descriptors and not ``--python_out``: generated modules only load with a library
of about the compiler's age, and would put themselves into the package ``google``.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.message import Message
except ImportError as error:
    raise ImportError("protobuf is missing: apt-get install python3-protobuf") from error

#: Where the contract is, seen from here.
PROTO = Path(__file__).resolve().parent.parent / "proto"


class Contract:
    """The messages and methods of the contract."""

    def __init__(self, folder: Path = PROTO) -> None:
        """Compiles every ``.proto`` file of a folder.

        :raises RuntimeError: ``protoc`` refuses one.
        """
        self._folder = folder
        self._pool = descriptor_pool.DescriptorPool()
        for file in self._compile(folder).file:
            self._pool.Add(file)
        self._classes: dict[str, type[Message]] = {}

    @staticmethod
    def _compile(folder: Path) -> descriptor_pb2.FileDescriptorSet:
        files = sorted(str(each.relative_to(folder)) for each in folder.rglob("*.proto"))
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch, "contract.binpb")
            done = subprocess.run(
                ["protoc", "-I", folder, f"--descriptor_set_out={target}", "--include_imports",
                 *files],
                capture_output=True, text=True, timeout=60)
            if done.returncode != 0:
                raise RuntimeError(f"protoc: {done.stderr}")
            return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())

    def message(self, name: str) -> type[Message]:
        """The class of a message by its full name, as in ``integration.v1.Event``."""
        if name not in self._classes:
            self._classes[name] = self._class(self._pool.FindMessageTypeByName(name))
        return self._classes[name]

    def value(self, name: str) -> int:
        """The number of an enumeration's value, as in ``integration.v1.RETRY_PRESET_FAST``."""
        package, _, word = name.rpartition(".")
        for kind in self._enumerations(package):
            if word in kind.values_by_name:
                return kind.values_by_name[word].number
        raise KeyError(name)

    def method(self, name: str) -> tuple[type[Message], type[Message]]:
        """Request and response of a method, as in ``integration.v1.EventService/PublishEvent``."""
        service, _, method = name.partition("/")
        found = self._pool.FindServiceByName(service).methods_by_name[method]
        return self.message(found.input_type.full_name), self.message(found.output_type.full_name)

    def unary_methods(self, service: str) -> list[str]:
        """The methods of a service that have one request and one response."""
        found = self._pool.FindServiceByName(service)
        proto = descriptor_pb2.ServiceDescriptorProto()
        found.CopyToProto(proto)
        return [method.name for method in proto.method
                if not method.client_streaming and not method.server_streaming]

    def _enumerations(self, package: str):
        prefix = package.replace(".", "/") + "/"
        for file in self._folder.rglob("*.proto"):
            name = str(file.relative_to(self._folder))
            if name.startswith(prefix):
                yield from self._pool.FindFileByName(name).enum_types_by_name.values()

    def _class(self, descriptor) -> type[Message]:
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        # Before protobuf 4.22.
        return message_factory.MessageFactory(self._pool).GetPrototype(descriptor)
