package parallel.shared;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * Maps of a file, each of {@link Layout#MAP_BYTES} at most.
 * <p>
 * From JDK 22 on they are unmapped exactly when that is asked for: what reads them meanwhile gets an exception. Before,
 * the collector unmaps them, when nothing reaches the buffers any more; an earlier unmapping would end a JVM that
 * reads.
 */
final class Memory
{
    final ByteBuffer[] buffers;
    /** What is reachable as long as anything of a map is: slices and views of a buffer, too. */
    final Object[] keepers;
    private final AutoCloseable arena;

    private Memory(ByteBuffer[] buffers, Object[] keepers, AutoCloseable arena)
    {
        this.buffers = buffers;
        this.keepers = keepers;
        this.arena = arena;
    }

    static Memory map(SharedFile file, MapMode mode, long position, long bytes) throws IOException
    {
        int n = (int)((bytes + Layout.MAP_BYTES - 1) >>> Layout.MAP_SHIFT);
        Memory memory = new Memory(new ByteBuffer[n], new Object[n], Arenas.PRESENT ? Arenas.open() : null);
        try
        {
            for (int i = 0; i < n; i++)
            {
                long from = (long)i << Layout.MAP_SHIFT;
                memory.map(i, file, mode, position + from, Math.min(Layout.MAP_BYTES, bytes - from));
            }
            return memory;
        }
        catch (IOException | RuntimeException | Error e)
        {
            unmap(memory.arena);
            throw e;
        }
    }

    private void map(int i, SharedFile file, MapMode mode, long position, long bytes) throws IOException
    {
        keepers[i] = file.map(mode, channel ->
            arena == null ? channel.map(mode, position, bytes) : Arenas.map(channel, mode, position, bytes, arena));
        buffers[i] =
            (arena == null ? (ByteBuffer)keepers[i] : Arenas.buffer(keepers[i])).order(ByteOrder.nativeOrder());
    }

    // What unmaps it, without a way to the maps themselves; null: the collector does.
    AutoCloseable arena()
    {
        return arena;
    }

    // True: it is unmapped now. False: the collector will do it, once nothing reaches the buffers.
    static boolean unmap(AutoCloseable arena)
    {
        if (arena == null)
        {
            return false;
        }
        try
        {
            arena.close();
        }
        catch (Exception inUse)
        {
            // By a system call that reads or writes it.
            return false;
        }
        return true;
    }

    /** The java.lang.foreign of JDK 22 and newer; this library is compiled for 17. */
    private static final class Arenas
    {
        static final boolean PRESENT = Runtime.version().feature() >= 22;
        private static final MethodHandle OPEN;
        private static final MethodHandle MAP;
        private static final MethodHandle BUFFER;

        static
        {
            try
            {
                if (PRESENT)
                {
                    MethodHandles.Lookup lookup = MethodHandles.lookup();
                    Class<?> arena = Class.forName("java.lang.foreign.Arena");
                    Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
                    OPEN = lookup.findStatic(arena, "ofShared", MethodType.methodType(arena));
                    MAP = lookup.findVirtual(FileChannel.class, "map",
                        MethodType.methodType(segment, MapMode.class, long.class, long.class, arena));
                    BUFFER = lookup.findVirtual(segment, "asByteBuffer", MethodType.methodType(ByteBuffer.class));
                }
                else
                {
                    OPEN = null;
                    MAP = null;
                    BUFFER = null;
                }
            }
            catch (ReflectiveOperationException e)
            {
                throw new ExceptionInInitializerError(e);
            }
        }

        private Arenas()
        {
        }

        static AutoCloseable open()
        {
            try
            {
                return (AutoCloseable)OPEN.invoke();
            }
            catch (Throwable e)
            {
                throw unexpected(e);
            }
        }

        static Object map(
            FileChannel channel, MapMode mode, long position, long bytes, AutoCloseable arena) throws IOException
        {
            try
            {
                return MAP.invoke(channel, mode, position, bytes, arena);
            }
            catch (IOException e)
            {
                throw e;
            }
            catch (Throwable e)
            {
                throw unexpected(e);
            }
        }

        static ByteBuffer buffer(Object segment)
        {
            try
            {
                return (ByteBuffer)BUFFER.invoke(segment);
            }
            catch (Throwable e)
            {
                throw unexpected(e);
            }
        }

        private static RuntimeException unexpected(Throwable e)
        {
            if (e instanceof RuntimeException thrown)
            {
                return thrown;
            }
            if (e instanceof Error error)
            {
                throw error;
            }
            return new IllegalStateException(e);
        }
    }
}
