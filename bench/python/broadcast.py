"""Gives an array of doubles to WORKERS processes again and again: multiprocessing.shared_memory, one block per round.

    broadcast.py WORKERS ELEMENTS ROUNDS      prints the median of the rounds, in ms
"""
import statistics
import sys
import time
from multiprocessing import Pipe, Process, resource_tracker, shared_memory

import numpy

STRIDE = 512                                       # one element of each page


def receive(pipe, elements):
    while True:
        name = pipe.recv()
        if name is None:
            return
        block = shared_memory.SharedMemory(name=name)
        xs = numpy.ndarray((elements,), dtype=numpy.float64, buffer=block.buf)
        total = float(xs[::STRIDE].sum())
        del xs
        block.close()
        resource_tracker.unregister(block._name, "shared_memory")      # else every receiver's end removes it again
        pipe.send(total)


def main(workers, elements, rounds):
    data = numpy.arange(elements, dtype=numpy.float64)
    expected = float(data[::STRIDE].sum())
    pipes, processes = [], []
    for _ in range(workers):
        ours, theirs = Pipe()
        process = Process(target=receive, args=(theirs, elements))
        process.start()
        pipes.append(ours)
        processes.append(process)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        block = shared_memory.SharedMemory(create=True, size=data.nbytes)
        xs = numpy.ndarray((elements,), dtype=numpy.float64, buffer=block.buf)
        xs[:] = data
        for pipe in pipes:
            pipe.send(block.name)
        for pipe in pipes:
            assert pipe.recv() == expected
        times.append(time.perf_counter() - start)
        del xs
        block.close()
        block.unlink()
        resource_tracker.register(block._name, "shared_memory")
    for pipe in pipes:
        pipe.send(None)
    for process in processes:
        process.join()
    print(f"{1000 * statistics.median(times):.3f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
