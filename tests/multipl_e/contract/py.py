"""Python programs by the status that they must get."""

# Ways to a verdict that is not deserved.
CHEATS = {
    "exit in the function": "def add(a, b):\n    raise SystemExit(0)\n",
    "exit at the top": "import sys; sys.exit(0)\n",
    "hard exit in the function": "def add(a, b):\n    import os; os._exit(0)\n",
    "hard exit at the top": "import os; os._exit(0)\n",
    "exit hook": "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b): return 0\n",
    "exit when collected": (
        "import os\nclass X:\n    def __del__(self): os._exit(0)\n"
        "def add(a, b):\n    X(); return 0\n"
    ),
    "killed by itself": "import os\ndef add(a, b):\n    os.kill(os.getpid(), 9)\n",
    "always equal": (
        "class X:\n    def __eq__(self, other): return True\n"
        "    def __ne__(self, other): return False\n"
        "    def __hash__(self): return 3\ndef add(a, b): return X()\n"
    ),
    "always equal int": (
        "class X(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "def add(a, b): return X(99)\n"
    ),
    "always equal by type": (
        "class M(type):\n    def __eq__(self, other): return True\n    __hash__ = type.__hash__\n"
        "class X(metaclass=M): pass\ndef add(a, b): return X\n"
    ),
    "stack walk": (
        "import inspect, sys\ndef add(a, b):\n    frame = sys._getframe()\n    found = 0\n"
        "    while frame:\n        for const in frame.f_code.co_consts:\n"
        "            if isinstance(const, int) and const not in (a, b): found = const\n"
        "        frame = frame.f_back\n    return found\n"
    ),
    "search of the heap for the tests": (
        "import gc, types\ndef add(a, b):\n    for o in gc.get_objects():\n"
        "        if isinstance(o, types.FunctionType) and o.__name__ == 'check':\n"
        "            return a + b\n    return None\n"
    ),
    "patched builtins": (
        "import builtins\nclass A:\n    def __eq__(self, o): return True\n"
        "builtins.int = A\nbuiltins.AssertionError = A\nbuiltins.__build_class__ = None\n"
        "builtins.len = builtins.abs = builtins.isinstance = lambda *a: True\n"
        "def add(a, b): return 0\n"
    ),
    "swallowed exceptions": (
        "import sys\nsys.excepthook = lambda *a: None\ndef add(a, b):\n    raise ValueError\n"
    ),
    "trace hook": (
        "import sys\ndef trace(frame, event, arg):\n    frame.f_trace_lines = False\n"
        "    return trace\nsys.settrace(trace)\ndef add(a, b): return 0\n"
    ),
    "check defined first": "def check(f): pass\ndef add(a, b): return 0\n",
    "words on every descriptor": (
        "import os\nfor fd in range(64):\n    for text in (b'OK', b'{\"status\": \"OK\"}\\n'):\n"
        "        try: os.write(fd, len(text).to_bytes(4, 'big') + text)\n"
        "        except OSError: pass\nos._exit(0)\n"
    ),
    "forged answers": (
        "import gc\ndef add(a, b):\n    for o in gc.get_objects():\n"
        "        if type(o).__name__ == 'Connection':\n"
        "            o.send(('result', True, None))\n            o.send(('loaded',))\n"
        "    return 0\n"
    ),
    "code in an answer": (
        "import os\nclass X:\n    def __reduce__(self): return os._exit, (0,)\n"
        "def add(a, b): return X()\n"
    ),
    "code in forged bytes": (
        "import gc, pickle, os\nclass X:\n    def __reduce__(self): return os._exit, (0,)\n"
        "def add(a, b):\n    for o in gc.get_objects():\n"
        "        if type(o).__name__ == 'Connection':\n            data = pickle.dumps(X())\n"
        "            o._write(len(data).to_bytes(8, 'big') + data)\n    return 0\n"
    ),
    "printed marks": "print('OK', flush=True)\ndef add(a, b):\n    print('passed'); return 0\n",
}

PROGRAMS = {
    "OK": [
        "def add(a, b):\n    return a + b\n",
    ],
    "Exception": [
        "def add(a, b):\n    return a - b\n",
        "def add(a, b):\n    return undefined\n",
        "def other(a, b):\n    return a + b\n",
        "x = 1 / 0\ndef add(a, b):\n    return a + b\n",
        "def add(a, b):\n    return eval('a +')\n",
        "import sys\nsys.exit(3)\n",
        "def add(a, b):\n    return add(a, b)\n",
        "import ctypes\ndef add(a, b):\n    return ctypes.string_at(0)\n",
    ],
    "SyntaxError": [
        "def add(a, b):\n    return a +\n",
    ],
    "Timeout": [
        "def add(a, b):\n    while True: pass\n",
        "import time\ndef add(a, b):\n    time.sleep(60)\n",
    ],
    "OutOfMemory": [
        "def add(a, b):\n    return [0] * 10**12\n",
    ],
    "Incomplete|Exception|Timeout": list(CHEATS.values()),
}
