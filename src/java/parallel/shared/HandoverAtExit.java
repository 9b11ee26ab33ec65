package parallel.shared;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import parallel.codec.Codec;
import parallel.process.ThisProcess;
import parallel.runtime.SessionMemory;

/**
 * Arrays that a worker has sent to its parent, which are in no other process when the worker ends: the parent
 * opens their files before, and holds them until the references have arrived.
 *
 * <pre>
 *   longs, four for each: pid, descriptor, identity (2)
 * </pre>
 */
public final class HandoverAtExit implements SessionMemory.Heritage
{
    private static final int LONGS = 4;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    /** Found by name. */
    public HandoverAtExit()
    {
    }

    @Override
    public void leave(Consumer<byte[]> parent)
    {
        List<SharedFile> awaited = Mappings.awaited();
        if (awaited.isEmpty())
        {
            return;
        }
        long[] files = new long[awaited.size() * LONGS];
        for (int i = 0; i < awaited.size(); i++)
        {
            SharedFile file = awaited.get(i);
            files[i * LONGS] = ThisProcess.pid();
            files[i * LONGS + 1] = file.descriptor();
            files[i * LONGS + 2] = file.identity().maker();
            files[i * LONGS + 3] = file.identity().makerStart();
        }
        parent.accept(Codec.toBytes(files));
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (awaited.stream().anyMatch(HandoverAtExit::isAlone) && System.nanoTime() - deadline < 0)
        {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    // Nobody has said yet that it was taken.
    private static boolean isAlone(SharedFile file)
    {
        try
        {
            return file.readLong(Layout.KEPT_FOR_OFFSET) != ThisProcess.pid();
        }
        catch (IOException unreadable)
        {
            return false;
        }
    }

    @Override
    public void keep(byte[] told)
    {
        long[] files = (long[])Codec.fromBytes(told);
        for (int i = 0; i < files.length; i += LONGS)
        {
            try
            {
                keep(files[i], files[i + 1], new Identity(files[i + 2], files[i + 3]));
            }
            catch (IOException e)
            {
                System.getLogger("parallel").log(System.Logger.Level.DEBUG, "The array of a worker that ends is gone",
                    e);
            }
        }
    }

    private static void keep(long pid, long descriptor, Identity identity) throws IOException
    {
        SharedFile file = SharedFile.of(Path.of("/proc/" + pid + "/fd/" + descriptor), true);
        try
        {
            FileHeader.check(file, identity);
            file.identity(identity);
            RetainedFiles.keep(file);
            file.writeLong(Layout.KEPT_FOR_OFFSET, pid);
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }
}
