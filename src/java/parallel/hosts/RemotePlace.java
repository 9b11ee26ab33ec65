package parallel.hosts;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.WorkerStatus;
import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.process.Output;
import parallel.relay.RelayFrames;
import parallel.runtime.Carrier;
import parallel.runtime.Ending;
import parallel.runtime.LineCredit;
import parallel.runtime.Place;
import parallel.runtime.StartSpec;
import parallel.transport.FlightRecord;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.WaitTable;

/**
 * A worker on another machine, which the link process plays: its rings and the frames of its control stream are as
 * those of any worker. Its exit is known when its last message is in the ring.
 */
final class RemotePlace implements Place
{
    private static final long DRAIN_EVERY_MS = 2;
    private static final long FETCH_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final StartSpec spec;
    private final HostHandle host;
    private final LinkJvm linkJvm;
    private final MessageChannel channel;
    private final Output output;
    private final RelayFrames.Joiner joiner = new RelayFrames.Joiner();
    private final CompletableFuture<Link> started = new CompletableFuture<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile LinkListener listener;
    private volatile long pid;
    /** Its last messages want room in the ring, whether anybody receives them or not. */
    private final CountDownLatch ending = new CountDownLatch(1);
    private volatile Map<String, Object> how = Map.of();
    private volatile boolean killed;
    private volatile CompletableFuture<Void> fetched = CompletableFuture.completedFuture(null);
    private volatile long recordedNanos = System.nanoTime() - FETCH_EVERY_NANOS;
    private volatile Map<Integer, FlightRecord> recordsBelow = Map.of();
    /** The crash report of its JVM, here. */
    private volatile Path report;

    RemotePlace(StartSpec spec, HostHandle host, LinkJvm linkJvm, MessageChannel channel, Output output)
    {
        this.spec = spec;
        this.host = host;
        this.linkJvm = linkJvm;
        this.channel = channel;
        this.output = output;
    }

    int id()
    {
        return spec.id();
    }

    @Override
    public MessageChannel channel()
    {
        return channel;
    }

    @Override
    public Link start(LinkListener itsListener, long deadline) throws Exception
    {
        listener = itsListener;
        output.starting(true);
        host.entered(this);
        linkJvm.play(this, host.number());
        send(RelayFrames.SPAWN, RemoteStart.encode(spec, host.name(), host.options(), linkJvm::offer));
        if (killed)
        {
            kill();
        }
        try
        {
            return started.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
        catch (ExecutionException e)
        {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException("its host has not started it");
        }
    }

    // ---- what comes from its agent, on the thread of the link

    void heard(ByteBuffer frame)
    {
        byte kind = RelayFrames.kind(frame);
        if (kind == RelayFrames.WAKE)
        {
            channel.wakeLocal();
        }
        else if (kind == RelayFrames.STARTED)
        {
            pid = (Long)Codec.fromBytes(Frames.payload(frame));
            started.complete(new RemoteLink());
        }
        else if (kind == RelayFrames.ENDING)
        {
            ending.countDown();
        }
        else
        {
            List<ByteBuffer> parts = joiner.add(frame);
            if (parts != null)
            {
                heard(kind, parts);
            }
        }
    }

    @SuppressWarnings("unchecked")  // as the agent has put them
    private void heard(byte kind, List<ByteBuffer> parts)
    {
        if (kind == RelayFrames.FROM_WORKER)
        {
            give(parts);
            return;
        }
        byte[] bytes = RelayFrames.joined(parts.toArray(ByteBuffer[]::new));
        Object payload = Codec.fromBytes(bytes);
        switch (kind)
        {
            case RelayFrames.NOT_STARTED -> notStarted((Map<String, Object>)payload);
            case RelayFrames.LINE -> lines((Object[])payload, bytes);
            case RelayFrames.CORRUPT -> listener.onError(new IOException((String)payload));
            case RelayFrames.RECORDS -> records((Map<Integer, byte[]>)payload);
            case RelayFrames.ENDED -> end((Map<String, Object>)payload);
            default -> listener.onError(new IOException("a frame of the unknown kind " + kind));
        }
    }

    /** A frame of the worker's, as a link would give it. */
    private void give(List<ByteBuffer> parts)
    {
        long length = parts.stream().mapToLong(ByteBuffer::remaining).sum();
        if (length > Integer.MAX_VALUE - 8)
        {
            listener.onLargeFrame(parts);
            return;
        }
        ByteBuffer frame;
        try
        {
            frame = parts.size() == 1 ? parts.get(0) :
                ByteBuffer.wrap(RelayFrames.joined(parts.toArray(ByteBuffer[]::new)));
        }
        catch (OutOfMemoryError e)
        {
            listener.onUnread(parts.get(0), length, e);
            return;
        }
        listener.onFrame(frame);
    }

    private void notStarted(Map<String, Object> why)
    {
        String message = (String)why.get("message");
        started.completeExceptionally(Boolean.TRUE.equals(why.get("timeout")) ? new TimeoutException(message) :
            new IOException(message));
    }

    private void lines(Object[] parts, byte[] payload)
    {
        List<Output.Line> lines = new ArrayList<>();
        for (int i = 0; i + 2 < parts.length; i += 3)
        {
            lines.add(new Output.Line(Output.Stream.values()[(Integer)parts[i]], (Integer)parts[i + 1],
                (String)parts[i + 2]));
        }
        byte[] delivered = Codec.toBytes(LineCredit.cost(payload, lines.size()));
        output.arrived(lines, () -> send(RelayFrames.LINES_DELIVERED, delivered));
    }

    private void records(Map<Integer, byte[]> told)
    {
        long clock = host.clockNanos();
        Map<Integer, FlightRecord> further = new HashMap<>();
        if (clock != 0)
        {
            told.forEach((id, copied) -> further.put(id, new FlightRecord(copied, clock)));
            FlightRecord own = further.remove(id());
            if (own != null)
            {
                channel.status().record(own);
            }
        }
        recordsBelow = further;
        recordedNanos = System.nanoTime();
        fetched.complete(null);
    }

    /** Also when it is lost. Idempotent. */
    @SuppressWarnings("unchecked")  // as the agent has put them
    void end(Map<String, Object> itsEnd)
    {
        if (itsEnd.get("records") instanceof Map<?, ?> last)
        {
            records((Map<Integer, byte[]>)last);
        }
        how = itsEnd;
        ending.countDown();
        started.complete(null);
        LinkListener itsListener = listener;
        if (itsListener != null)
        {
            itsListener.onEnd();
        }
        ended.countDown();
        fetched.complete(null);
    }

    private void send(byte kind, byte[] payload)
    {
        RelayFrames.cut(kind, id(), List.of(ByteBuffer.wrap(payload)), linkJvm::send);
    }

    /** The control stream to the worker. */
    private final class RemoteLink implements Link
    {
        @Override
        public synchronized void send(ByteBuffer... parts)
        {
            RelayFrames.cut(RelayFrames.TO_WORKER, id(), List.of(parts), linkJvm::send);
        }

        @Override
        public void close()
        {
            // it ends with the worker
        }

        @Override
        public long queuedBytes()
        {
            return linkJvm.queuedBytes();
        }
    }

    // ---- as of any place

    @Override
    public boolean awaitExit(long ms) throws InterruptedException
    {
        long begun = System.nanoTime();
        if (!ending.await(ms, TimeUnit.MILLISECONDS))
        {
            return false;
        }
        while (!ended.await(Math.min(DRAIN_EVERY_MS, ms), TimeUnit.MILLISECONDS))
        {
            channel.drainAll();
            if (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) >= ms)
            {
                return false;
            }
        }
        return true;
    }

