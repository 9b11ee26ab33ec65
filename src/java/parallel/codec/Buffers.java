package parallel.codec;

import java.nio.ByteBuffer;

import org.agrona.BufferUtil;

/** The memory of a buffer's remaining bytes: an array and an address in it, or null and an address. */
final class Buffers
{
    private Buffers()
    {
    }

    static boolean isReachable(ByteBuffer buffer)
    {
        return buffer.isDirect() || BufferUtil.array(buffer) != null;
    }

    static Object memory(ByteBuffer buffer)
    {
        return buffer.isDirect() ? null : BufferUtil.array(buffer);
    }

    static long address(ByteBuffer buffer)
    {
        return buffer.position() + (buffer.isDirect() ? BufferUtil.address(buffer) :
            BufferUtil.ARRAY_BASE_OFFSET + BufferUtil.arrayOffset(buffer));
    }
}
