package parallel.transport;

/**
 * The bytes of a session page. The only class that knows an offset.
 * <pre>
 *     0  magic long | 8 layout version int, stored last | 12 byte order mark int
 *    16  root's pid long | 24 root's start time long, ms
 *   128  last id given out, int: getAndAdd by every process of the session
 *  4096  1024 slots of 512 bytes
 *          +  0  use      int: 0 free, 1 being filled, 2 in use; taken by compareAndSet, published by release
 *          +  4  lock     int: odd while its one writer changes what follows
 *          +  8  id       int     + 12  parent's id  int
 *          + 16  pid      long    + 24  its start    long, ms since the epoch
 *          + 32  acquired long, ms since the epoch
 *          + 40  state    int
 *          + 48  name     int length, at most  64 bytes of UTF-8
 *          +128  pair     int length, at most 380 bytes of UTF-8: how to reach the pair file
 * </pre>
 */
final class SessionLayout
{
    /** "PARSESSN", read as a little-endian long. */
    static final long MAGIC = 0x4e53534553524150L;
    static final int VERSION = 1;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int BYTE_ORDER_OFFSET = 12;
    static final int ROOT_PID_OFFSET = 16;
    static final int ROOT_START_OFFSET = 24;
    static final int LAST_ID_OFFSET = 128;

    static final int SLOTS = 1024;
    private static final int FIRST_SLOT = 4096;
    private static final int SLOT_BYTES = 512;
    static final int FILE_BYTES = FIRST_SLOT + SLOTS * SLOT_BYTES;

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
    static final int STATE = 40;
    static final int NAME = 48;
    static final int NAME_BYTES = 64;
    static final int PAIR = 128;
    static final int PAIR_BYTES = 380;

    private SessionLayout()
    {
    }

    static int slotOffset(int slot)
    {
        return FIRST_SLOT + slot * SLOT_BYTES;
    }
}
