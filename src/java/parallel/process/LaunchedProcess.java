package parallel.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that was started: its streams, its end. Safe from any thread.
 *
 * <p>The streams are pipes and must be read, or the process stops when they are full. Closing one of them ends a read
 * that another thread is blocked in.
 */
public final class LaunchedProcess implements AutoCloseable
{
    private static final int STDOUT = 1;
    private static final int STDERR = 2;
    private final Process process;
    private final Launcher launcher;
    private final InputStream stdout;
    private final InputStream stderr;
    private final long createdMs = System.currentTimeMillis();

    private LaunchedProcess(Process process, Launcher launcher, InputStream stdout, InputStream stderr)
    {
        this.process = process;
        this.launcher = launcher;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    static LaunchedProcess of(Process process, boolean gated, Launcher launcher)
    {
        InputStream[] taken = gated ? takeOver(process) : null;
        LaunchedProcess launched = taken != null ?
            new LaunchedProcess(process, launcher, taken[0], taken[1]) :
            new LaunchedProcess(process, launcher,
                new PolledInput(process, process.getInputStream()), new PolledInput(process, process.getErrorStream()));
        if (gated)
        {
            launched.open();
        }
        return launched;
    }

    /** While the shell waits it prints nothing, so the JDK's ends can be closed without losing a byte. */
    private static InputStream[] takeOver(Process process)
    {
        String descriptors = "/proc/" + process.pid() + "/fd/";
        PipeInput out = null;
        try
        {
            out = new PipeInput(descriptors + STDOUT);
            PipeInput err = new PipeInput(descriptors + STDERR);
            process.getInputStream().close();
            process.getErrorStream().close();
            return new InputStream[]{ out, err };
        }
        catch (IOException withoutProc)
        {
            closeQuietly(out);
            return null;
        }
    }

    private void open()
    {
        try
        {
            stdin().write('\n');
            stdin().flush();
        }
        catch (IOException died)
        {
            // Killed before it began: whoever waits for the exit learns it.
        }
    }

    /** @return the process id, that of the JVM itself. */
    public long pid()
    {
        return process.pid();
    }

    /** @return what the process reads as its standard input; buffered. */
    public OutputStream stdin()
    {
        return process.getOutputStream();
    }

    /** @return what it writes to its standard output. */
    public InputStream stdout()
    {
        return stdout;
    }

    /** @return what it writes to its standard error. */
    public InputStream stderr()
    {
        return stderr;
    }

    /** @return the whole command line: java, its options, the class and its arguments, argument files spelled out. */
    public List<String> command()
    {
        return launcher.command();
    }

    /** The JVM has read its arguments: the file that holds them is released. Idempotent, never blocks. */
    public void started()
    {
        launcher.release();
    }

    /** @return false once it has exited. */
    public boolean isAlive()
    {
        return process.isAlive();
    }

    /** SIGTERM; no effect after the exit. The streams stay open. */
    public void terminate()
    {
        process.toHandle().destroy();   // Process.destroy would also close the streams, and what is in them
    }

    /** SIGKILL; no effect after the exit. The streams stay open. */
    public void kill()
    {
        process.toHandle().destroyForcibly();
    }

    /**
     * Waits for the exit.
     *
     * @param timeoutMs how long at most, in milliseconds; 0 only looks.
     * @return true when it has exited.
     * @throws InterruptedException when the waiting thread is interrupted.
     */
    public boolean awaitExit(long timeoutMs) throws InterruptedException
    {
        if (process.isAlive() && !process.waitFor(timeoutMs, TimeUnit.MILLISECONDS))
        {
            return false;
        }
        launcher.release();
        return true;
    }

    /**
     * @return the exit code, 128 + n after signal n.
     * @throws IllegalThreadStateException while it is alive.
     */
    public int exitCode()
    {
        return process.exitValue();
    }

    /** @return where the JVM wrote about its own crash, if it did. */
    public Optional<Path> crashLog()
    {
        return CrashLog.find(launcher.launch(), pid(), createdMs);
    }

    /** Closes the streams and releases the arguments; the process goes on. Idempotent. */
    @Override
    public void close()
    {
        launcher.release();
        closeQuietly(stdin());
        closeQuietly(stdout);
        closeQuietly(stderr);
    }

    private static void closeQuietly(AutoCloseable closeable)
    {
        try
        {
            if (closeable != null)
            {
                closeable.close();
            }
        }
        catch (Exception alreadyUnusable)
        {
            // A pipe whose other end is gone may refuse its last flush; it is closed all the same.
        }
    }
}
