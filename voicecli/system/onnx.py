"""An ONNX file -> a session that runs it on the processor. The only file that imports onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from voicecli.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from onnxruntime import InferenceSession

Session: TypeAlias = "InferenceSession"
"""A model that is ready to run."""

VERIFY = 'run "voicecli models verify"'
"""The remedy for a model that is not what it should be."""


def open_session(model: Path | bytes, threads: int = 1, *, lengths_vary: bool = False) -> Session:
    """Load a model, a file or its bytes. Raises ModelError when there is none.

    One thread is right for what takes a few milliseconds: waking helpers costs more than they help, and the
    other cores belong to Whisper and the language model.

    `lengths_vary`: calls differ in the length of what they are given. ONNX Runtime plans memory for each
    length that comes again, one block each, and its arena grows by them: by 97 MB in 16 long clauses,
    against 19 (docs/decisions/0015).
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = not lengths_vary
    # Idle threads must sleep: spinning ones take the core from the model that is due next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what fails is raised
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own types, which only derive from Exception
        name = "this" if isinstance(model, bytes) else model.name
        raise ModelError(f"{name} is not a model that can be loaded", VERIFY) from error
