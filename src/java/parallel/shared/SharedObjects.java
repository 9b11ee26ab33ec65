package parallel.shared;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import parallel.ClosedException;

/**
 * What is shared and mapped by this process, for who looks: no worker is asked, so what workers have made and never
 * sent here is not known. Safe from any thread.
 */
public final class SharedObjects
{
    /** Of each of the two lists: what is longer says nothing to anybody. */
    private static final int MOST = 100;
    private static final int PID_SHIFT = 32;

    private SharedObjects()
    {
    }

    /**
     * All of it, as data. Blocks for no other process.
     *
     * @return arrays, the largest first: maps of number, pid (null of a file on disk), kind, shape, bytes; cells, by
     *         age: maps of number, kind, maker, broken and what their kind has, which is holder; parties, arrived,
     *         waiting; value, waiting; at most 100 of each, and how many there are; bytes that are mapped; closing
     *         ones, which are closed and still mapped; held and heldBytes, which are kept until a reference to them
     *         has arrived.
     */
    public static Map<String, Object> all()
    {
        List<Map<String, Object>> arrays = new ArrayList<>();
        List<Map<String, Object>> cells = new ArrayList<>();
        for (Mapping mapping : Mappings.open())
        {
            try
            {
                (mapping.cells() == null ? arrays : cells).add(described(mapping));
            }
            catch (ClosedException e)
            {
                // It was closed meanwhile.
            }
        }
        Comparator<Map<String, Object>> age = Comparator.comparing(facts -> (Long)facts.get("number"));
        arrays.sort(Comparator.<Map<String, Object>, Long>comparing(facts -> -(Long)facts.get("bytes"))
            .thenComparing(age));
        cells.sort(age);
        Mappings.Usage usage = Mappings.usage();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("arrays", arrays.stream().limit(MOST).toList());
        all.put("arrayCount", arrays.size());
        all.put("cells", cells.stream().limit(MOST).toList());
        all.put("cellCount", cells.size());
        all.put("bytes", usage.bytes());
        all.put("closing", usage.closingBytes());
        all.put("held", usage.held());
        all.put("heldBytes", usage.heldBytes());
        return all;
    }

    private static Map<String, Object> described(Mapping mapping)
    {
        boolean inMemory = mapping.base > 0;
        SyncCells.Kind cells = mapping.cells();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("number", inMemory ? mapping.identity.maker() & 0xFFFFFFFFL : 0L);
        facts.put("pid", inMemory ? mapping.identity.maker() >>> PID_SHIFT : null);
        facts.put("bytes", mapping.bytes);
        if (cells != null)
        {
            facts.put("kind", cells.title);
            cells.over(words(mapping)).describe(facts);
        }
        else
        {
            facts.put("kind", mapping.kind() == null ? null : mapping.kind().title());
            facts.put("shape", mapping.shape() == null ? null : Arrays.stream(mapping.shape()).boxed().toList());
        }
        return facts;
    }

    private static ArrayHandle words(Mapping mapping)
    {
        return new ArrayHandle(
            new ArrayHandle.Parts(mapping, Kind.LONG, 0, new long[]{ mapping.bytes / Long.BYTES }, false));
    }
}
