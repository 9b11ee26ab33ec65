package parallel.transport;

import java.nio.ByteOrder;

import org.agrona.BitUtil;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The bytes of a pair file. The only class that knows an offset.
 * <pre>
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *    0| magic                                                         |
 *    4|                                                               |
 *    8| layout version          (stored last, release)                |
 *   12| byte order mark                                               |
 *   16| bytes of one ring                                             |
 *   20| bytes of this header                                          |
 *   24| bytes of the file                                             |
 *   32| owner's pid                                                   |
 *   40| owner's start time, ms                                        |
 *     +---------------------------------------------------------------+
 *  256| direction DOWN, parent to child: 5 lines of 128 bytes         |
 *     |   +  0  receiver               int: 0 may block, 1 blocks,    |
 *     |                                2 far behind, reads on         |
 *     |   +128  sender waits for room  int: 1 while somebody blocks   |
 *     |   +256  end position           long: 0 none, else position+1  |
 *     |   +384  sent                   long messages, long bytes,     |
 *     |                                long bytes of the last         |
 *     |   +512  received               the same                       |
 *  896| direction UP, child to parent: the same                       |
 *     +---------------------------------------------------------------+
 * 2048| status page of the worker                                     |
 *     |   +  0  state                  int                            |
 *     |   +  4  blocked on             int: a worker's id, -1 nobody  |
 *     |   +  8  pid                    long                           |
 *     |   + 16  started at             long, ms                       |
 *     |   + 24  heap bytes             long                           |
 *     |   + 32  live heap bytes        long: after a collection        |
 *     |   + 40  exit noted             int: 1 yes                     |
 *     |   + 44  exit code              int                            |
 *     |   + 48  last message sent      long, ms, 0 unknown            |
 *     |   + 56  last message received  long, ms, 0 unknown            |
 *     |   + 64  counted elsewhere      int: 1, what follows counts    |
 *     |   + 72  sent, received         as of a direction              |
 *     |   +120  nice                   int: 1 more than it is, 0 unknown|
 * 2176|   +128  last error             int lock, int length, UTF-8    |
 * 4352|   +2304 doing                  int lock, int length, UTF-8    |
 *12800|   +10752 processors            int lock, int length, UTF-8    |
 *     +---------------------------------------------------------------+
 *16384| flight record of the worker: 1024 records of 64 bytes         |
 *     |   +  0  lock                   int, odd while it is written    |
 *     |   +  4  what                   int: kind, outcome, writer,     |
 *     |                                length of the name, a byte each |
 *     |   +  8  index                  long, -1 none                   |
 *     |   + 16  from, to               long, ns of the monotonic clock |
 *     |   + 32  name                   32 bytes of UTF-8               |
 *     +---------------------------------------------------------------+
 *81920| ring DOWN, then Agrona's trailer, padded to 4096              |
 *     +---------------------------------------------------------------+
 *     | ring UP, the same                                             |
 *     +---------------------------------------------------------------+
 * </pre>
 * A record of a ring is Agrona's (length, type, body, padded to 8). Its types and bodies:
 * <pre>
 *   WHOLE  = 1   the bytes of a message
 *   FIRST  = 2   long: the length of the whole message; its first bytes, at least 64. Discards an unfinished message
 *   MIDDLE = 3   the next bytes
 *   LAST   = 4   the last bytes
 *   ASIDE  = 5   long: the number of a message that does not come through the ring, but has its place here
 * </pre>
 */
final class PairLayout
{
    /** "PARALLEL", read as a little-endian long. */
    static final long MAGIC = 0x4c454c4c41524150L;
    static final int VERSION = 4;
    static final int BYTE_ORDER_MARK = 0x01020304;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int BYTE_ORDER_OFFSET = 12;
    static final int RING_BYTES_OFFSET = 16;
    static final int HEADER_BYTES_OFFSET = 20;
    static final int FILE_BYTES_OFFSET = 24;
    static final int OWNER_PID_OFFSET = 32;
    static final int OWNER_START_OFFSET = 40;

    /** Two cache lines: the prefetcher fetches them in pairs. */
    private static final int LINE = 128;

    static final int DOWN = 256;
    static final int UP = DOWN + 5 * LINE;
    private static final int RECEIVER_FLAG = 0;
    private static final int SENDER_WAITS = LINE;
    private static final int END_POSITION = 2 * LINE;
    private static final int SENT = 3 * LINE;
    private static final int RECEIVED = 4 * LINE;

    /** Values of the receiver's flag: it may block soon; it blocks; it is far behind and will look again. */
    static final int AWAKE = 0;
    static final int WAITS = 1;
    static final int STREAMS = 2;

