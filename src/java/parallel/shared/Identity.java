package parallel.shared;

import java.util.concurrent.atomic.AtomicInteger;

import parallel.process.ThisProcess;

/**
 * Which array it is, in the whole session.
 *
 * @param maker      pid of the process that made it, and a number; of a file on disk its device and inode.
 * @param makerStart start of that process; of a file on disk where the array begins.
 */
record Identity(long maker, long makerStart)
{
    private static final AtomicInteger COUNT = new AtomicInteger();

    static Identity next()
    {
        return new Identity(ThisProcess.pid() << 32 | COUNT.incrementAndGet() & 0xFFFFFFFFL, ThisProcess.startMs());
    }
}
