package parallel.relay;

/** Names of the streams between a link process and an agent. */
final class Names
{
    /** The one stream that is of the host itself. */
    static final long HOST = 0;

    private static final int CONTROL = 1;
    private static final int DATA = 2;
    private static final int CODE = 3;
    private static final int BULK = 0;
    private static final int KINDS = 4;

    private Names()
    {
    }

    static long control(int worker)
    {
        return (long)KINDS * worker + CONTROL;
    }

    static long data(int worker)
    {
        return (long)KINDS * worker + DATA;
    }

    /** Of a jar that is sent to the agent. */
    static long code(int number)
    {
        return (long)KINDS * number + CODE;
    }

    static boolean isCode(long name)
    {
        return name % KINDS == CODE;
    }

    /** Of a message for several workers; their numbers begin at 1. */
    static long bulk(long number)
    {
        return KINDS * number + BULK;
    }

    static boolean isBulk(long name)
    {
        return name != HOST && name % KINDS == BULK;
    }

    static long bulkNumber(long name)
    {
        return name / KINDS;
    }

    static boolean isData(long name)
    {
        return name % KINDS == DATA;
    }

    static int worker(long name)
    {
        return (int)(name / KINDS);
    }
}
