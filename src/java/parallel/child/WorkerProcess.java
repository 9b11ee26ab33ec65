package parallel.child;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

import parallel.codec.Destination;
import parallel.codec.Messages;
import parallel.control.Header;
import parallel.process.Output;
import parallel.process.Signals;
import parallel.runtime.Context;
import parallel.runtime.LastWords;
import parallel.runtime.ParentPeer;
import parallel.runtime.Session;
import parallel.runtime.Threads;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;
import parallel.transport.SocketBell;
import parallel.transport.StatusPage;

/** A worker process: evaluates what its parent says, and ends when it has done so. */
final class WorkerProcess extends ChildProcess
{
    private static final long LOOK_EVERY_MS = 1000;
    /** Of one that only waits. A hundred of them are not to wake up a hundred times a second. */
    private static final long REST_MS = 10_000;
    private static final long EXIT_HOOKS_MS = 2000;
    /** Exit codes of a worker that did not end by itself; the first is of sysexits.h, for an error of the software. */
    private static final int LOST = 70;
    private static final int HOOKS_HUNG = 72;
    private static final int TERMINATED = 143;

    private volatile boolean terminated;
    private volatile boolean exiting;

    WorkerProcess(Header header)
    {
        super(header);
    }

    @Override
    protected void attached(PairFile pair)
    {
        noteExits(pair.status());
    }

    @Override
    protected void connected(PairFile pair, SocketChannel control, SocketChannel bellSocket) throws IOException
    {
        StatusPage status = pair.status();
        SocketBell bell = new SocketBell();
        bell.connect(bellSocket);
        MessageChannel channel = new MessageChannel(pair, Side.CHILD, bell, header().inboxBytes(), Messages.inbox());
        UpwardLines lines = new UpwardLines();
        Context context = new Context(Context.NO_WORKER, header().depth(),
            new ParentPeer(header().parentId(), parentPid(), channel, toParent()),
            new Context.Output(WorkerProcess::print, lines));
        Context.becomeProcess(context);
        WorkerSide side =
            new WorkerSide(new WorkerSide.Self(context, lines, this::exit, this::orphaned, this::lost), status);
        channel.blockedListener(side::blocked);
        Session session = Session.current();
        session.loop().every(LOOK_EVERY_MS, REST_MS, () ->
        {
            status.heapBytes(heapBytes());
            return side.look();
        });
        side.begin(session.loop().attach(control, side), true);
    }

    /** Only the root has workers on other machines. */
    private Destination toParent()
    {
        return header().parentId() == Context.NO_WORKER && Session.current().host() != 0 ? Destination.ELSEWHERE :
            Destination.HERE;
    }

    private static long parentPid()
    {
        return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
    }

    private static void print(Output.Stream stream, int id, String line)
    {
        (stream == Output.Stream.OUT ? System.out : System.err).println(line);
    }

    /** An exit code like that of a signal is one only if nobody exited with it. */
    private void noteExits(StatusPage status)
    {
        Signals.onTerminate(() ->
        {
            terminated = true;
            System.exit(TERMINATED);
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() ->
        {
            if (!terminated)
            {
                status.exitNoted(0);
            }
            Threads.start("parallel-hooks-0", () -> cutHooksShort(status));
        }, "parallel-note-0"));
    }

    /**
     * An exit waits for its hooks, and whoever waits for the worker would wait for them, too. The code that the exit
     * was asked for is not known here, unless it was ours.
     */
    private void cutHooksShort(StatusPage status)
    {
        try
        {
            TimeUnit.MILLISECONDS.sleep(EXIT_HOOKS_MS);
            status.lastError(LastWords.hung(EXIT_HOOKS_MS));
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            Runtime.getRuntime().halt(exiting ? 0 : terminated ? TERMINATED : HOOKS_HUNG);
        }
    }

    @Override
    protected void exit()
    {
        exiting = true;
        // Where its own code forbids the exit, the end of control has the parent kill it.
        Threads.start("parallel-exit-" + Context.ofProcess().id(), () -> System.exit(0),
            e -> Session.current().loop().close());
    }

    private void lost()
    {
        Runtime.getRuntime().halt(LOST);
    }
}
