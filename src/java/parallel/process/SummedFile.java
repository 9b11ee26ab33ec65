package parallel.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;

/**
 * A file with its length and checksum next to it, in {@code name.sum}. A JVM looks at little more than the first bytes
 * of an archive before it maps it, and dies of one that is cut short; of a jar it finds out late.
 */
final class SummedFile
{
    private static final int CHUNK = 1 << 20;
    /** What was found whole, by path, length and time: a file is read through once. */
    private static final Map<String, String> WHOLE = new ConcurrentHashMap<>();

    private SummedFile()
    {
    }

    /** A file takes its place, whole or not at all. */
    static void publish(Path part, Path place) throws IOException
    {
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.READ))
        {
            channel.force(true);
        }
        Files.deleteIfExists(place);
        Files.writeString(sumOf(place), sum(part));
        Files.move(part, place, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Is it there, as it was published? */
    static boolean isWhole(Path file)
    {
        try
        {
            String stamp = file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
            String sum = Files.readString(sumOf(file));
            if (!sum.equals(WHOLE.get(stamp)))
            {
                if (!sum.equals(sum(file)))
                {
                    return false;
                }
                WHOLE.put(stamp, sum);
            }
            return true;
        }
        catch (IOException notThere)
        {
            return false;
        }
    }

    private static Path sumOf(Path file)
    {
        return file.resolveSibling(file.getFileName() + ".sum");
    }

    private static String sum(Path file) throws IOException
    {
        CRC32C crc = new CRC32C();
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ))
        {
            while (channel.read(chunk) >= 0)
            {
                crc.update(chunk.flip());
                chunk.clear();
            }
            return channel.size() + " " + Long.toHexString(crc.getValue());
        }
    }
}
