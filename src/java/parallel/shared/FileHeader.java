package parallel.shared;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/** The header of an array in memory: written by its maker, checked by all others before they map it. */
final class FileHeader
{
    private FileHeader()
    {
    }

    static void write(ByteBuffer header, Identity identity, long bytes)
    {
        header.putLong(Layout.MAGIC_OFFSET, Layout.MAGIC);
        header.putInt(Layout.BYTE_ORDER_OFFSET, Layout.BYTE_ORDER_MARK);
        header.putLong(Layout.MAKER_OFFSET, identity.maker());
        header.putLong(Layout.MAKER_START_OFFSET, identity.makerStart());
        header.putLong(Layout.BYTES_OFFSET, bytes);
        VarHandle.releaseFence();
        header.putInt(Layout.VERSION_OFFSET, Layout.VERSION);
    }

    static void check(SharedFile file, Identity identity) throws IOException
    {
        check(file, identity, file.readLong(Layout.BYTES_OFFSET));
    }

    // Through the file: touching a mapping of one that is too short ends the JVM. A descriptor may have been used again
    // meanwhile.
    static void check(SharedFile file, Identity identity, long bytes) throws IOException
    {
        if (file.length() < Layout.HEADER_BYTES + bytes ||
            file.readLong(Layout.MAGIC_OFFSET) != Layout.MAGIC ||
            file.readLong(Layout.MAKER_OFFSET) != identity.maker() ||
            file.readLong(Layout.MAKER_START_OFFSET) != identity.makerStart() ||
            file.readLong(Layout.BYTES_OFFSET) != bytes)
        {
            throw new IOException("what is there now is another file");
        }
    }
}
