package parallel.runtime;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import parallel.WorkerOptions.Option;
import parallel.codec.Messages;
import parallel.process.Output;
import parallel.process.ThisProcess;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.LocalBell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * A worker that is a thread of this process: the same rings, the same frames, the same round trip of values, no JVM.
 */
final class ThreadHost implements Host
{
    private final WorkerHandle.Birth birth;
    private final PairFile ownersPair;
    private final LocalBell bell;
    private final Output output;
    private final CountDownLatch exit = new CountDownLatch(1);
    private MessageChannel channel;
    private WorkerSide side;
    private Context context;
    private volatile Link link;

    ThreadHost(WorkerHandle.Birth birth, PairFile ownersPair, LocalBell bell, Output output)
    {
        this.birth = birth;
        this.ownersPair = ownersPair;
        this.bell = bell;
        this.output = output;
    }

    @Override
    public Link start(LinkListener listener, long deadline) throws Exception
    {
        final PairFile pair = PairFile.attach(Path.of(ownersPair.handOn()));
        ownersPair.attached();
        final long inboxBytes = birth.options().get(Option.INBOX_BYTES, Long.class);
        channel = new MessageChannel(pair, Side.CHILD, bell, inboxBytes, Messages.inbox(inboxBytes));
        channel.name("from the parent of worker " + birth.id());
        bell.attach(channel);
        final UpwardLines lines = new UpwardLines();
        final Context parent = birth.context();
        context = new Context(birth.id(), parent.depth() + 1, new ParentPeer(parent.id(), ThisProcess.pid(), channel),
            new Context.Output(lines, lines));
        pair.status().pid(ThisProcess.pid());
        pair.status().startedAtMs(System.currentTimeMillis());
        side = new WorkerSide(new WorkerSide.Self(context, lines, this::leave, exit::countDown), pair.status());
        channel.blockedListener(side::blocked);
        final Link[] links = Session.current().loop().localPair(listener, side);
        link = links[1];
        side.begin(link, false);
        if (exit.getCount() == 0)
        {
            link.close();   // killed meanwhile
        }
        return links[0];
    }

    @Override
    public void ready()
    {
        // nothing was held
    }

    private void leave()
    {
        link.close();
        exit.countDown();
    }

    @Override
    public boolean awaitExit(long ms) throws InterruptedException
    {
        return exit.await(ms, TimeUnit.MILLISECONDS);
    }

    @Override
    public void finish()
    {
        if (side != null)
        {
            link.close();
            channel.retire();   // first: what its thread says of being interrupted is no message of a worker that lived
            side.abandon();
            context.end();
        }
        try
        {
            output.finish(500);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void offerLine(int stream, int id, String line, Runnable delivered)
    {
        output.offer(Output.Stream.values()[stream], id, line, delivered);
    }

    @Override
    public void terminate()
    {
        kill();
    }

    @Override
    public void kill()
    {
        exit.countDown();
        final Link connected = link;
        if (connected != null)
        {
            connected.close();
        }
    }

    @Override
    public long pid()
    {
        return ThisProcess.pid();
    }

    @Override
    public OptionalInt exitCode()
    {
        return OptionalInt.empty();
    }

    @Override
    public List<String> stderrTail()
    {
        return output.stderrTail();
    }

    @Override
    public String outOfMemory()
    {
        return null;
    }

    @Override
    public String suspicion()
    {
        return "";
    }

    @Override
    public Map<String, Object> facts()
    {
        return Map.of();
    }
}
