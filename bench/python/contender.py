"""Python's multiprocessing: what bench/java/parallel/bench/Rounds.java measures. Reads rounds from stdin, a line each, prints EDN.

contender.py pipe            messages over multiprocessing.Pipe
contender.py shared_memory   arrays through multiprocessing.shared_memory, two segments in turn, a Pipe to say which is full or empty
contender.py forkserver      the time from Process.start to the first message, of a fork server that runs
"""
import array
import multiprocessing
import sys
import time
from multiprocessing import shared_memory

PERCENTILES = (1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100)
SEGMENTS = 2


def latencies(ns):
    ns = sorted(ns)
    at = [(p, ns[int((len(ns) - 1) * p / 100)]) for p in PERCENTILES]
    return "{:p50 %d :percentiles [%s]}" % (ns[len(ns) // 2], "".join("[%s %d]" % pair for pair in at))


# ---- Pipe

def ping(pipe, times):
    ns = []
    for i in range(times):
        start = time.perf_counter_ns()
        pipe.send(1000 + i)
        pipe.recv()
        ns.append(time.perf_counter_ns() - start)
    return latencies(ns)


def send_through_pipe(pipe, size, times):
    data = array.array("d", bytes(8 * size))
    view = memoryview(data).cast("B")
    pipe.recv()
    start = time.perf_counter()
    for _ in range(times):
        pipe.send_bytes(view)
    pipe.recv()
    return "{:bytes-per-second %g}" % (8 * size * times / (time.perf_counter() - start))


def serve_pipe(pipe):
    while (round := pipe.recv()) is not None:
        what, size, times = round
        if what == "ping":
            for _ in range(times):
                pipe.send(pipe.recv())
        else:
            data = array.array("d", bytes(8 * size))
            pipe.send(size)
            for _ in range(times):
                pipe.recv_bytes_into(data)
            pipe.send(times)


def play_pipe(pipe, round):
    pipe.send(round)
    what, size, times = round
    return ping(pipe, times) if what == "ping" else send_through_pipe(pipe, size, times)


# ---- shared_memory

def play_shared_memory(pipe, round):
    _, size, times = round
    data = memoryview(array.array("d", bytes(8 * size))).cast("B")
    segments = [shared_memory.SharedMemory(create=True, size=8 * size) for _ in range(SEGMENTS)]
    try:
        for segment in segments:
            segment.buf[:8 * size] = data
        pipe.send((size, times, [segment.name for segment in segments]))
        pipe.recv_bytes()
        start = time.perf_counter()
        for i in range(times):
            if i >= SEGMENTS:
                pipe.recv_bytes()
            segments[i % SEGMENTS].buf[:8 * size] = data
            pipe.send_bytes(b"f")
        for _ in range(min(SEGMENTS, times)):
            pipe.recv_bytes()
        return "{:bytes-per-second %g}" % (8 * size * times / (time.perf_counter() - start))
    finally:
        for segment in segments:
            segment.close()
            segment.unlink()


def serve_shared_memory(pipe):
    while (round := pipe.recv()) is not None:
        size, times, names = round
        data = memoryview(array.array("d", bytes(8 * size))).cast("B")
        segments = [shared_memory.SharedMemory(name=name) for name in names]
        pipe.send_bytes(b"r")
        for i in range(times):
            pipe.recv_bytes()
            data[:] = segments[i % SEGMENTS].buf[:8 * size]
            pipe.send_bytes(b"e")
        for segment in segments:
            segment.close()


# ---- forkserver

def first_message(pipe):
    pipe.send("here")


def play_forkserver(context, round):
    ns = []
    for _ in range(round[2]):
        ours, theirs = context.Pipe()
        process = context.Process(target=first_message, args=(theirs,))
        start = time.perf_counter_ns()
        process.start()
        ours.recv()
        ns.append(time.perf_counter_ns() - start)
        process.join()
    return latencies(ns)


def main(kind):
    context = multiprocessing.get_context("forkserver" if kind == "forkserver" else "spawn")
    if kind == "forkserver":
        channel, play = context, play_forkserver
    else:
        serve, play = {"pipe": (serve_pipe, play_pipe), "shared_memory": (serve_shared_memory, play_shared_memory)}[kind]
        channel, theirs = context.Pipe()
        other = context.Process(target=serve, args=(theirs,))
        other.start()
    print("{:ready true}", flush=True)
    for line in sys.stdin:
        what, size, times = line.split()
        print(play(channel, (what, int(size), int(times))), flush=True)
    if kind != "forkserver":
        channel.send(None)
        other.join()


if __name__ == "__main__":
    main(sys.argv[1])
