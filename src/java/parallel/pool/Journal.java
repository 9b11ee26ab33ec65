package parallel.pool;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.zip.CRC32C;

import parallel.ParallelException;
import parallel.control.Errors;

/**
 * What a map has come to, element by element, in a file that outlives this process.
 *
 * <pre>
 *   0                16         20            28
 *   +----------------+----------+-------------+-----------+-----------+ - -
 *   | magic          | format   | holder's pid| record    | record    |
 *   +----------------+----------+-------------+-----------+-----------+ - -
 *
 *   a record: 0        4      5        13       29       33        37         41
 *             +--------+------+--------+--------+--------+---------+----------+------- - -
 *             | marker | kind | index  | digest | length | CRC32C  | CRC32C   | payload
 *             |        |      |        | of the | of the | of what | of the   |
 *             |        |      |        | element| payload| is left | payload  |
 *             +--------+------+--------+--------+--------+---------+----------+------- - -
 * </pre>
 *
 * All numbers are little-endian. The first record is a HEAD; records are only ever appended, and of two of one index
 * the later counts. What is torn at the end is cut off when the file is opened; a record whose sums are wrong is passed
 * over, and the next is looked for by its marker. The file is locked by who writes it, for as long as its process
 * lives. Safe from any thread. Files are read without channels: an interrupt would close those.
 */
public final class Journal implements Closeable
{
    private static final byte[] MAGIC = "parallel journal".getBytes(StandardCharsets.US_ASCII);
    private static final int FORMAT = 2;
    private static final int FORMAT_AT = 16;
    private static final int HOLDER_AT = 20;
    private static final int RECORDS_AT = 28;

    private static final int MARKER = 0x0a524a50;
    private static final int KIND_AT = 4;
    private static final int INDEX_AT = 5;
    private static final int DIGEST_AT = 13;
    private static final int LENGTH_AT = 29;
    private static final int HEAD_SUM_AT = 33;
    private static final int PAYLOAD_SUM_AT = 37;
    private static final int PAYLOAD_AT = 41;
    private static final int DIGEST_BYTES = 16;

    private static final byte HEAD = 0;
    private static final byte VALUE = 1;
    private static final byte FAILED = 2;
    private static final byte COMPLETE = 3;

    private static final int BUFFER_BYTES = 1 << 16;
    /** Records are written together up to so many bytes. */
    private static final int BATCH_BYTES = 1 << 20;
    private static final long FORCE_MS = 1000;
    private static final byte[] NO_DIGEST = new byte[DIGEST_BYTES];

    /** What this process writes, by the file's identity. Guarded by itself. */
    private static final Map<Object, Journal> HELD = new HashMap<>();

    /**
     * What is kept of an element.
     *
     * @param index  of the element.
     * @param digest of its encoding.
     * @param failed whether the payload is its error.
     * @param at     where the payload begins in the file.
     * @param length of the payload, in bytes.
     */
    public record Entry(long index, byte[] digest, boolean failed, long at, int length)
    {
    }

    private final Path path;
    private final Object identity;
    private final RandomAccessFile file;
    private final FileLock lock;
    private final Map<Long, Entry> entries = new HashMap<>();
    /** The highest of an element. */
    private long lastIndex = -1;
    private byte[] head;
    private long end = RECORDS_AT;
    private long completeAt = -1;
    private boolean superseded;
    private boolean closed;
    private ScheduledFuture<?> forcing;

    private Journal(Path path, Object identity, RandomAccessFile file, FileLock lock)
    {
        this.path = path;
        this.identity = identity;
        this.file = file;
        this.lock = lock;
    }

    /**
     * Opens a journal to write to it. One that this process has opened before is closed, and what writes there hears
     * that it was superseded.
     *
     * @param path of a file that is empty, is not there, or is a journal.
     * @return the journal.
     * @throws ParallelException with BAD_ARGUMENT if it is something else, cannot be written, or another process has
     *     it.
     * @throws IOException       if the disk says so.
     */
    public static Journal open(Path path) throws IOException
    {
        checkWritable(path);
        synchronized (HELD)
        {
            if (Files.exists(path))
            {
                Journal earlier = HELD.get(identity(path));
                if (earlier != null)
                {
                    earlier.supersede();
                }
            }
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            Journal journal = null;
            try
            {
                FileLock lock = file.getChannel().tryLock();
                if (lock == null)
                {
                    throw refused(path, "process " + holder(file) +
                        " writes to it. Wait for its end, or take another file");
                }
                journal = new Journal(path, identity(path), file, lock);
                journal.begin();
                HELD.put(journal.identity, journal);
                return journal;
            }
            finally
            {
                if (journal == null || !HELD.containsValue(journal))
                {
                    file.close();
                }
            }
        }
    }

