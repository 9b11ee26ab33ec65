package parallel.child;

import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

import parallel.control.Header;
import parallel.control.Language;

/**
 * A worker process. Its stdin begins with a {@link Header}; until control is connected the end of stdin is the end of
 * the parent, and so of this process. The worker's code reads an empty stdin.
 */
public final class Main
{
    private static final int NOT_CONNECTED = 70;

    private Main()
    {
    }

    /**
     * Started by the library only.
     *
     * @param arguments the directories of the session, where it ends with the parent.
     */
    public static void main(String[] arguments)
    {
        run(WorkerProcess::new, Main::loadAhead, arguments);
    }

    /**
     * Becomes a process that belongs to another one; never returns.
     *
     * @param kind      makes it of its header.
     * @param ahead     run first, once its stdout and stderr are what they will be; must not block.
     * @param arguments the directories of the session, where it ends with the parent.
     */
    public static void run(Function<Header, ChildProcess> kind, Runnable ahead, String... arguments)
    {
        InputStream stdin = System.in;
        System.setIn(InputStream.nullInputStream());
        System.setOut(utf8(FileDescriptor.out));
        System.setErr(utf8(FileDescriptor.err));
        ahead.run();
        ChildProcess process = null;
        try
        {
            process = kind.apply(Header.read(new DataInputStream(stdin)));
            watch(stdin, process);
            process.connect();
        }
        catch (IOException e)
        {
            System.err.println("parallel: " + e.getMessage());
            System.err.flush();
            if (process != null)
            {
                process.removeWhatIsLeft();
            }
            else
            {
                ChildProcess.removeOfDeadParent(List.of(arguments));
            }
            Runtime.getRuntime().halt(NOT_CONNECTED);
        }
    }

    /**
     * The language loads while files are mapped and sockets connected. What it throws, it throws again to the one who
     * needs it.
     */
    private static void loadAhead()
    {
        Thread loading = new Thread(null, () ->
        {
            Language language = Language.find();
            if (language != null)
            {
                language.load();
            }
        }, "parallel-load-0", 0, false);
        loading.setDaemon(true);
        loading.setUncaughtExceptionHandler((thread, e) -> { });
        loading.start();
    }

    private static PrintStream utf8(FileDescriptor descriptor)
    {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    private static void watch(InputStream stdin, ChildProcess process)
    {
        Thread lifeline = new Thread(null, () -> awaitEnd(stdin, process), "parallel-lifeline-0", 0, false);
        lifeline.setDaemon(true);
        lifeline.start();
    }

    private static void awaitEnd(InputStream stdin, ChildProcess process)
    {
        try
        {
            while (stdin.read() >= 0)
            {
                Thread.onSpinWait();
            }
        }
        catch (IOException e)
        {
            // as good as its end
        }
        process.lifelineEnded();
    }
}
