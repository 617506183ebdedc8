"""voicecli: talk with a language model on your own computer."""

import os

# Both are read by libraries when they are loaded, which other libraries do as well: so they are set here, in
# the file that runs before all of them.

# ONNX Runtime (its packages from 1.29 on) reports to its makers unless told not to; with this it makes no
# device identifier, keeps no database in the user's home and opens no connection.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# numpy's OpenBLAS: the products here are small, and after each of them its second thread would spin for some
# 50 ms beside the engines.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