    private static void checkWritable(Path path) throws IOException
    {
        Path directory = path.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory))
        {
            throw refused(path, "there is no directory " + directory);
        }
        if (!Files.exists(path))
        {
            if (!Files.isWritable(directory))
            {
                throw refused(path, "nothing can be written into " + directory);
            }
            return;
        }
        if (!Files.isRegularFile(path))
        {
            throw refused(path, "it is not a regular file");
        }
        if (!Files.isWritable(path) || isReadOnly(path))
        {
            throw refused(path, "the file is read-only");
        }
    }

    /** Also for root, who may write to any. */
    private static boolean isReadOnly(Path path) throws IOException
    {
        try
        {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
            return permissions.stream().noneMatch(p -> p.name().endsWith("_WRITE"));
        }
        catch (UnsupportedOperationException e)
        {
            return false;
        }
    }

    static ParallelException refused(Path path, String why)
    {
        return Errors.badArgument("The journal " + path + " cannot be used: " + why + ".");
    }

    private static Object identity(Path path) throws IOException
    {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key != null ? key : path.toRealPath();
    }

    private static long holder(RandomAccessFile file) throws IOException
    {
        file.seek(HOLDER_AT);
        return file.length() < RECORDS_AT ? 0 : Long.reverseBytes(file.readLong());
    }

    // ---- opening

    private void begin() throws IOException
    {
        if (isFresh())
        {
            file.setLength(0);
            ByteBuffer start = buffer(RECORDS_AT).put(MAGIC).putInt(FORMAT);
            file.write(start.array());
        }
        else
        {
            scan();
            file.setLength(end);
        }
        file.seek(HOLDER_AT);
        file.writeLong(Long.reverseBytes(ProcessHandle.current().pid()));
    }

    /** Also one whose beginning was torn: it holds nothing. */
    private boolean isFresh() throws IOException
    {
        int length = (int)Math.min(RECORDS_AT, file.length());
        byte[] start = new byte[length];
        file.seek(0);
        file.readFully(start);
        int known = Math.min(length, MAGIC.length);
        if (!Arrays.equals(start, 0, known, MAGIC, 0, known))
        {
            throw refused(path, "it is not a journal");
        }
        if (length < RECORDS_AT)
        {
            return true;
        }
        int format = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getInt(FORMAT_AT);
        if (format != FORMAT)
        {
            throw refused(path, "its format is " + format + ", and this version of the library knows " + FORMAT);
        }
        return false;
    }

    /** Reads what there is. */
    private void scan() throws IOException
    {
        long length = file.length();
        long at = RECORDS_AT;
        while (at >= 0)
        {
            ByteBuffer record = headOfRecord(at, length);
            if (record == null)
            {
                at = nextMarker(at + 1, length);
                continue;
            }
            int bytes = record.getInt(LENGTH_AT);
            long payloadAt = at + PAYLOAD_AT;
            if (payloadAt + bytes > length)
            {
                break;      // torn
            }
            byte kind = record.get(KIND_AT);
            if (sumOfPayload(payloadAt, bytes) == record.getInt(PAYLOAD_SUM_AT))
            {
                keep(kind, record, payloadAt, bytes);
            }
            at = payloadAt + bytes;
            end = at;
        }
    }

    private void keep(byte kind, ByteBuffer record, long at, int bytes) throws IOException
    {
        long index = record.getLong(INDEX_AT);
        if (kind == HEAD)
        {
            head = read(at, bytes);
        }
        else if (kind == COMPLETE)
        {
            completeAt = index;
        }
        else
        {
            byte[] digest = Arrays.copyOfRange(record.array(), DIGEST_AT, LENGTH_AT);
            enter(new Entry(index, digest, kind == FAILED, at, bytes));
        }
    }

    private void enter(Entry entry)
    {
        entries.put(entry.index, entry);
        lastIndex = Math.max(lastIndex, entry.index);
    }

    /** Null: there is no sound one. */
    private ByteBuffer headOfRecord(long at, long length) throws IOException
    {
        if (at + PAYLOAD_AT > length)
        {
            return null;
        }
        ByteBuffer record = ByteBuffer.wrap(read(at, PAYLOAD_AT)).order(ByteOrder.LITTLE_ENDIAN);
        return record.getInt(0) == MARKER && sum(record.array(), 0, HEAD_SUM_AT) == record.getInt(HEAD_SUM_AT) &&
            record.getInt(LENGTH_AT) >= 0 ? record : null;
    }

    /** -1: there is none. */
    private long nextMarker(long from, long length) throws IOException
    {
        for (long at = from; at + PAYLOAD_AT <= length; at += BUFFER_BYTES)
        {
            byte[] some = read(at, (int)Math.min(BUFFER_BYTES + 3, length - at));
            ByteBuffer buffer = ByteBuffer.wrap(some).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i + 4 <= some.length; i++)
            {
                if (buffer.getInt(i) == MARKER)
                {
                    return at + i;
                }
            }
        }
        return -1;
    }

    private int sumOfPayload(long at, int bytes) throws IOException
    {
        CRC32C sum = new CRC32C();
        for (int done = 0; done < bytes; done += BUFFER_BYTES)
        {
            sum.update(read(at + done, Math.min(BUFFER_BYTES, bytes - done)));
        }
        return (int)sum.getValue();
    }

    private static int sum(byte[] bytes, int from, int length)
    {
        CRC32C sum = new CRC32C();
        sum.update(bytes, from, length);
        return (int)sum.getValue();
    }

    private byte[] read(long at, int bytes) throws IOException
    {
        byte[] some = new byte[bytes];
        file.seek(at);
        file.readFully(some);
        return some;
    }

    private static ByteBuffer buffer(int bytes)
    {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    // ---- use

    /**
     * What an element is known by, besides its index.
     *
     * @param encoding of the element.
     * @return 16 bytes of its SHA-256.
     */
    public static byte[] digest(byte[] encoding)
    {
        return digest(sha256(), encoding);
    }

    static byte[] digest(MessageDigest sha256, byte[] encoding)
    {
        return Arrays.copyOf(sha256.digest(encoding), DIGEST_BYTES);
    }

    static MessageDigest sha256()
    {
        try
        {
            return MessageDigest.getInstance("SHA-256");
        }
        catch (NoSuchAlgorithmException e)
        {
            throw new IllegalStateException(e);     // every JDK has it
        }
    }

    /** @return what identifies the map, as it was given to {@link #head(byte[])}; null of a new journal. */
    public synchronized byte[] head()
    {
        return head;
    }

    /**
     * Says what identifies the map.
     *
     * @param bytes kept as they are.
     * @throws IOException if they cannot be written.
     */
    public synchronized void head(byte[] bytes) throws IOException
    {
        append(HEAD, 0, NO_DIGEST, bytes);
        head = bytes;
    }

    /**
     * What is known of an element.
     *
     * @param index  of it.
     * @param digest of its encoding.
     * @return null: nothing, or it was another element.
     */
    public synchronized Entry find(long index, byte[] digest)
    {
        Entry entry = entries.get(index);
        return entry != null && Arrays.equals(entry.digest(), digest) ? entry : null;
    }

    /** Whether nothing is known of elements from an index on. */
    synchronized boolean isNewFrom(long index)
    {
        return lastIndex < index;
    }

    /**
     * Reads what is known of an element.
     *
     * @param entry of this journal.
     * @return the payload as it was given; null: the journal is closed.
     * @throws IOException if it cannot be read.
     */
    public synchronized byte[] payload(Entry entry) throws IOException
    {
        return closed ? null : read(entry.at(), entry.length());
    }

    /**
     * Keeps what an element has come to. Written when this returns; on the disk at most a second later.
     *
     * @param index   of it.
     * @param digest  of its encoding.
     * @param failed  whether the payload is its error.
     * @param payload what it has come to.
     * @throws IOException if it cannot be written; the journal is as before.
     */
    public synchronized void add(long index, byte[] digest, boolean failed, byte[] payload) throws IOException
    {
        add(List.of(new Addition(index, digest, failed, payload)));
    }

    /** What an element has come to, as {@link #add(long, byte[], boolean, byte[])} takes it. */
    record Addition(long index, byte[] digest, boolean failed, byte[] payload)
    {
        private int bytes()
        {
            return PAYLOAD_AT + payload.length;
        }
    }

    /** Keeps what several elements have come to: a write takes as long as the rest of a hundred small ones. */
    synchronized void add(List<Addition> additions) throws IOException
    {
        if (closed)
        {
            return;
        }
        int next = 0;
        for (int from = 0; from < additions.size(); from = next)
        {
            long bytes = 0;
            for (next = from; next < additions.size() &&
                (next == from || bytes + additions.get(next).bytes() <= BATCH_BYTES); next++)
            {
                bytes += additions.get(next).bytes();
            }
            write(additions.subList(from, next), Math.toIntExact(bytes));
        }
    }

    private void write(List<Addition> additions, int bytes) throws IOException
    {
        ByteBuffer records = buffer(bytes);
        for (Addition a : additions)
        {
            put(records, a.failed ? FAILED : VALUE, a.index, a.digest, a.payload);
        }
        long at = end;
        append(records);
        for (Addition a : additions)
        {
            enter(new Entry(a.index, a.digest, a.failed, at + PAYLOAD_AT, a.payload.length));
            at += a.bytes();
        }
    }

    /**
     * The map has come to its end.
     *
     * @param elements how many there were.
     * @throws IOException if that cannot be written.
     */
    public synchronized void complete(long elements) throws IOException
    {
        if (!closed && completeAt != elements)
        {
            append(COMPLETE, elements, NO_DIGEST, new byte[0]);
            completeAt = elements;
        }
    }

    private void append(byte kind, long index, byte[] digest, byte[] payload) throws IOException
    {
        ByteBuffer record = buffer(PAYLOAD_AT + payload.length);
        put(record, kind, index, digest, payload);
        append(record);
    }

    private static void put(ByteBuffer records, byte kind, long index, byte[] digest, byte[] payload)
    {
        int at = records.position();
        records.putInt(MARKER).put(kind).putLong(index).put(digest).putInt(payload.length);
        records.putInt(sum(records.array(), at, HEAD_SUM_AT)).putInt(sum(payload, 0, payload.length)).put(payload);
    }

    private void append(ByteBuffer records) throws IOException
    {
        try
        {
            file.seek(end);
            file.write(records.array());
        }
        catch (IOException e)
        {
            file.setLength(end);
            throw new IOException("The journal " + path + " cannot be written: " + e.getMessage(), e);
        }
        end += records.capacity();
        if (forcing == null)
        {
            forcing = Timer.after(FORCE_MS, this::force);
        }
    }

    private synchronized void force()
    {
        forcing = null;
        if (!closed)
        {
            try
            {
                file.getFD().sync();
            }
            catch (IOException e)
            {
                System.getLogger("parallel").log(System.Logger.Level.WARNING, "The journal " + path +
                    " could not be forced to the disk", e);
            }
        }
    }

    /** @return whether this process has opened the file again since: what writes here is to end. */
    public synchronized boolean isSuperseded()
    {
        return superseded;
    }

    private synchronized void supersede()
    {
        superseded = true;
        release();
    }

    /** Forces all to the disk, and lets the file go. Idempotent. */
    @Override
    public void close()
    {
        synchronized (HELD)
        {
            release();
        }
    }

    // Under the lock of HELD.
    private synchronized void release()
    {
        if (closed)
        {
            return;
        }
        force();
        closed = true;
        HELD.remove(identity, this);
        try
        {
            lock.release();
            file.close();
        }
        catch (IOException e)
        {
            System.getLogger("parallel").log(System.Logger.Level.DEBUG, "The journal " + path + " did not close", e);
        }
    }

    // ---- reading one that this process does not write

    /**
     * What a journal has.
     *
     * @param entries  one for each element, in the order in which they are in the file.
     * @param bytes    of the file.
     * @param complete whether the map has come to its end with just these.
     * @param head     what identifies the map, or null.
     */
    public record Contents(List<Entry> entries, long bytes, boolean complete, byte[] head)
    {
    }

    /**
     * Reads what a journal has, also while somebody writes to it.
     *
     * @param path of a journal, or of an empty file.
     * @return its contents as of now.
     * @throws ParallelException with BAD_ARGUMENT if it is something else, or not there.
     * @throws IOException       if it cannot be read.
     */
    public static Contents contents(Path path) throws IOException
    {
        return reading(path, journal ->
        {
            if (journal.lock == null && !journal.isFresh())     // what this process writes it knows
            {
                journal.scan();
            }
            return new Contents(
                journal.entries.values().stream().sorted(Comparator.comparingLong(Entry::at)).toList(),
                journal.file.length(), journal.completeAt == journal.entries.size(), journal.head);
        });
    }

    /**
     * Reads what a journal has of an element.
     *
     * @param path  of the journal.
     * @param entry of it.
     * @return the payload.
     * @throws IOException if it cannot be read.
     */
    public static byte[] payload(Path path, Entry entry) throws IOException
    {
        return reading(path, journal -> journal.read(entry.at(), entry.length()));
    }

    private interface Read<T>
    {
        T from(Journal journal) throws IOException;
    }

    /** Not by a file of its own where this process writes: to close that would give up the lock. */
    private static <T> T reading(Path path, Read<T> read) throws IOException
    {
        if (!Files.isRegularFile(path))
        {
            throw refused(path, "there is no such file");
        }
        synchronized (HELD)
        {
            Journal held = HELD.get(identity(path));
            if (held != null)
            {
                synchronized (held)
                {
                    return read.from(held);
                }
            }
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r"))
            {
                return read.from(new Journal(path, null, file, null));
            }
        }
    }

    /** @return the path, for people. */
    @Override
    public String toString()
    {
        return path.toString();
    }
}
