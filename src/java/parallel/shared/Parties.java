package parallel.shared;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

import parallel.process.ThisProcess;
import parallel.runtime.SessionMemory;

/**
 * Who takes part in a barrier or latch: everyone to whom it was sent, and everyone who has used it. An entry is taken
 * by compareAndSet, and only its party writes to it.
 *
 * <pre>
 *   entry of 4 words: id + 1, 0 while it is free | pid | what it has done | how many of its threads wait
 * </pre>
 */
final class Parties
{
    static final int ENTRY_WORDS = 4;
    static final int MOST = 254;
    private static final int PID = 1;
    private static final int DONE = 2;
    private static final int WAITING = 3;

    private final ArrayHandle words;

    /**
     * A party as it was seen.
     *
     * @param id      of the root (0) or the worker.
     * @param pid     of its process.
     * @param done    what its entry says, 0 at first.
     * @param waiting whether a thread of it waits.
     */
    record Party(int id, long pid, long done, boolean waiting)
    {
    }

    Parties(ArrayHandle words)
    {
        this.words = words;
    }

    // The entry of the calling thread's worker, -1 where there are too many: then nobody is told of its death.
    long enter()
    {
        long name = SessionMemory.id() + 1L;
        long free = find(name, 0);
        while (free < -1)
        {
            long entry = -2 - free;
            if (words.compareAndSet(entry, 0, name))
            {
                words.setVolatile(entry + PID, ThisProcess.pid());
                return entry;
            }
            free = find(name, entry);
        }
        return free;
    }

    // The entry of that name, else -2 - the first free one from there on, else -1.
    private long find(long name, long from)
    {
        for (long entry = SyncCells.OWN_WORDS; entry < words.length(); entry += ENTRY_WORDS)
        {
            long taken = words.getVolatile(entry);
            if (taken == name)
            {
                return entry;
            }
            if (taken == 0 && entry >= from)
            {
                return -2 - entry;
            }
        }
        return -1;
    }

    void done(long entry, long what)
    {
        if (entry >= 0)
        {
            words.setVolatile(entry + DONE, what);
        }
    }

    void add(long entry, long what)
    {
        if (entry >= 0)
        {
            words.getAndAdd(entry + DONE, what);
        }
    }

    void waiting(long entry, int change)
    {
        if (entry >= 0)
        {
            words.getAndAdd(entry + WAITING, change);
        }
    }

    private List<Party> all()
    {
        List<Party> all = new ArrayList<>();
        for (long entry = SyncCells.OWN_WORDS; entry < words.length(); entry += ENTRY_WORDS)
        {
            long name = words.getVolatile(entry);
            if (name == 0)
            {
                return all;
            }
            all.add(new Party((int)(name - 1), words.getVolatile(entry + PID), words.getVolatile(entry + DONE),
                words.getVolatile(entry + WAITING) > 0));
        }
        return all;
    }

    // Ids of those that are so, and of another who is none yet.
    int[] ids(int other, Predicate<Party> are)
    {
        List<Party> all = all();
        boolean isOne = all.stream().anyMatch(party -> party.id() == other);
        return IntStream.concat(all.stream().filter(are).mapToInt(Party::id),
            isOne ? IntStream.empty() : IntStream.of(other)).distinct().toArray();
    }

    // Ids of those that are so.
    List<Integer> ids(Predicate<Party> are)
    {
        return all().stream().filter(are).map(Party::id).distinct().toList();
    }

    /** Those that were seen, in two parts. */
    record Census(List<Party> living, List<Party> ended)
    {
    }

    Census census()
    {
        Map<Integer, Party> byId = new HashMap<>();
        all().forEach(party -> byId.put(party.id(), party));
        Set<Integer> ended = byId.isEmpty() ? Set.of() : SessionMemory.ended(new HashSet<>(byId.keySet()));
        List<Party> living = new ArrayList<>();
        List<Party> gone = new ArrayList<>();
        byId.values().forEach(party -> (ended.contains(party.id()) ? gone : living).add(party));
        return new Census(living, gone);
    }
}
