package parallel.shared;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * The tickets in the header of an array in memory: which references to it have not arrived yet. {@link Layout} draws
 * them.
 */
final class Tickets
{
    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int COUNT_BITS = 16;
    private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

    private Tickets()
    {
    }

    // A ticket for so many arrivals.
    static long depart(ByteBuffer header, int arrivals)
    {
        long ticket = (long)LONGS.getAndAdd(header, Layout.LAST_TICKET_OFFSET, 1L) + 1;
        LONGS.setVolatile(header, Layout.cellOffset(ticket), ticket << COUNT_BITS | arrivals & COUNT_MASK);
        return ticket;
    }

    static void arrive(ByteBuffer header, long ticket)
    {
        int at = Layout.cellOffset(ticket);
        long cell = (long)LONGS.getVolatile(header, at);
        while (cell >>> COUNT_BITS == ticket && (cell & COUNT_MASK) > 0 &&
            !LONGS.compareAndSet(header, at, cell, cell - 1))
        {
            cell = (long)LONGS.getVolatile(header, at);
        }
    }

    // Also of a file that is mapped no more.
    static boolean outstanding(SharedFile file) throws IOException
    {
        LongBuffer cells = file.read(Layout.TICKETS_OFFSET, Layout.TICKETS * Long.BYTES).asLongBuffer();
        boolean outstanding = false;
        while (cells.hasRemaining())
        {
            outstanding |= (cells.get() & COUNT_MASK) > 0;
        }
        return outstanding;
    }
}
