package parallel.shared;

/**
 * The bytes of a shared array's file in memory. The only class that knows an offset. A file on disk has no header.
 * <pre>
 *     0  magic long | 8 layout version int | 12 byte order mark int
 *    16  identity, two longs: pid of the maker &lt;&lt; 32 | a number, start of the maker
 *    32  bytes of data, long
 *    40  pid of the process that has ended and left the file to another, long; 0 at first
 *   128  the last ticket given out, long: getAndAdd by every process that sends the array
 *  1024  256 cells of 8 bytes: ticket &lt;&lt; 16 | how many of its arrivals are outstanding; that of ticket t is cell
 *  t % 256 4096  data
 * </pre>
 * A ticket is one writing of a reference to the array; it is outstanding until all who were to read it have. As long as
 * one is, whoever lets go of the array keeps the file open.
 */
final class Layout
{
    /** "PARARRAY", read as a little-endian long. */
    static final long MAGIC = 0x5941525241524150L;
    static final int VERSION = 1;
    static final int BYTE_ORDER_MARK = 0x01020304;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int BYTE_ORDER_OFFSET = 12;
    static final int MAKER_OFFSET = 16;
    static final int MAKER_START_OFFSET = 24;
    static final int BYTES_OFFSET = 32;
    static final int KEPT_FOR_OFFSET = 40;
    static final int LAST_TICKET_OFFSET = 128;
    static final int TICKETS = 256;
    static final int TICKETS_OFFSET = 1024;
    static final int HEADER_BYTES = 4096;

    /** A map is at most that long: the index of a buffer is an int. A multiple of every element. */
    static final int MAP_SHIFT = 30;
    static final int MAP_BYTES = 1 << MAP_SHIFT;
    static final int MAP_MASK = MAP_BYTES - 1;

    private Layout()
    {
    }

    static int cellOffset(long ticket)
    {
        return TICKETS_OFFSET + (int)(ticket % TICKETS) * Long.BYTES;
    }
}
