package parallel.transport;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The page that all processes of a session map: it gives out ids and lists the workers. Made by the root.
 * {@link SessionLayout} draws it.
 * <p>
 * Safe from any thread and process; never waits for another process. A slot is changed only by the process that
 * acquired it; anyone may release the slot of a dead one.
 */
public final class SessionPage implements AutoCloseable
{
    static
    {
        Agrona.open();
    }

    private final MappedFile file;
    private final MappedByteBuffer memory;
    private final UnsafeBuffer page;
    private boolean closed;

    /**
     * A worker in the session.
     *
     * @param index      of the slot.
     * @param id         of the worker.
     * @param parentId   0 for the root's.
     * @param pid        0 until it is known.
     * @param pidStartMs when the process started, ms since the epoch; 0 until it is known.
     * @param startedMs  when the slot was acquired, ms since the epoch.
     * @param state      as in {@link StatusPage#state(int)}.
     * @param name       null for none.
     * @param pairHandOn how to reach its pair file, null until it is known.
     */
    public record Slot(int index, int id, int parentId, long pid, long pidStartMs, long startedMs, int state, String name,
        String pairHandOn)
    {
    }

    private SessionPage(MappedFile file) throws IOException
    {
        this.file = file;
        this.memory = file.map(MapMode.READ_WRITE, 0, SessionLayout.FILE_BYTES);
        this.page = new UnsafeBuffer(memory);
    }

    /**
     * Makes the page of a new session, readable by this user alone; unlinked at once where it can be reached through
     * {@code /proc}, else when it is closed.
     *
     * @param directory   for the file.
     * @param rootPid     who makes it.
     * @param rootStartMs when that process started, ms since the epoch.
     * @return the mapped page.
     * @throws NoRoomException when the file system has too little space.
     * @throws IOException     when the file cannot be made or mapped.
     */
    public static SessionPage create(Path directory, long rootPid, long rootStartMs) throws IOException
    {
        final MappedFile file = MappedFile.create(directory, "session", SessionLayout.FILE_BYTES);
        SessionPage session = null;
        try
        {
            session = new SessionPage(file);
            session.publish(rootPid, rootStartMs);
            file.unlinkIfReachable();
            return session;
        }
        catch (final IOException | RuntimeException | Error e)
        {
            if (session != null)
            {
                BufferUtil.free(session.memory);
            }
            file.close();
            throw e;
        }
    }

