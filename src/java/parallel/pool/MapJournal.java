package parallel.pool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import parallel.ParallelException;
import parallel.codec.Codec;
import parallel.codec.UnserializableException;
import parallel.control.Errors;

/**
 * The journal of one map, whatever language the map is of: which map it is of, which elements it has, and what of the
 * others is kept when they are done. Safe from any thread.
 */
public final class MapJournal implements Closeable
{
    /**
     * What a map is known by.
     *
     * @param function digest of the function as it is sent.
     * @param text     of the function, for people.
     * @param seed     of the random numbers.
     * @param key      digest of what the user has said that it is known by; null: nothing.
     */
    public record Identity(byte[] function, String text, long seed, byte[] key)
    {
        /**
         * Reads what {@link Journal#head()} has.
         *
         * @param head null: of a new journal.
         * @return the identity, or null.
         */
        public static Identity of(byte[] head)
        {
            if (head == null)
            {
                return null;
            }
            Object[] parts = (Object[])Codec.fromBytes(head);
            return new Identity((byte[])parts[0], (String)parts[1], (Long)parts[2], (byte[])parts[3]);
        }

        private byte[] head()
        {
            return Codec.toBytes(new Object[]{ function, text, seed, key });
        }
    }

    private final Journal journal;
    private final long seed;
    /** Digests of the elements that are under way. */
    private final Map<Long, byte[]> awaited = new ConcurrentHashMap<>();

    private MapJournal(Journal journal, long seed)
    {
        this.journal = journal;
        this.seed = seed;
    }

    /**
     * Opens the journal of a map, or begins it.
     *
     * @param path      of a file that is empty, is not there, or is a journal.
     * @param asked     the map. Its seed counts where the journal is new.
     * @param givenSeed the seed that the user has given, null: none, so that the journal's is taken.
     * @param advice    what a user may do about a journal of another function.
     * @return the journal.
     * @throws ParallelException with BAD_ARGUMENT if it is of another map, or as {@link Journal#open(Path)} says.
     * @throws IOException       if the disk says so.
     */
    public static MapJournal open(Path path, Identity asked, Long givenSeed, String advice) throws IOException
    {
        Journal journal = Journal.open(path);
        boolean opened = false;
        try
        {
            Identity found = Identity.of(journal.head());
            if (found == null)
            {
                journal.head(asked.head());
            }
            else
            {
                check(path, asked, found, givenSeed, advice);
            }
            opened = true;
            return new MapJournal(journal, found != null && givenSeed == null ? found.seed : asked.seed);
        }
        finally
        {
            if (!opened)
            {
                journal.close();
            }
        }
    }

    private static void check(Path path, Identity asked, Identity found, Long givenSeed, String advice)
    {
        if (asked.key != null && found.key != null)
        {
            if (!Arrays.equals(asked.key, found.key))
            {
                throw Journal.refused(path, "it has another :journal-key");
            }
        }
        else if (!Arrays.equals(asked.function, found.function))
        {
            throw Journal.refused(path, "it belongs to another function, " + found.text + ". " + advice);
        }
        else if (givenSeed != null && givenSeed != found.seed)
        {
            throw Journal.refused(path, "its :seed is " + found.seed + ", and :seed here is " + givenSeed);
        }
    }

    /** @return the seed of the map: the journal's, unless another was given. */
    public long seed()
    {
        return seed;
    }

    /**
     * Looks for an element.
     *
     * @param index  of it.
     * @param digest of its encoding.
     * @return what is kept of it, or null.
     */
    public Journal.Entry find(long index, byte[] digest)
    {
        return journal.find(index, digest);
    }

    /**
     * Reads what is kept of an element.
     *
     * @param entry of this journal.
     * @return the payload; null: the journal is closed.
     * @throws IOException if it cannot be read.
     */
    public byte[] payload(Journal.Entry entry) throws IOException
    {
        return journal.payload(entry);
    }

    /**
     * Gives out elements, where the journal has none from there on, as in a map that is not done again. One that cannot
     * be sent is not kept.
     *
     * @param start    index of the first.
     * @param elements one after the other.
     * @return false: they have to be looked for one by one, and nothing was done.
     */
    public boolean awaitNew(long start, List<?> elements)
    {
        if (!journal.isNewFrom(start))
        {
            return false;
        }
        MessageDigest sha256 = Journal.sha256();
        long index = start;
        for (Object element : elements)
        {
            try
            {
                awaited.put(index, Journal.digest(sha256, Codec.toBytes(element)));
            }
            catch (UnserializableException e)
            {
                awaited.remove(index);      // the map says so when it sends the element
            }
            index++;
        }
        return true;
    }

    /**
     * An element is given out, and is to be kept.
     *
     * @param index  of it.
     * @param digest of its encoding.
     */
    public void await(long index, byte[] digest)
    {
        awaited.put(index, digest);
    }

    /**
     * Whether an element is still to be kept.
     *
     * @param index of it.
     * @return false: it was kept, or is none that can be.
     */
    public boolean isAwaited(long index)
    {
        return awaited.containsKey(index);
    }

    /**
     * Keeps what an element has come to, once.
     *
     * @param index   of it; nothing is kept of one that is not awaited.
     * @param failed  whether the payload is its error.
     * @param payload what it has come to.
     * @throws IOException if it cannot be written.
     */
    public void keep(long index, boolean failed, byte[] payload) throws IOException
    {
        byte[] digest = awaited.remove(index);
        if (digest != null)
        {
            journal.add(index, digest, failed, payload);
        }
    }

    /**
     * Keeps the values of elements, each once, as {@link #keep(long, boolean, byte[])} does.
     *
     * @param start  index of the first.
     * @param values one after the other.
     * @throws IOException if they cannot be written.
     */
    public void keepValues(long start, List<?> values) throws IOException
    {
        List<Journal.Addition> additions = new ArrayList<>(values.size());
        long index = start;
        for (Object value : values)
        {
            byte[] digest = awaited.remove(index);
            if (digest != null)
            {
                additions.add(new Journal.Addition(index, digest, false, Codec.toBytes(value)));
            }
            index++;
        }
        journal.add(additions);
    }

    /**
     * Says whether the map may go on.
     *
     * @throws ParallelException with CLOSED if another map of this process has opened the journal since.
     */
    public void checkCurrent()
    {
        if (journal.isSuperseded())
        {
            throw Errors.closed(Map.of(), "The journal " + journal +
                " was opened again in this process, which ends this map.");
        }
    }

    /**
     * The map has come to its end.
     *
     * @param elements how many there were.
     * @throws IOException if that cannot be written.
     */
    public void complete(long elements) throws IOException
    {
        journal.complete(elements);
    }

    /** Forces all to the disk, and lets the file go. Idempotent. */
    @Override
    public void close()
    {
        journal.close();
    }
}
