"""The server as the SDK's own client sees it, over standard input and output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loglens.agents.server import TOOLS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # it starts programs
ENVIRONMENT = dict(os.environ) | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
WORDS = ["-m", "loglens", "mcp", str(ROOT / "sample_logs"), "--isolated"]


def test_a_client_lists_and_calls_the_tools_and_reads_the_guide() -> None:
    mcp = pytest.importorskip("mcp")
    anyio = pytest.importorskip("anyio")

    async def talk() -> dict[str, Any]:
        server = mcp.StdioServerParameters(command=sys.executable, args=WORDS, env=ENVIRONMENT)
        async with mcp.Client(mcp.stdio_client(server)) as client:
            return {
                "tools": (await client.list_tools()).tools,
                "good": await client.call_tool("diagnose", {"path": "nan_loss_rnn"}),
                "outside": await client.call_tool("diagnose", {"path": "/etc/passwd"}),
                "wrong": await client.call_tool("explain_rule", {"rule": "nan-los"}),
                "guide": await client.read_resource("loglens://guide"),
            }

    said = anyio.run(talk)
    assert tuple(tool.name for tool in said["tools"]) == TOOLS
    assert all(tool.description and tool.annotations.read_only_hint for tool in said["tools"])
    assert not said["good"].is_error and said["good"].content[0].text.startswith("failed: nan_loss_rnn")
    assert said["outside"].is_error and "may be read" in said["outside"].content[0].text
    assert said["wrong"].is_error and "did you mean nan-loss" in said["wrong"].content[0].text
    assert said["guide"].contents[0].text.startswith("# For agents")


def test_without_the_extra_it_says_what_to_install() -> None:
    code = f"import sys; sys.modules['mcp'] = None; sys.argv = {['loglens', *WORDS[2:]]!r}"
    code += "; from loglens.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, input="")
    assert done.returncode == 2 and done.stderr == "loglens: loglens mcp needs: pip install 'loglens[mcp]'\n"
