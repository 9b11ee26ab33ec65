package parallel.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import org.agrona.concurrent.UnsafeBuffer;

/** Writes a message into a file instead of a ring. */
public final class PayloadFile
{
    private static final int CHUNK_BYTES = 1 << 18;

    private PayloadFile()
    {
    }

    /**
     * Writes the bytes of a message, and nothing else.
     *
     * @param payload the message.
     * @param file    that is not there yet.
     * @throws IOException if there is no room for it.
     */
    public static void write(Payload payload, Path file) throws IOException
    {
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        UnsafeBuffer target = new UnsafeBuffer(chunk);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))
        {
            for (long at = 0; at < payload.length(); at += chunk.limit())
            {
                chunk.clear().limit((int)Math.min(CHUNK_BYTES, payload.length() - at));
                payload.copy(at, target, 0, chunk.limit());
                while (chunk.hasRemaining())
                {
                    out.write(chunk);
                }
            }
        }
    }
}
