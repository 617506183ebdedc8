"""An ONNX file -> a session that runs it on the processor. The only file that imports onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from voicecli.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from onnxruntime import InferenceSession

Session: TypeAlias = "InferenceSession"
"""A model that is loaded and ready to run."""

VERIFY = 'run "voicecli models verify"'
"""What a person can do about a damaged model file."""


def open_session(model: Path | bytes, threads: int = 1, *, lengths_vary: bool = False) -> Session:
    """Load a model from a file or from its bytes. Raises ModelError where it cannot be loaded.

    One thread is right for a model that takes a few milliseconds: to wake further threads costs more than
    they help, and the other cores belong to Whisper and the language model.

    Set `lengths_vary` if the calls' inputs differ in length. ONNX Runtime would else plan memory for each
    length, and keep it: 97 MB more after 16 long clauses, against 19 without such plans (decisions/0015).
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = not lengths_vary
    # Idle threads must sleep: spinning ones take the core from the model that runs next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # only fatal: errors are raised as exceptions
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own types, which only derive from Exception
        name = "this" if isinstance(model, bytes) else model.name
        raise ModelError(f"{name} is not a model that can be loaded", VERIFY) from error