    @Override
    public void ready()
    {
        output.starting(false);
    }

    @Override
    public void finish()
    {
        try
        {
            output.finishSoon();
            report = CrashReport.kept(host.name(), how);
        }
        finally
        {
            host.left(this);
            linkJvm.drop(this);
        }
    }

    @Override
    public void offerLine(int stream, int process, String line, Runnable delivered)
    {
        output.offer(Output.Stream.values()[stream], process, line, delivered);
    }

    @Override
    public void terminate()
    {
        signal(RelayFrames.TERMINATE);
    }

    @Override
    public void kill()
    {
        killed = true;
        signal(RelayFrames.KILL);
    }

    private void signal(byte which)
    {
        linkJvm.send(Frames.frame(RelayFrames.SIGNAL, id(), new byte[]{ which }));
    }

    @Override
    public int host()
    {
        return host.number();
    }

    @Override
    public Optional<Carrier> carrier()
    {
        return Optional.of(host.carrier());
    }

    @Override
    public Elsewhere elsewhere()
    {
        return new Elsewhere(host.name(), host.age());
    }

    @Override
    public long pid()
    {
        return pid;
    }

    @Override
    public List<WorkerStatus> below()
    {
        return host.below(id());
    }

    @Override
    public List<WaitTable.Wait> waits()
    {
        return host.waits(id());
    }

    @Override
    public synchronized CompletableFuture<?> fetchRecords()
    {
        boolean answers = started.isDone() && ended.getCount() > 0 && host.isHeard();
        if (answers && fetched.isDone() && System.nanoTime() - recordedNanos >= FETCH_EVERY_NANOS)
        {
            fetched = new CompletableFuture<>();
            send(RelayFrames.RECORDS, Codec.toBytes(null));
        }
        // Of one that is silent there is what it has told last.
        return answers ? fetched : CompletableFuture.completedFuture(null);
    }

    @Override
    public Map<Integer, FlightRecord> recordsBelow()
    {
        return recordsBelow;
    }

    @Override
    public Stopped stopped()
    {
        return how.get("stopped-state") instanceof Integer state ?
            new Stopped((String)how.get("stopped-doing"), state) : null;
    }

    @Override
    public Ending ending()
    {
        if (how.get("lost") instanceof String why)
        {
            return new Ending.Lost(host.name(), why, number("silent-ms"), number("confirmed"));
        }
        if (!(how.get("exit") instanceof Integer code))
        {
            return Ending.UNKNOWN;
        }
        return how.get("signal") instanceof String signal ? new Ending.Killed(code, signal) : new Ending.Exited(code);
    }

    private long number(String fact)
    {
        return how.get(fact) instanceof Number value ? value.longValue() : 0;
    }

    @Override
    @SuppressWarnings("unchecked")  // as the agent has put them
    public List<String> stderrTail()
    {
        return how.get("stderr-tail") instanceof List<?> lines ? (List<String>)lines : List.of();
    }

    @Override
    public Output output()
    {
        return output;
    }

    @Override
    public String outOfMemory()
    {
        return (String)how.get("out-of-memory");
    }

    @Override
    public String suspicion()
    {
        return how.get("suspicion") instanceof String text ? text : "";
    }

    @Override
    public Map<String, Object> facts()
    {
        Map<String, Object> facts = new HashMap<>();
        facts.put("host", host.name());
        facts.put("command", how.getOrDefault("command", List.of()));
        if (how.get("hs-err") instanceof String there)
        {
            facts.put("hs-err", report != null ? report.toString() : there);
            facts.put("hs-err-host", there);
        }
        return facts;
    }
}
