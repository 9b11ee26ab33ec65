package parallel.transport;

/**
 * The bytes of a session page. The only class that knows an offset.
 * <pre>
 *     0  magic long | 8 layout version int, stored last | 12 byte order mark int
 *    16  root's pid long | 24 root's start time long, ms | 32 first id of those it gives out, int
 *    36  what becomes of a deadlock, int: a number of runtime's
 *   128  last id given out, int: getAndAdd by every process of the session
 *  4096  1024 slots of 512 bytes
 *          +  0  use      int: 0 free, 1 being filled, 2 in use; taken by compareAndSet, published by release
 *          +  4  lock     int: odd while its one writer changes what follows
 *          +  8  id       int     + 12  parent's id  int
 *          + 16  pid      long    + 24  its start    long, ms since the epoch
 *          + 32  acquired long, ms since the epoch
 *          + 40  host     int: the number of the machine that the pid is of, 0: this one
 *          + 48  name     int length, at most  64 bytes of UTF-8
 *          +128  pair     int length, at most 380 bytes of UTF-8: how to reach the pair file
 *528384  uses of the waits: 512 ints, 0 free, else the waiting worker's id + 1; taken by compareAndSet
 *530432  512 waits of 2048 bytes, each written by the thread that waits
 *          +  0  lock     int: odd while what follows changes
 *          +  4  epoch    int: one more with each wait
 *          +  8  kind     int: of Waiter.For          + 12  needed  int: of those that it waits for
 *          + 16  since    long, nanoTime               + 24  until   long, nanoTime, Long.MAX_VALUE: no limit
 *          + 32  looked   long, nanoTime: when the thread last found that it still has to wait
 *          + 40  changed  long, nanoTime: when what it waits for was last seen to move
 *          + 48  others   int: other threads that may act, -1 unknown
 *          + 52  verdict  int: the epoch of a wait that is part of a deadlock; written by anyone
 *          + 56  told     int: the epoch of a wait whose deadlock was told; compareAndSet by anyone
 *          + 60  ready    int: the epoch of a wait that is about to end for that
 *          + 64  thread   int length, at most   56 bytes of UTF-8
 *          +124  asked    int: the epoch of a wait that is to look at once; written by anyone
 *          +128  on       int count, at most   127 ids; -1: more than those
 *          +640  trace    int length, at most 1404 bytes of UTF-8
 * </pre>
 */
final class SessionLayout
{
    /** "PARSESSN", read as a little-endian long. */
    static final long MAGIC = 0x4e53534553524150L;
    static final int VERSION = 5;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int BYTE_ORDER_OFFSET = 12;
    static final int ROOT_PID_OFFSET = 16;
    static final int ROOT_START_OFFSET = 24;
    static final int FIRST_ID_OFFSET = 32;
    static final int DEADLOCKS_OFFSET = 36;
    static final int LAST_ID_OFFSET = 128;

    static final int SLOTS = 1024;
    private static final int FIRST_SLOT = 4096;
    private static final int SLOT_BYTES = 512;

    static final int WAITS = 512;
    private static final int FIRST_USE = FIRST_SLOT + SLOTS * SLOT_BYTES;
    private static final int FIRST_WAIT = FIRST_USE + WAITS * Integer.BYTES;
    private static final int WAIT_BYTES = 2048;
    static final int FILE_BYTES = FIRST_WAIT + WAITS * WAIT_BYTES;

    static final int FREE = 0;
    static final int FILLING = 1;
    static final int USED = 2;

    static final int USE = 0;
    static final int LOCK = 4;
    static final int ID = 8;
    static final int PARENT = 12;
    static final int PID = 16;
    static final int PID_START = 24;
    static final int STARTED = 32;
    static final int HOST = 40;
    static final int NAME = 48;
    static final int NAME_BYTES = 64;
    static final int PAIR = 128;
    static final int PAIR_BYTES = 380;

    static final int WAIT_LOCK = 0;
    static final int EPOCH = 4;
    static final int KIND = 8;
    static final int NEEDED = 12;
    static final int SINCE = 16;
    static final int UNTIL = 24;
    static final int LOOKED = 32;
    static final int CHANGED = 40;
    static final int OTHERS = 48;
    static final int VERDICT = 52;
    static final int TOLD = 56;
    static final int READY = 60;
    static final int THREAD = 64;
    static final int THREAD_BYTES = 56;
    static final int ASKED = 124;
    static final int ON = 128;
    static final int MOST_ON = 127;
    static final int TRACE = 640;
    static final int TRACE_BYTES = 1404;

    private SessionLayout()
    {
    }

    static int slotOffset(int slot)
    {
        return FIRST_SLOT + slot * SLOT_BYTES;
    }

    static int useOffset(int wait)
    {
        return FIRST_USE + wait * Integer.BYTES;
    }

    static int waitOffset(int wait)
    {
        return FIRST_WAIT + wait * WAIT_BYTES;
    }
}
