"""voicecli: talk with a language model on your own computer."""

import os

# ONNX Runtime (its packages from 1.29 on) reports to its makers unless this is set before it is loaded; then
# it makes no device identifier, keeps no database in the user's home and opens no connection. Here, because
# faster-whisper and piper load it as well, and this file runs before them all.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
