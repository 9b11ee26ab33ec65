package parallel.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.process.Output;
import parallel.runtime.FlightRecords;
import parallel.runtime.LineCredit;
import parallel.runtime.Place;
import parallel.runtime.Threads;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A worker on this machine whose parent is on another: its agent starts it in a {@link Place}, as any parent does,
 * joins its rings with a stream, and passes the frames of its control stream on.
 * <p>
 * At its end, in this order: the rest of its ring, that this was all; the rest of its control stream; its lines; its
 * status; how it ended.
 */
final class HostedWorker implements StreamListener, LinkListener
{
    private static final long AFTER_END_OF_CONTROL_MS = 500;

    private final int id;
    private final HostedPlaces places;
    private final ArrivingBulk bulks;
    private final RelayLoop loop;
    private final QueuedStream up = new QueuedStream();
    private final RelayFrames.Joiner joiner = new RelayFrames.Joiner();
    private final LateListener data = new LateListener();
    private final Semaphore credit = new Semaphore(LineCredit.LIMIT_BYTES);
    private final CountDownLatch controlEnded = new CountDownLatch(1);
    private final List<ByteBuffer[]> early = new ArrayList<>();
    private final Runnable forget;
    private volatile HostedPlaces.Hosted hosted;
    private Link link;
    private boolean killed;
    private StatusSnapshot shown;
    /** What it did when it was told to stop. */
    private volatile StatusSnapshot stopped;

    HostedWorker(int id, HostedPlaces places, ArrivingBulk bulks, RelayLoop loop, Runnable forget)
    {
        this.bulks = bulks;
        this.id = id;
        this.places = places;
        this.loop = loop;
        this.forget = forget;
    }

    StreamListener control(Stream stream)
    {
        up.connect(stream);
        return this;
    }

    StreamListener data(Stream stream)
    {
        data.connect(stream);
        return data;
    }

    // ---- what comes from its parent

    @Override
    public void onFrame(byte[] frame)
    {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        byte kind = RelayFrames.kind(bytes);
        List<ByteBuffer> whole = joiner.add(bytes);
        if (whole != null)
        {
            switch (kind)
            {
                case RelayFrames.SPAWN -> spawn(RelayFrames.joined(whole.toArray(ByteBuffer[]::new)));
                case RelayFrames.TO_WORKER -> toWorker(whole.toArray(ByteBuffer[]::new));
                case RelayFrames.LINES_DELIVERED ->
                    credit.release((Integer)Codec.fromBytes(RelayFrames.joined(whole.toArray(ByteBuffer[]::new))));
                case RelayFrames.RECORDS -> send(RelayFrames.RECORDS, records());
                default -> corrupt("a frame of the unknown kind " + kind);
            }
        }
        up.grant();
    }

    @Override
    public void onReady()
    {
        up.flush();
    }

    @Override
    public void onEnd(Throwable why)
    {
        if (why != null)
        {
            credit.release(LineCredit.LIMIT_BYTES);      // nobody gives any back
            kill();
        }
    }

    private synchronized void toWorker(ByteBuffer[] frame)
    {
        if (Frames.kind(frame[0]) == Frames.STOP && hosted != null)
        {
            stopped = StatusSnapshot.of(hosted.place().channel().status());
        }
        if (link == null)
        {
            early.add(frame);
        }
        else
        {
            link.send(frame);
        }
    }

    private synchronized void connected(Link itsLink)
    {
        link = itsLink;
        early.forEach(itsLink::send);
        early.clear();
    }

    synchronized void kill()
    {
        killed = true;
        if (hosted != null)
        {
            hosted.place().kill();
        }
    }

    synchronized void terminate()
    {
        if (hosted != null)
        {
            hosted.place().terminate();
        }
    }

    // ---- its life

    private void spawn(byte[] how)
    {
        Threads.start("parallel-hosted-" + id, () -> live(how), this::lost);
    }

    /** An error has ended the thread that leads it. */
    private void lost(Throwable e)
    {
        kill();
        notStarted(e);
        end(Map.of());
    }

