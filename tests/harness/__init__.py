"""What the black-box tests are made of: the server under test, neighbours, namespaces, mail."""
import pathlib
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 30.0  # how long a thing that should happen may take before the test fails


def until(condition, what, patience_s=PATIENCE_S, pause_s=0.02):
    """Calls `condition` until it gives something true, and returns that. For what can only be
    asked; what announces itself is waited for by its event."""
    deadline = time.monotonic() + patience_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain for {what}"
        time.sleep(pause_s)
    return result
