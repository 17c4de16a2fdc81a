"""The small programs beside the suite: memory held, memory read, models of zeros."""
import contextlib
import json
import os
import subprocess


class ToolFailed(Exception):
    pass


class Tools:
    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def free_memory(self):
        """Bytes free on the first GPU by NVML; None: it does not tell."""
        text = subprocess.run([self.path("free_memory")], capture_output=True, text=True).stdout.strip()
        return int(text) if text else None

    def driver_costs(self):
        """What the driver takes for a context, for the stacks of its threads, and for single allocations."""
        done = subprocess.run([self.path("driver_costs")], capture_output=True, text=True)
        if done.returncode != 0:
            raise ToolFailed(done.stderr.strip())
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def ballast(self, leave):
        """Memory held so that `leave` bytes are free; gives what is free."""
        holder = subprocess.Popen([self.path("hold"), str(leave)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        try:
            line = holder.stdout.readline().strip()
            if not line:
                raise ToolFailed(holder.stderr.read().strip())
            yield int(line)
        finally:
            holder.terminate()
            holder.communicate()

    def sparse_model(self, model, folder):
        """A catalogued model with weights of zeros, as a file."""
        path = os.path.join(folder, "model.gguf")
        done = subprocess.run([self.path("sparse_model"), model, path], capture_output=True, text=True)
        if done.returncode != 0:
            raise ToolFailed(done.stderr.strip())
        return path
