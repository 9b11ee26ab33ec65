package parallel.shared;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import parallel.ParallelException;
import parallel.runtime.SessionMemory;
import parallel.transport.MappedFile;

/** How many bytes of shared memory this process may have, and whether the file system has them. */
public final class Budget
{
    /** As many bytes of forgotten arrays are left to the collector's own pace. */
    private static final long UNHURRIED_BYTES = 1L << 30;
    private static long limit = -1;
    private static long sinceCollection;

    private Budget()
    {
    }

    /**
     * Sets the limit of this process.
     *
     * @param bytes 0 or more; -1 for the default, half of what the file system has.
     */
    public static synchronized void limit(long bytes)
    {
        limit = bytes;
    }

    /**
     * The limit of this process.
     *
     * @return bytes.
     */
    public static synchronized long limit()
    {
        return limit >= 0 ? limit : total(SessionMemory.directory()) / 2;
    }

    // A file of that many bytes behind its header, once they are there; own: the limit for this array, -1 for that of
    // the process.
    static SharedFile newFile(long dataBytes, MappedFile.Content content, long own) throws IOException
    {
        long bytes = Layout.HEADER_BYTES + dataBytes;
        Path directory = SessionMemory.directory();
        long most = own >= 0 ? own : limit();
        admit(directory, bytes, most);
        while (true)
        {
            try
            {
                return SharedFile.create(directory, dataBytes, content);
            }
            catch (IOException e)
            {
                if (!MappedFile.isNoRoom(e))
                {
                    throw e;
                }
                if (!makeRoom())
                {
                    throw refusal(directory, bytes, most, e);
                }
            }
        }
    }

    private static void admit(Path directory, long bytes, long most)
    {
        if (isLongSinceCollection(bytes))
        {
            Mappings.reclaim();
        }
        boolean more = true;
        while (bytes > most - Mappings.usage().all() || bytes > MappedFile.usable(directory))
        {
            if (!more || bytes > most)
            {
                throw refusal(directory, bytes, most, null);
            }
            more = makeRoom();
        }
    }

    // True: something was given back.
    private static boolean makeRoom()
    {
        return Mappings.reclaim() || RetainedFiles.giveUpOne();
    }

    private static synchronized boolean isLongSinceCollection(long bytes)
    {
        sinceCollection += bytes;
        boolean isLong = sinceCollection > UNHURRIED_BYTES;
        sinceCollection = isLong ? 0 : sinceCollection;
        return isLong;
    }

    private static ParallelException refusal(Path directory, long bytes, long most, IOException cause)
    {
        Mappings.Usage usage = Mappings.usage();
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("needed", bytes);
        data.put("used", usage.all());
        data.put("shared-bytes", most);
        data.put("usable", MappedFile.usable(directory));
        return new ParallelException(ParallelException.Code.BAD_ARGUMENT, "A shared array of " + bytes +
            " bytes does not fit: this process has " +
            usage.all() + " of at most " + most + " (shared-bytes), and " + directory.getParent() + " has " +
            MappedFile.usable(directory) +
            " left. Close arrays, raise shared-bytes, or make room; in Docker, --shm-size=1g makes /dev/shm larger.",
            data, cause);
    }

    private static long total(Path directory)
    {
        try
        {
            FileStore store = Files.getFileStore(directory);
            return store.getTotalSpace();
        }
        catch (IOException unknown)
        {
            return Long.MAX_VALUE;
        }
    }
}
