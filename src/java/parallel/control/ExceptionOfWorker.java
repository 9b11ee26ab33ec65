package parallel.control;

/** An exception of another process whose class does not load here: its message names the class. */
final class ExceptionOfWorker extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    ExceptionOfWorker(String className, String message, Throwable cause)
    {
        super(className + ": " + message, cause);
    }
}
