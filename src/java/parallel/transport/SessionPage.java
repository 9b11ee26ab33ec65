package parallel.transport;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel.MapMode;
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
    private final WaitTable waits;
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
     * @param host       the number of the machine that the pid is of, 0: this one.
     * @param name       null for none.
     * @param pairHandOn how to reach its pair file, null until it is known.
     */
    public record Slot(
        int index, int id, int parentId, long pid, long pidStartMs, long startedMs, int host, String name,
        String pairHandOn)
    {
        /**
         * Is its process one of this machine, whose system can be asked about it?
         *
         * @return false for one of another host.
         */
        public boolean isHere()
        {
            return host == 0;
        }
    }

    private SessionPage(MappedFile file) throws IOException
    {
        this.file = file;
        this.memory = file.map(MapMode.READ_WRITE, 0, SessionLayout.FILE_BYTES);
        this.page = new UnsafeBuffer(memory);
        this.waits = new WaitTable(this, page);
    }

    /**
     * Makes the page of a new session, readable by this user alone; unlinked at once where it can be reached through
     * {@code /proc}, else when it is closed.
     *
     * @param directory   for the file.
     * @param rootPid     who makes it.
     * @param rootStartMs when that process started, ms since the epoch.
     * @param firstId     of the ids that it gives out, 1 or more: pages of one session on several machines begin at
     *                    different ones.
     * @return the mapped page.
     * @throws NoRoomException          when the file system has too little space.
     * @throws IOException              when the file cannot be made or mapped.
     * @throws IllegalArgumentException when firstId is less than 1.
     */
    public static SessionPage create(Path directory, long rootPid, long rootStartMs, int firstId) throws IOException
    {
        if (firstId < 1)
        {
            throw new IllegalArgumentException("The first id of a session is 1 or more, not " + firstId + ".");
        }
        MappedFile file = MappedFile.create(directory, "session", SessionLayout.FILE_BYTES);
        SessionPage session = null;
        try
        {
            session = new SessionPage(file);
            session.publish(rootPid, rootStartMs, firstId);
            return session;
        }
        catch (IOException | RuntimeException | Error e)
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
        MappedFile file = MappedFile.attach(handedOn, "rw");
        try
        {
            check(file.open(), handedOn);
            return new SessionPage(file);
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }

    private void publish(long rootPid, long rootStartMs, int firstId)
    {
        page.putLong(SessionLayout.MAGIC_OFFSET, SessionLayout.MAGIC);
        page.putInt(SessionLayout.BYTE_ORDER_OFFSET, PairLayout.BYTE_ORDER_MARK);
        page.putLong(SessionLayout.ROOT_PID_OFFSET, rootPid);
        page.putLong(SessionLayout.ROOT_START_OFFSET, rootStartMs);
        page.putInt(SessionLayout.FIRST_ID_OFFSET, firstId);
        page.putInt(SessionLayout.LAST_ID_OFFSET, firstId - 1);
        // Pairs with the read of the version in check, which comes through a system call.
        page.putIntRelease(SessionLayout.VERSION_OFFSET, SessionLayout.VERSION);
    }

    // Through the file: a mapping of one that is too short ends the JVM when it is touched.
    private static void check(RandomAccessFile file, Path path) throws IOException
    {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
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
        int version = bytes.getInt(SessionLayout.VERSION_OFFSET);
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
     * @return the first id, then one more each time.
     */
    public synchronized int nextId()
    {
        requireOpen();
        return page.getAndAddInt(SessionLayout.LAST_ID_OFFSET, 1) + 1;
    }

    /**
     * The first of the ids that it gives out.
     *
     * @return 1 or more; never changes.
     */
    public synchronized int firstId()
    {
        requireOpen();
        return page.getInt(SessionLayout.FIRST_ID_OFFSET);
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
            int at = SessionLayout.slotOffset(slot);
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
            page.putInt(at + SessionLayout.HOST, 0);
            PageTexts.putPlain(page, at + SessionLayout.NAME, SessionLayout.NAME_BYTES, name);
            PageTexts.putPlain(page, at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES, null);
        });
    }

    /**
     * Notes the worker's process.
     *
     * @param slot       of the worker.
     * @param host       the number of the machine that it is on, 0: this one.
     * @param pid        its process.
     * @param pidStartMs when that started, ms since the epoch.
     */
    public synchronized void slotPid(int slot, int host, long pid, long pidStartMs)
    {
        int at = offset(slot);
        change(at, () ->
        {
            page.putInt(at + SessionLayout.HOST, host);
            page.putLong(at + SessionLayout.PID, pid);
            page.putLong(at + SessionLayout.PID_START, pidStartMs);
        });
    }

    /**
     * Notes how to reach the worker's pair file.
     *
     * @param slot   of the worker.
     * @param handOn of {@link PairFile#handOn()}.
     */
    public synchronized void slotPair(int slot, String handOn)
    {
        int at = offset(slot);
        change(at, () -> PageTexts.putPlain(page, at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES, handOn));
    }

    /**
     * Gives a slot back. Also for the slot of a process that has died.
     *
     * @param slot that was acquired.
     */
    public synchronized void releaseSlot(int slot)
    {
        waits.release(page.getInt(offset(slot) + SessionLayout.ID));
        // Pairs with the volatile read in acquireSlot.
        page.putIntRelease(offset(slot) + SessionLayout.USE, SessionLayout.FREE);
    }

    /**
     * Gives a slot back if it is that worker's: it may have been given back before, and be another's.
     *
     * @param slot that was acquired.
     * @param id   of the worker that it was acquired for.
     */
    public synchronized void releaseSlot(int slot, int id)
    {
        if (page.getInt(offset(slot) + SessionLayout.ID) == id)
        {
            releaseSlot(slot);
        }
    }

    /**
     * The workers of the session.
     *
     * @return a new list, by slot; what each says belongs together.
     */
    public synchronized List<Slot> slots()
    {
        requireOpen();
        List<Slot> slots = new ArrayList<>();
        for (int slot = 0; slot < SessionLayout.SLOTS; slot++)
        {
            Slot read = read(slot, SessionLayout.slotOffset(slot));
            if (read != null)
            {
                slots.add(read);
            }
        }
        return slots;
    }

    private Slot read(int slot, int at)
    {
        SeqlockRetry looks = new SeqlockRetry();
        while (true)
        {
            // Pairs with the release in acquireSlot.
            if (page.getIntAcquire(at + SessionLayout.USE) != SessionLayout.USED)
            {
                return null;
            }
            // Pairs with the release at the end of change.
            int before = page.getIntAcquire(at + SessionLayout.LOCK);
            Slot read = copy(slot, at);
            // Pairs with the release fence in change: a byte of a later change comes with its odd number.
            VarHandle.acquireFence();
            boolean same = page.getIntOpaque(at + SessionLayout.LOCK) == before && (before & 1) == 0;
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
            page.getInt(at + SessionLayout.HOST),
            PageTexts.getPlain(page, at + SessionLayout.NAME, SessionLayout.NAME_BYTES),
            PageTexts.getPlain(page, at + SessionLayout.PAIR, SessionLayout.PAIR_BYTES));
    }

    private void change(int at, Runnable stores)
    {
        int before = Seqlock.begin(page, at + SessionLayout.LOCK);
        stores.run();
        Seqlock.end(page, at + SessionLayout.LOCK, before);
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

    /**
     * What the threads of the session wait for.
     *
     * @return the table; once the page is closed it is empty and takes nothing.
     */
    public WaitTable waits()
    {
        return waits;
    }

    synchronized boolean isClosed()
    {
        return closed;
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
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
