"""One network at a time, a bounded queue, and jobs that stop when they are told."""

import asyncio
import gc
import threading

import pytest

from rednet.web.jobs.queue import Job, JobQueue, JobState, QueueFullError, StoppedError, StoppingError, TooSlowError


@pytest.fixture
def queue():
    queue = JobQueue(2)
    yield queue
    queue.close(5)


def test_jobs_run_one_after_the_other_in_order(queue):
    running, order, most = 0, [], 0
    lock = threading.Lock()

    def run(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        order.append(number)
        with lock:
            running -= 1
        return number

    first = threading.Event()
    jobs = [queue.submit(Job(lambda advance: first.wait(5), 60))]
    while queue.waiting:
        pass
    jobs += [queue.submit(Job(lambda advance, number=number: run(number), 60)) for number in (1, 2)]
    first.set()
    assert [job.future.result(5) for job in jobs] == [True, 1, 2]
    assert order == [1, 2] and most == 1


def blocked(queue):
    """Keeps the network busy until the event that it gives is set."""
    go, begun = threading.Event(), threading.Event()

    def run(advance):
        begun.set()
        while not go.wait(0.01):
            advance(0.5)

    job = queue.submit(Job(run, 60))
    assert begun.wait(5)
    return job, go


def test_a_full_queue_refuses_and_says_when_to_come_again(queue):
    _, go = blocked(queue)
    waiting = [queue.submit(Job(lambda advance: None, 60)) for _ in range(2)]
    assert [queue.place(job) for job in waiting] == [1, 2]
    with pytest.raises(QueueFullError, match="try again in") as refused:
        queue.submit(Job(lambda advance: None, 60))
    assert refused.value.retry_after >= 1
    go.set()
    for job in waiting:
        job.future.result(5)
    queue.submit(Job(lambda advance: None, 60)).future.result(5)


def test_a_running_job_stops_at_its_next_tile_and_the_next_one_runs(queue):
    job, _ = blocked(queue)
    queue.cancel(job)
    with pytest.raises(StoppedError):
        job.future.result(5)
    assert job.state is JobState.CANCELLED and job.done == 0.5
    assert queue.submit(Job(lambda advance: 7, 60)).future.result(5) == 7


def test_a_job_that_is_cancelled_after_its_last_tile_gives_no_result(queue):
    at_the_end, go = threading.Event(), threading.Event()

    def run(advance):
        advance(1.0)
        at_the_end.set()
        go.wait(5)
        return 7

    job = queue.submit(Job(run, 60))
    assert at_the_end.wait(5)
    queue.cancel(job)
    go.set()
    with pytest.raises(StoppedError):
        job.future.result(5)
    assert job.state is JobState.CANCELLED


def test_a_waiting_job_that_is_cancelled_never_runs(queue):
    _, go = blocked(queue)
    ran = []
    job = queue.submit(Job(lambda advance: ran.append(1), 60))
    queue.cancel(job)
    go.set()
    with pytest.raises(StoppedError):
        job.future.result(5)
    queue.submit(Job(lambda advance: None, 60)).future.result(5)
    assert not ran


def test_a_job_out_of_time_is_stopped_between_tiles(queue):
    def run(advance):
        while True:
            advance(0.25)

    job = queue.submit(Job(run, 0.05))
    with pytest.raises(TooSlowError, match="25% done"):
        job.future.result(5)
    assert job.state is JobState.FAILED


def test_an_error_of_any_kind_is_the_jobs_own(queue):
    job = queue.submit(Job(lambda advance: 1 / 0, 60))
    with pytest.raises(ZeroDivisionError):
        job.future.result(5)
    assert queue.submit(Job(lambda advance: 7, 60)).future.result(5) == 7


def test_an_error_in_what_follows_a_job_stops_neither_it_nor_the_next(queue):
    assert queue.submit(Job(lambda advance: 6, 60, on_end=lambda job: 1 / 0)).future.result(5) == 6
    assert queue.submit(Job(lambda advance: 7, 60)).future.result(5) == 7


def test_closing_cancels_everything(queue):
    running, _ = blocked(queue)
    waiting = queue.submit(Job(lambda advance: None, 60))
    queue.close(5)
    assert running.state is JobState.CANCELLED and waiting.state is JobState.CANCELLED
    assert not queue.thread.is_alive()
    with pytest.raises(StoppingError, match="the server is stopping"):
        queue.submit(Job(lambda advance: None, 60))


def test_an_error_that_nobody_waits_for_any_longer_is_not_logged(queue, caplog):
    job, _ = blocked(queue)

    async def give_up():
        future = job.awaited()
        await asyncio.wait([future], timeout=0.01)
        queue.cancel(job)
        while not future.done():
            await asyncio.sleep(0.01)
        assert job.state is JobState.CANCELLED

    asyncio.run(give_up())
    gc.collect()
    assert not caplog.records
