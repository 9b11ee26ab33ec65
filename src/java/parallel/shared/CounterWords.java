package parallel.shared;

import parallel.SharedCounter;

/** A counter in shared memory. Word 0: its value. */
final class CounterWords extends Words implements SharedCounter
{
    private static final int VALUE = 0;

    CounterWords(ArrayHandle words)
    {
        super(Kind.COUNTER, words);
    }

    static CounterWords create()
    {
        return new CounterWords(newWords(0));
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
