"""Takes a file through all that the command does with it, for tests of several folders."""

from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.restoring.options import Options
from rednet.restoring.tasks import Told
from rednet.values import settings

BLIND = Told({})


def handle(**given):
    """Make the handling of files from its own fields and those of the options."""
    options = {name: given.pop(name) for name in settings(Options) if name in given}
    return Handling(options=Options(**options), **given)


def run_task(source, target, restorer, todo=BLIND, **handling):
    """Restore a file into another one, and let go of it whatever happens."""
    task = FileTask(source, target, todo, handle(**handling))
    try:
        task.load()
        task.restore(restorer)
        task.save()
    finally:
        task.close()
    return task
