package parallel.place;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import parallel.child.UpwardLines;
import parallel.child.WorkerSide;
import parallel.codec.Messages;
import parallel.process.Output;
import parallel.process.ThisProcess;
import parallel.runtime.Context;
import parallel.runtime.Ending;
import parallel.runtime.ParentPeer;
import parallel.runtime.Place;
import parallel.runtime.Session;
import parallel.runtime.StartSpec;
import parallel.runtime.Undo;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.LocalBell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * A worker that is a thread of this process: the same rings, the same frames, the same round trip of values, no JVM.
 */
public final class ThreadPlace implements Place
{
    private final StartSpec spec;
    private final MessageChannel channel;
    private final LocalBell bell;
    private final Output output;
    private final CountDownLatch exit = new CountDownLatch(1);
    private MessageChannel childEnd;
    private WorkerSide side;
    private Context context;
    private volatile Link link;

    private ThreadPlace(StartSpec spec, MessageChannel channel, LocalBell bell, Output output)
    {
        this.spec = spec;
        this.channel = channel;
        this.bell = bell;
        this.output = output;
    }

    /**
     * Makes the place with its files; no thread is started.
     *
     * @param spec   of its worker.
     * @param output of its worker.
     * @param undo   takes what undoes this.
     * @return the place.
     * @throws IOException if there is no room for the files.
     */
    static ThreadPlace make(StartSpec spec, Output output, Undo undo) throws IOException
    {
        LocalBell[] bells = LocalBell.pair();
        MessageChannel channel = Channels.parentEnd(spec.options(), bells[0], undo);
        bells[0].attach(channel);
        return new ThreadPlace(spec, channel, bells[1], output);
    }

    @Override
    public MessageChannel channel()
    {
        return channel;
    }

    @Override
    public Link start(LinkListener listener, long deadline) throws Exception
    {
        try (Undo undo = new Undo())
        {
            return undo.done(started(listener, undo));
        }
    }

    private Link started(LinkListener listener, Undo undo) throws IOException
    {
        PairFile pair = PairFile.attach(Path.of(channel.pair().handOn()));
        undo.by(pair::close);
        channel.pair().attached();
        long inboxBytes = Session.inboxBytes(spec.options());
        childEnd = new MessageChannel(pair, Side.CHILD, bell, inboxBytes, Messages.inbox());
        childEnd.name("from the parent of worker " + spec.id());
        bell.attach(childEnd);
        UpwardLines lines = new UpwardLines();
        Context parent = spec.context();
        context = new Context(spec.id(), parent.depth() + 1, new ParentPeer(parent.id(), ThisProcess.pid(), childEnd),
            new Context.Output(lines, lines));
        pair.status().pid(ThisProcess.pid());
        pair.status().startedAtMs(System.currentTimeMillis());
        side = new WorkerSide(new WorkerSide.Self(context, lines, this::leave, exit::countDown, this::leave),
            pair.status());
        childEnd.blockedListener(side::blocked);
        Link[] links = Session.current().loop().localPair(listener, side);
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
        closeLink();
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
        closeLink();
        if (childEnd != null)
        {
            childEnd.retire();  // first: what its thread says of being interrupted is no message of a worker that lived
        }
        if (side != null)
        {
            side.abandon();
        }
        if (context != null)
        {
            context.end();
        }
        output.finishSoon();
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
        closeLink();
    }

    private void closeLink()
    {
        Link connected = link;
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
    public Ending ending()
    {
        return Ending.UNKNOWN;
    }

    @Override
    public List<String> stderrTail()
    {
        return output.stderrTail();
    }

    @Override
    public Output output()
    {
        return output;
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
