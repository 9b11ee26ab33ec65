package parallel.shared;

import java.util.Map;

import parallel.SharedCounter;

/** A counter in shared memory. Word 0: its value. */
final class CounterCells extends SyncCells implements SharedCounter
{
    private static final int VALUE = 0;

    CounterCells(ArrayHandle words)
    {
        super(Kind.COUNTER, words);
    }

    @Override
    public long get()
    {
        return words.getVolatile(VALUE);
    }

    @Override
    public void set(long value)
    {
        words.setVolatile(VALUE, value);
    }

    @Override
    public long addAndGet(long x)
    {
        return words.getAndAdd(VALUE, x) + x;
    }

    @Override
    void describeOwn(Map<String, Object> facts)
    {
        facts.put("value", get());
    }

    @Override
    String cause()
    {
        return "";
    }

    @Override
    String state()
    {
        return ":value " + get();
    }
}