    /**
     * Maps the page of a session.
     *
     * @param handedOn what {@link #handOn()} returned in the process that made it.
     * @return the mapped page.
     * @throws IOException when it is not there, or is no session page of this version and byte order.
     */
    public static SessionPage attach(Path handedOn) throws IOException
    {
        final MappedFile file = MappedFile.attach(handedOn, "rw");
        try
        {
            check(file.open(), handedOn);
            return new SessionPage(file);
        }
        catch (final IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }

    private void publish(long rootPid, long rootStartMs)
    {
        page.putLong(SessionLayout.MAGIC_OFFSET, SessionLayout.MAGIC);
        page.putInt(SessionLayout.BYTE_ORDER_OFFSET, PairLayout.BYTE_ORDER_MARK);
        page.putLong(SessionLayout.ROOT_PID_OFFSET, rootPid);
        page.putLong(SessionLayout.ROOT_START_OFFSET, rootStartMs);
        // Pairs with the read of the version in check, which comes through a system call.
        page.putIntRelease(SessionLayout.VERSION_OFFSET, SessionLayout.VERSION);
    }

    /* Through the file: a mapping of one that is too short ends the JVM when it is touched. */
    private static void check(RandomAccessFile file, Path path) throws IOException
    {
        final ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        if (file.length() < SessionLayout.FILE_BYTES)
        {
            throw new IOException(path + " is no session page: it has " + file.length() + " bytes.");
        }
        file.seek(0);
        file.readFully(bytes.array());
        if (bytes.getLong(SessionLayout.MAGIC_OFFSET) != SessionLayout.MAGIC ||
            bytes.getInt(SessionLayout.BYTE_ORDER_OFFSET) != PairLayout.BYTE_ORDER_MARK)
        {
            throw new IOException(path + " is no session page: wrong magic or byte order.");
        }
        final int version = bytes.getInt(SessionLayout.VERSION_OFFSET);
        if (version != SessionLayout.VERSION)
        {
            throw new IOException(path + " has layout version " + version + ", this library reads " +
                SessionLayout.VERSION + ": parent and worker need the same version of the library.");
        }
    }

    /**
     * How another process reaches the page.
     *
     * @return {@code /proc/<pid>/fd/<n>}, or the path of the file where that does not exist.
     */
    public String handOn()
    {
        return file.handOn();
    }

    /**
     * Gives out an id that is unique in the session and never given again.
     *
     * @return 1, 2, ...
     */
    public synchronized int nextId()
    {
        requireOpen();
        return page.getAndAddInt(SessionLayout.LAST_ID_OFFSET, 1) + 1;
    }

    /**
     * The root's process.
     *
     * @return its pid.
     */
    public synchronized long rootPid()
    {
        requireOpen();
        return page.getLong(SessionLayout.ROOT_PID_OFFSET);
    }

    /**
     * When the root's process started.
     *
     * @return ms since the epoch.
     */
    public synchronized long rootStartMs()
    {
        requireOpen();
        return page.getLong(SessionLayout.ROOT_START_OFFSET);
    }

    /**
     * Takes a free slot for a worker.
     *
     * @param id       of the worker.
     * @param parentId of the process that starts it.
     * @param name     null for none; cut to 64 bytes of UTF-8.
     * @param nowMs    ms since the epoch.
     * @return the slot, -1 when all 1024 are taken.
     */
    public synchronized int acquireSlot(int id, int parentId, String name, long nowMs)
    {
        requireOpen();
        for (int slot = 0; slot < SessionLayout.SLOTS; slot++)
        {
            final int at = SessionLayout.slotOffset(slot);
            if (page.getIntVolatile(at) == SessionLayout.FREE &&
                page.compareAndSetInt(at, SessionLayout.FREE, SessionLayout.FILLING))
            {
                fill(at, id, parentId, name, nowMs);
                // Pairs with the acquire in read.
                page.putIntRelease(at + SessionLayout.USE, SessionLayout.USED);
                return slot;
            }
        }
        return -1;
    }

    private void fill(int at, int id, int parentId, String name, long nowMs)
    {
        change(at, () ->
        {
            page.putInt(at + SessionLayout.ID, id);
            page.putInt(at + SessionLayout.PARENT, parentId);
            page.putLong(at + SessionLayout.PID, 0);
            page.putLong(at + SessionLayout.PID_START, 0);
            page.putLong(at + SessionLayout.STARTED, nowMs);
            page.putInt(at + SessionLayout.STATE, 0);
            putText(at + SessionLayout.NAME, SessionLayout.NAME_BYTES, name);
            putText(at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES, null);
        });
    }

    /**
     * Notes the worker's process.
     *
     * @param slot       of the worker.
     * @param pid        its process.
     * @param pidStartMs when that started, ms since the epoch.
     */
    public synchronized void slotPid(int slot, long pid, long pidStartMs)
    {
        final int at = offset(slot);
        change(at, () ->
        {
            page.putLong(at + SessionLayout.PID, pid);
            page.putLong(at + SessionLayout.PID_START, pidStartMs);
        });
    }

    /**
     * Notes the worker's state.
     *
     * @param slot  of the worker.
     * @param state as in {@link StatusPage#state(int)}.
     */
    public synchronized void slotState(int slot, int state)
    {
        final int at = offset(slot);
        change(at, () -> page.putInt(at + SessionLayout.STATE, state));
    }

    /**
     * Notes how to reach the worker's pair file.
     *
     * @param slot   of the worker.
     * @param handOn of {@link PairFile#handOn()}.
     */
    public synchronized void slotPair(int slot, String handOn)
    {
        final int at = offset(slot);
        change(at, () -> putText(at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES, handOn));
    }

    /**
     * Gives a slot back. Also for the slot of a process that has died.
     *
     * @param slot that was acquired.
     */
    public synchronized void releaseSlot(int slot)
    {
        // Pairs with the volatile read in acquireSlot.
        page.putIntRelease(offset(slot) + SessionLayout.USE, SessionLayout.FREE);
    }

    /**
     * The workers of the session.
     *
     * @return a new list, by slot; what each says belongs together.
     */
    public synchronized List<Slot> slots()
    {
        requireOpen();
        final List<Slot> slots = new ArrayList<>();
        for (int slot = 0; slot < SessionLayout.SLOTS; slot++)
        {
            final Slot read = read(slot, SessionLayout.slotOffset(slot));
            if (read != null)
            {
                slots.add(read);
            }
        }
        return slots;
    }

    private Slot read(int slot, int at)
    {
        final Looks looks = new Looks();
        while (true)
        {
            // Pairs with the release in acquireSlot.
            if (page.getIntAcquire(at + SessionLayout.USE) != SessionLayout.USED)
            {
                return null;
            }
            // Pairs with the release at the end of change.
            final int before = page.getIntAcquire(at + SessionLayout.LOCK);
            final Slot read = copy(slot, at);
            // Pairs with the release fence in change: a byte of a later change comes with its odd number.
            VarHandle.acquireFence();
            final boolean same = page.getIntOpaque(at + SessionLayout.LOCK) == before && (before & 1) == 0;
            if (same && page.getIntOpaque(at + SessionLayout.USE) == SessionLayout.USED || !looks.again())
            {
                return read;
            }
        }
    }

    private Slot copy(int slot, int at)
    {
        return new Slot(slot,
            page.getInt(at + SessionLayout.ID),
            page.getInt(at + SessionLayout.PARENT),
            page.getLong(at + SessionLayout.PID),
            page.getLong(at + SessionLayout.PID_START),
            page.getLong(at + SessionLayout.STARTED),
            page.getInt(at + SessionLayout.STATE),
            getText(at + SessionLayout.NAME, SessionLayout.NAME_BYTES),
            getText(at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES));
    }

    private void change(int at, Runnable stores)
    {
        final int before = page.getInt(at + SessionLayout.LOCK) & ~1;
        page.putIntOpaque(at + SessionLayout.LOCK, before + 1);
        VarHandle.releaseFence();
        stores.run();
        page.putIntRelease(at + SessionLayout.LOCK, before + 2);
    }

    /* Length + 1, so that the zeros of a new slot say: none. */
    private void putText(int at, int limit, String text)
    {
        final byte[] utf8 = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        final int length = Texts.whole(utf8, limit);
        page.putInt(at, text == null ? 0 : length + 1);
        page.putBytes(at + 4, utf8, 0, length);
    }

    private String getText(int at, int limit)
    {
        final int length = page.getInt(at) - 1;
        if (length < 0)
        {
            return null;
        }
        final byte[] bytes = new byte[Math.min(length, limit)];
        page.getBytes(at + 4, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int offset(int slot)
    {
        requireOpen();
        if (slot < 0 || slot >= SessionLayout.SLOTS)
        {
            throw new IllegalArgumentException("There is no slot " + slot + ".");
        }
        return SessionLayout.slotOffset(slot);
    }

    private void requireOpen()
    {
        if (closed)
        {
            throw new IllegalStateException("The session page is closed.");
        }
    }

    /** Unmaps the page; calls after it throw IllegalStateException. Idempotent. */
    @Override
    public synchronized void close()
    {
        if (closed)
        {
            return;
        }
        closed = true;
        page.wrap(new byte[0]);
        BufferUtil.free(memory);
        try
        {
            file.close();
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