    private void live(byte[] how)
    {
        Map<String, Object> ended = new HashMap<>();
        try
        {
            HostedPlaces.Hosted made = places.make(id, how, new LinesUp());
            synchronized (this)
            {
                hosted = made;
                if (killed)
                {
                    made.place().kill();
                }
            }
            Relay relay = new Relay(made.place().channel(), bulks.of(id), over -> relayIsOver(over));
            data.listen(relay);
            relay.connect(data.stream());
            loop.add(relay);
            try
            {
                start(made);
                made.place().awaitExit(Long.MAX_VALUE);
                controlEnded.await(AFTER_END_OF_CONTROL_MS, TimeUnit.MILLISECONDS);
                up.send(RelayFrames.ENDING, id);    // the parent makes room for the rest of the ring
                relay.writerIsGone();
                relay.awaitSent();
            }
            finally
            {
                loop.remove(relay);
                Threads.surely(made.place()::finish);
                show(made.place());
                ended.putAll(made.ended());
                ended.put("records", records());
                StatusSnapshot itsStop = stopped;
                if (itsStop != null)
                {
                    ended.put("stopped-doing", itsStop.doing());
                    ended.put("stopped-state", itsStop.state());
                }
                Discarded.retire(made.place().channel());
                made.release();
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        catch (IOException | RuntimeException e)
        {
            notStarted(e);
        }
        end(ended);
    }

    private void start(HostedPlaces.Hosted made) throws InterruptedException
    {
        try
        {
            Link connected = made.place().start(this, made.deadline());
            if (connected != null)
            {
                made.started();
                connected(connected);
                send(RelayFrames.STARTED, made.place().pid());
            }
        }
        catch (InterruptedException e)
        {
            throw e;
        }
        catch (Exception e)
        {
            made.place().kill();
            notStarted(e);
        }
    }

    private void notStarted(Throwable e)
    {
        send(RelayFrames.NOT_STARTED,
            Map.of("message", String.valueOf(e.getMessage()), "timeout", e instanceof TimeoutException));
    }

    private void end(Map<String, Object> how)
    {
        send(RelayFrames.ENDED, how);
        data.close();
        up.closeAfterAll();
        forget.run();
    }

    private void relayIsOver(Relay relay)
    {
        if (relay.failure() != null)
        {
            corrupt(relay.failure().getMessage());
        }
    }

    private void corrupt(String what)
    {
        send(RelayFrames.CORRUPT, what);
        kill();
    }

    // ---- what goes to its parent

    private void send(byte kind, Object payload)
    {
        up.send(kind, id, ByteBuffer.wrap(Codec.toBytes(payload)));
    }

    /** Its lines: as many in a frame as there are. */
    private final class LinesUp implements Output.Sink
    {
        @Override
        public void line(Output.Stream stream, int process, String line)
        {
            lines(List.of(new Output.Line(stream, process, line)));
        }

        @Override
        public void lines(List<Output.Line> lines)
        {
            Object[] parts = new Object[3 * lines.size()];
            for (int i = 0; i < lines.size(); i++)
            {
                Output.Line line = lines.get(i);
                parts[3 * i] = line.stream().ordinal();
                parts[3 * i + 1] = line.processId();
                parts[3 * i + 2] = line.text();
            }
            byte[] payload = Codec.toBytes(parts);
            credit.acquireUninterruptibly(LineCredit.cost(payload, lines.size()));
            up.send(RelayFrames.LINE, id, ByteBuffer.wrap(payload));
        }
    }

    /** Tells what has changed of its status. */
    void look()
    {
        HostedPlaces.Hosted made = hosted;
        if (made != null)
        {
            show(made.place());
        }
    }

    private synchronized void show(Place place)
    {
        StatusSnapshot now = StatusSnapshot.of(place.channel().status());
        if (!now.equals(shown))
        {
            shown = now;
            up.send(RelayFrames.STATUS, id, ByteBuffer.wrap(now.bytes()));
        }
    }

    /** What it did last, and those below it. */
    private Map<Integer, byte[]> records()
    {
        HostedPlaces.Hosted made = hosted;
        return made == null ? Map.of() : FlightRecords.copied(id, made.place().channel().status().record());
    }

    // ---- what comes on its control stream

    @Override
    public void onFrame(ByteBuffer frame)
    {
        if (Frames.kind(frame) == Frames.READY)
        {
            hosted.place().ready();
        }
        up.send(RelayFrames.FROM_WORKER, id, frame);
    }

    @Override
    public void onLargeFrame(List<ByteBuffer> parts)
    {
        up.send(RelayFrames.FROM_WORKER, id, parts.toArray(ByteBuffer[]::new));
    }

    @Override
    public void onError(IOException error)
    {
        corrupt(error.getMessage());
    }

    @Override
    public void onLost(Throwable e)
    {
        kill();
    }

    /** End-of-file on control is the kernel's word that the worker is gone; one that lingers is helped along. */
    @Override
    public void onEnd()
    {
        controlEnded.countDown();
        Threads.start("parallel-end-" + id, this::helpAlong, e -> kill());
    }

    private void helpAlong()
    {
        try
        {
            if (!hosted.place().awaitExit(AFTER_END_OF_CONTROL_MS))
            {
                kill();
            }
        }
        catch (InterruptedException e)
        {
            kill();
        }
    }
}
