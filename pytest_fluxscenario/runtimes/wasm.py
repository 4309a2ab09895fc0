"""The runtime ``wasm``: a WASI command in this process, with nothing but its call in reach (docs/hooks.md).

Each call has an instance of its own, so nothing stays from one to the next. It is bounded by fuel, which is the same on
every machine, by memory, and by the time that the pack says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from threading import Timer
from typing import Any, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.files import file_place
from pytest_fluxscenario.runtimes.code import PackCode
from pytest_fluxscenario.runtimes.port import WASM, HookCall, HookOutcome, HookUnavailable, RuntimeMissing
from pytest_fluxscenario.runtimes.talk import STDERR_BYTES, Heard
from pytest_fluxscenario.runtimes.verdict import Judged, judge
from pytest_fluxscenario.runtimes.wasi import MODULE, ExitedError, SpentError, TooMuchError, World, fits

#: Instructions, about, for each millisecond of ``timeout_ms``: a slow machine has time for them.
FUEL_PER_MS: Final = 50_000
#: Calls of the system for each, which cost more.
CALLS_PER_MS: Final = 2
MEMORY_BYTES: Final = 64 << 20
#: Compiling has no other bound.
MODULE_BYTES: Final = 16 << 20
_TABLE_ELEMENTS: Final = 1 << 16
_STACK_BYTES: Final = 512 << 10
_START: Final = "_start"
_BINARY: Final = b"\0asm"
_MIB: Final = MEMORY_BYTES >> 20


@dataclass(slots=True)
class _Program:
    """A compiled module, and what it is linked to: the world of the call that is under way."""

    engine: Any
    module: Any
    linker: Any
    world: World | None = None

    def link(self) -> None:
        """Give the module what it imports."""
        for wanted in self.module.imports:
            ask = partial(self._ask, wanted.name)
            self.linker.define_func(MODULE, wanted.name, wanted.type, ask, access_caller=True)

    def _ask(self, name: str, caller: Any, *values: int) -> int | None:
        assert self.world is not None  # noqa: S101 - it is set before anything of the module runs
        return self.world.call(name, caller, *values)


@dataclass(slots=True)
class WasmHooks:
    """Calls the hooks of one pack. Not to be called by two threads at once."""

    code: PackCode
    _program: _Program | None = field(default=None, init=False)

    def call(self, call: HookCall) -> HookOutcome:
        """What came of one call.

        Raises RuntimeMissing without wasmtime; HookUnavailable for a file that has changed or is no WASI command.
        """
        if self._program is None:
            self._program = self._compile()
        runtime, line = self.code.runtime, call.line()
        arguments = tuple(part.encode() for part in runtime.command)
        world = World(arguments, line + b"\n", runtime.timeout_ms * CALLS_PER_MS)
        judged = _run(self._program, world, runtime.timeout_ms)
        return judged.outcome(self.code, line, bytes(world.errors[-STDERR_BYTES:]).decode("utf-8", "replace"))

    def close(self) -> None:
        """Forget the compiled module."""
        program, self._program = self._program, None
        if program is not None:
            # wasmtime keeps the functions of a linker, and so all that they know, until it is closed.
            program.linker.close()

    def _compile(self) -> _Program:
        try:
            from wasmtime import Config, Engine, FuncType, Linker, Module, WasmtimeError
        except ImportError as error:
            message = "the hooks of this pack run on WebAssembly, and wasmtime is not installed"
            hint = "pip install 'pytest-fluxscenario[wasm]'"
            lacks = RuntimeMissing.of("hook.runtime-missing", self.code.place, message, hint)
            raise lacks.of_need(WASM) from error
        path, data = self._module()
        place = file_place(self.code.files, path)
        config = Config()
        config.consume_fuel = True
        config.epoch_interruption = True
        config.max_wasm_stack = _STACK_BYTES
        # One result on every machine; and no handlers of signals in a process that is not ours.
        config.cranelift_nan_canonicalization = True
        config.wasm_relaxed_simd_deterministic = True
        config.signals_based_traps = False
        config.wasm_threads = False
        engine = Engine(config)
        try:
            module = Module(engine, data)
        except WasmtimeError as error:
            why = shown(str(error).strip().splitlines()[-1].strip())
            raise HookUnavailable.of("hook.module", place, f"cannot be compiled: {why}") from error
        for wanted in module.imports:
            name, kind = wanted.name or "", wanted.type
            if wanted.module != MODULE or not isinstance(kind, FuncType):
                message = f"wants '{shown(wanted.module, 80)}.{shown(name, 80)}', which no hook is given"
                raise HookUnavailable.of("hook.module", place, message, f"build it for WASI preview 1 ({MODULE})")
            if not fits(name, [str(one) for one in kind.params], [str(one) for one in kind.results]):
                message = f"wants '{shown(name, 80)}' with other types than it has in WASI preview 1"
                raise HookUnavailable.of("hook.module", place, message)
        start = next((one.type for one in module.exports if one.name == _START), None)
        if not isinstance(start, FuncType) or start.params or start.results:
            message = f"exports no function {_START} without arguments, so it is no command of WASI"
            raise HookUnavailable.of("hook.module", place, message, "build a program, not a library")
        program = _Program(engine, module, Linker(engine))
        program.link()
        return program

    def _module(self) -> tuple[str, bytes]:
        """Path and bytes of the module. Raises HookUnavailable."""
        path = self.code.runtime.command[0]
        digest = self.code.digests.get(path)
        if digest is None:
            message = f"the command '{shown(path, 80)}' of the hooks is no file of the pack's logic"
            raise HookUnavailable.of("hook.command-missing", self.code.place, message, "put the module into logic/")
        place, data = file_place(self.code.files, path), self.code.content(path, digest)
        if not data.startswith(_BINARY):
            message = "is no WebAssembly module in binary form"
            raise HookUnavailable.of("hook.module", place, message, "text is made binary by wat2wasm")
        if len(data) > MODULE_BYTES:
            message = f"holds {len(data)} bytes"
            raise HookUnavailable.of("hook.module", place, message, f"the limit is {MODULE_BYTES >> 20} MiB")
        return path, data


def _run(program: _Program, world: World, timeout_ms: int) -> Judged:
    """One instance of the module, from its beginning to its end."""
    from wasmtime import Store, Trap, WasmtimeError

    fuel = timeout_ms * FUEL_PER_MS
    store = Store(program.engine)
    store.set_fuel(fuel)
    store.set_limits(MEMORY_BYTES, _TABLE_ELEMENTS, 1, 1, 1)
    store.set_epoch_deadline(1)
    heard, status, instance = Heard(), 0, None
    program.world = world
    timer = Timer(timeout_ms / 1000, program.engine.increment_epoch)
    timer.daemon = True
    timer.start()
    try:
        instance = program.linker.instantiate(store, program.module)
        instance.exports(store)[_START](store)
    except ExitedError as end:
        status = end.status
    except TooMuchError:
        heard.how = "much_output"
    except SpentError:
        return Judged("timeout", None, f"the hook asked the system more than {timeout_ms * CALLS_PER_MS} times")
    except Trap as trap:
        return _trapped(trap, fuel, 0 if instance is None else _used(instance.exports(store).get("memory"), store))
    except WasmtimeError:
        # What is imported and exported was looked at before: only the limits are left.
        return Judged("crash", None, f"the hook needs more memory or tables than it may have ({_MIB} MiB)")
    finally:
        program.world = None
        timer.cancel()
        # A timer that comes too late would end the next call.
        timer.join()
    if heard.how == "ended":
        heard.how = heard.take(bytes(world.out)) or "ended"
    return judge(heard, status << 8)


def _trapped(trap: Any, fuel: int, used: int) -> Judged:
    code = trap.trap_code
    name = "" if code is None else code.name
    if name == "INTERRUPT":
        return Judged("timeout", None, "the hook gave no result in time")
    if name == "OUT_OF_FUEL":
        return Judged("timeout", None, f"the hook used up its fuel, {fuel} units")
    what = name.lower().replace("_", " ") or "unknown"
    return Judged("crash", None, f"the hook was stopped by a trap: {what} (memory: {used} of {_MIB} MiB)")


def _used(memory: Any, store: Any) -> int:
    """MiB of memory, rounded up: what grows until it may not ends in a trap of its own."""
    size = memory.data_len(store) if hasattr(memory, "data_len") else 0
    return -(-size >> 20)


def wasm(code: PackCode) -> WasmHooks:
    """The runtime ``wasm``."""
    return WasmHooks(code)
