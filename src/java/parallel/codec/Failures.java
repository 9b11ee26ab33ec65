package parallel.codec;

/** Turns what goes wrong in code that messages reach into what callers may expect. */
final class Failures
{
    private Failures()
    {
    }

    /** Anything but a failure of the JVM itself, as the failure of one message. */
    static UnserializableException unreadable(String className, String message, Throwable e)
    {
        if (e instanceof UnserializableException)
        {
            return (UnserializableException)e;
        }
        if (e instanceof VirtualMachineError && !(e instanceof StackOverflowError))
        {
            throw (VirtualMachineError)e;
        }
        if (e instanceof InterruptedException)
        {
            Thread.currentThread().interrupt();
        }
        return UnserializableException.unreadable(className, message + e, e);
    }

    /** What user code threw while a value was written, unchanged. */
    static RuntimeException unchecked(Throwable e)
    {
        return Failures.<RuntimeException>sneaky(e);
    }

    @SuppressWarnings("unchecked") // unchecked on purpose: the exception keeps its class
    private static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E
    {
        throw (E)e;
    }
}
