"""Work beside the queue stops when nobody waits for it any longer."""

import asyncio
import threading
import time

from rednet.stopping import check_stop
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.queue import StoppedError


class Client:
    """A request whose client stays."""

    async def is_disconnected(self):
        return False


def test_work_stops_if_the_answer_that_it_is_for_is_cancelled():
    begun, stopped = threading.Event(), threading.Event()

    def work():
        begun.set()
        try:
            while True:
                check_stop()
                time.sleep(0.01)
        except StoppedError:
            stopped.set()
            raise

    async def cancelled():
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        answer = asyncio.create_task(Bench(60).run(Client(), work))
        assert await asyncio.to_thread(begun.wait, 20)
        answer.cancel()
        assert await asyncio.to_thread(stopped.wait, 20)
        await asyncio.sleep(0.1)
        return told

    assert asyncio.run(cancelled()) == []
