package parallel.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

import org.agrona.MutableDirectBuffer;
import org.agrona.UnsafeApi;
import parallel.transport.Payload;

/**
 * The bytes of one encoded value: a sequence of pieces, each a range of an array's memory. Small values are one piece
 * of {@link #buf}; a large array of the user's is a piece of its own and is not copied; beyond 64 KiB a new buffer is
 * begun instead of moving the old one.
 *
 * <pre>
 *   sealed pieces:  [buffer 0..from) [user's double[]] [buffer ..from) ...      being written:  buf[from..pos)
 * </pre>
 * One thread at a time while it is written; then immutable until reset.
 */
abstract class PieceBuffer implements Payload
{
    static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int KEPT_BYTES = 64 * 1024;
    private static final int MAX_BUFFER_BYTES = 16 * 1024 * 1024;

    byte[] buf = new byte[1024];
    int pos;

    private byte[] home = buf;
    private int from;
    private int pieces;
    private long sealedBytes;
    private Object[] bases = new Object[4];
    private long[] addresses = new long[4];
    private long[] ends = new long[4];

    /** What a {@link #rollback} needs. */
    static class Mark
    {
        private byte[] buf;
        private int pos;
        private int from;
        private int pieces;
        private long sealedBytes;
    }

    @Override
    public final long length()
    {
        return sealedBytes + (pos - from);
    }

    @Override
    public final void copy(long offset, MutableDirectBuffer target, int index, int length)
    {
        checkRange(offset, length);
        if (pieces == 0 && length <= SmallCopy.MAX)
        {
            SmallCopy.put(buf, (int)offset, target, index, length);
        }
        else if (pieces == 0)
        {
            target.putBytes(index, buf, (int)offset, length);
        }
        else
        {
            target.boundsCheck(index, length);
            copyPieces(offset, target.byteArray(), target.addressOffset() + index, length);
        }
    }

    final void copyTo(byte[] target)
    {
        if (pieces == 0)
        {
            System.arraycopy(buf, 0, target, 0, pos);
        }
        else
        {
            copyPieces(0, target, Primitive.BYTES_BASE, target.length);
        }
    }

    private void checkRange(long offset, int length)
    {
        if (offset < 0 || length < 0 || offset > length() - length)
        {
            throw new IndexOutOfBoundsException("offset " + offset + ", length " + length + " of " + length());
        }
    }

    private void copyPieces(long offset, Object target, long address, int length)
    {
        int piece = pieceAt(offset);
        long at = offset;
        long to = address;
        for (long left = length; left > 0; piece++)
        {
            long start = piece == 0 ? 0 : ends[piece - 1];
            long part = Math.min(left, ends[piece] - at);
            UnsafeApi.copyMemory(bases[piece], addresses[piece] + (at - start), target, to, part);
            at += part;
            to += part;
            left -= part;
        }
    }

    private int pieceAt(long offset)
    {
        int found = Arrays.binarySearch(ends, 0, pieces, offset + 1);
        return found < 0 ? -found - 1 : found;
    }

    /** Makes room for n more bytes at {@link #pos}. */
    final void reserve(int n)
    {
        if (buf.length - pos < n)
        {
            grow(n);
        }
    }

    private void grow(int n)
    {
        if (buf.length < KEPT_BYTES && pos + n <= KEPT_BYTES)
        {
            buf = Arrays.copyOf(buf, Math.min(KEPT_BYTES, Math.max(2 * buf.length, pos + n)));
            home = buf;
        }
        else
        {
            seal();
            buf = new byte[Math.max(n, (int)Math.min(MAX_BUFFER_BYTES, Math.max(KEPT_BYTES, 2L * buf.length)))];
            from = 0;
            pos = 0;
        }
    }

    private void seal()
    {
        if (pos > from)
        {
            add(buf, Primitive.BYTES_BASE + from, pos - from);
            from = pos;
        }
    }

    /** Appends memory that stays where it is until the message is sent. */
    final void piece(Object array, long address, long bytes)
    {
        seal();
        add(array, address, bytes);
    }

    private void add(Object base, long address, long bytes)
    {
        if (pieces == bases.length)
        {
            bases = Arrays.copyOf(bases, 2 * pieces);
            addresses = Arrays.copyOf(addresses, 2 * pieces);
            ends = Arrays.copyOf(ends, 2 * pieces);
        }
        sealedBytes += bytes;
        bases[pieces] = base;
        addresses[pieces] = address;
        ends[pieces++] = sealedBytes;
    }

    /** After the last byte: from now on the pieces say it all, if there are any. */
    final void finish()
    {
        if (pieces > 0)
        {
            seal();
        }
    }

    final void mark(Mark mark)
    {
        mark.buf = buf;
        mark.pos = pos;
        mark.from = from;
        mark.pieces = pieces;
        mark.sealedBytes = sealedBytes;
    }

    /** Forgets all that was written since. Below its position the marked buffer was never touched again. */
    final void rollback(Mark mark)
    {
        buf = mark.buf;
        pos = mark.pos;
        from = mark.from;
        sealedBytes = mark.sealedBytes;
        Arrays.fill(bases, mark.pieces, pieces, null);
        pieces = mark.pieces;
    }

    /** More than the buffer that is kept. */
    final boolean holdsMore()
    {
        return pieces > 0 || buf != home;
    }

    /** Back to empty; large buffers and the user's arrays are let go. */
    final void clear()
    {
        if (buf != home)
        {
            buf = home;
        }
        pos = 0;
        from = 0;
        if (pieces > 0)
        {
            clearPieces();
        }
    }

    private void clearPieces()
    {
        sealedBytes = 0;
        Arrays.fill(bases, 0, pieces, null);
        pieces = 0;
        if (bases.length > 1024)
        {
            bases = new Object[4];
            addresses = new long[4];
            ends = new long[4];
        }
    }
}
