package parallel.shared;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Parts of a buffer in this machine's byte order, which a slice forgets. */
final class Slices
{
    private Slices()
    {
    }

    static ByteBuffer from(ByteBuffer buffer, int at)
    {
        return of(buffer, at, buffer.capacity() - at);
    }

    static ByteBuffer of(ByteBuffer buffer, int at, int bytes)
    {
        return buffer.slice(at, bytes).order(ByteOrder.nativeOrder());
    }
}