    static final int STATUS = 2048;
    static final int STATE_OFFSET = STATUS;
    static final int BLOCKED_ON_OFFSET = STATUS + 4;
    static final int PID_OFFSET = STATUS + 8;
    static final int STARTED_AT_OFFSET = STATUS + 16;
    static final int HEAP_BYTES_OFFSET = STATUS + 24;
    static final int LIVE_HEAP_BYTES_OFFSET = STATUS + 32;
    static final int EXIT_NOTED_OFFSET = STATUS + 40;
    static final int EXIT_CODE_OFFSET = STATUS + 44;
    static final int LAST_SENT_OFFSET = STATUS + 48;
    static final int LAST_RECEIVED_OFFSET = STATUS + 56;
    static final int COUNTED_ELSEWHERE_OFFSET = STATUS + 64;
    static final int SENT_ELSEWHERE_OFFSET = STATUS + 72;
    static final int RECEIVED_ELSEWHERE_OFFSET = STATUS + 96;
    static final int NICE_OFFSET = STATUS + 120;
    static final int LAST_ERROR_OFFSET = STATUS + LINE;
    static final int LAST_ERROR_BYTES = 2048;
    static final int DOING_OFFSET = STATUS + 2304;
    static final int DOING_BYTES = 8192;
    static final int PROCESSORS_OFFSET = STATUS + 10752;
    static final int PROCESSORS_BYTES = 2048;

    /** All before the flight record. */
    static final int PAGE_BYTES = 16 * 1024;

    static final int RECORDS = PAGE_BYTES;
    static final int RECORD_BYTES = 64;
    static final int RECORD_COUNT = 1024;
    /** The first so many are of the thread that evaluates, the others of all other threads. */
    static final int RECORDS_OF_EVALUATION = 768;
    static final int RECORD_LOCK = 0;
    static final int RECORD_WHAT = 4;
    static final int RECORD_INDEX = 8;
    static final int RECORD_FROM = 16;
    static final int RECORD_TO = 24;
    static final int RECORD_NAME = 32;
    static final int RECORD_NAME_BYTES = 32;

    static final int HEADER_BYTES = RECORDS + RECORD_COUNT * RECORD_BYTES;

    /** The smallest and the largest ring, both powers of two. */
    static final int MIN_RING_BYTES = 8192;
    static final int MAX_RING_BYTES = 1 << 30;

    static final int WHOLE = 1;
    static final int FIRST = 2;
    static final int MIDDLE = 3;
    static final int LAST = 4;
    static final int ASIDE = 5;

    /** Length of the announcement in a FIRST record. */
    static final int ANNOUNCEMENT = 8;
    /** Bytes of the message in a FIRST record, at least, if it has so many. */
    static final int MIN_FIRST = 64;
    /** Bytes of a record including Agrona's header, at most. */
    private static final int MAX_FRAGMENT = 32 * 1024;
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private PairLayout()
    {
    }

    // The direction in which this side sends.
    static int outDirection(Side side)
    {
        return side == Side.PARENT ? DOWN : UP;
    }

    // The direction in which this side receives.
    static int inDirection(Side side)
    {
        return side == Side.PARENT ? UP : DOWN;
    }

    static int receiverFlagOffset(int direction)
    {
        return direction + RECEIVER_FLAG;
    }

    static int senderWaitsOffset(int direction)
    {
        return direction + SENDER_WAITS;
    }

    static int endPositionOffset(int direction)
    {
        return direction + END_POSITION;
    }

    static int sentOffset(int direction)
    {
        return direction + SENT;
    }

    static int receivedOffset(int direction)
    {
        return direction + RECEIVED;
    }

    static int ringLength(int ringBytes)
    {
        return ringBytes + RingBufferDescriptor.TRAILER_LENGTH;
    }

    static long ringOffset(int direction, int ringBytes)
    {
        return HEADER_BYTES + (direction == DOWN ? 0 : paddedRing(ringBytes));
    }

    static long fileBytes(int ringBytes)
    {
        return HEADER_BYTES + 2 * paddedRing(ringBytes);
    }

    private static long paddedRing(int ringBytes)
    {
        return BitUtil.align((long)ringLength(ringBytes), 4096);
    }

    // Length and type of a record, which lie side by side, as one word.
    static long recordHeader(int length, int type)
    {
        return LITTLE_ENDIAN ? (long)type << Integer.SIZE | length : (long)length << Integer.SIZE | type;
    }

    static int recordLength(long header)
    {
        return (int)(LITTLE_ENDIAN ? header : header >> Integer.SIZE);
    }

    static int recordType(long header)
    {
        return (int)(LITTLE_ENDIAN ? header >> Integer.SIZE : header);
    }

    // A record never takes more than this, its header included.
    static int fragmentBytes(int ringBytes)
    {
        return Math.min(MAX_FRAGMENT, ringBytes / 8);
    }

    static boolean isRingSize(int ringBytes)
    {
        return ringBytes >= MIN_RING_BYTES && ringBytes <= MAX_RING_BYTES && BitUtil.isPowerOfTwo(ringBytes);
    }
}
