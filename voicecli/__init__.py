"""voicecli: talk with a language model on your own computer."""

import os

# Libraries read both variables when they are loaded, and one library may load another. So this file, which
# runs before all of them, sets both.

# ONNX Runtime (its packages from 1.29 on) reports to its makers unless told not to; with this it makes no
# device identifier, keeps no database in the user's home and opens no connection.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# numpy's OpenBLAS: the products here are small, and after each of them its second thread would spin for some
# 50 ms beside the engines.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
