package parallel.clojure;

import java.io.StringReader;

import clojure.lang.LineNumberingPushbackReader;

/**
 * {@code *in*} of a worker: always at its end, also for the code that comes after one that has closed it, as {@code
 * slurp} does.
 */
public final class NoInput extends LineNumberingPushbackReader
{
    /** Empty. */
    public NoInput()
    {
        super(new StringReader(""));
    }

    @Override
    public void close()
    {
        // the next one reads the end, too
    }
}
