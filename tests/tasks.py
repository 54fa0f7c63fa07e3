"""Takes a file through all that the command does with it, for tests of several folders."""

from rednet.files.file import FileTask, Handling


def run_task(source, target, restorer, work, **handling):
    """Restores a file into another one, and lets go of it whatever happens."""
    task = FileTask(source, target, work, Handling(**handling))
    try:
        task.load()
        task.restore(restorer)
        task.save()
    finally:
        task.close()
    return task
