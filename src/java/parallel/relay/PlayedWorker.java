package parallel.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.transport.Link;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * A worker of another machine as the link process plays it: it holds the worker's end of the parent's pair of rings,
 * and passes the frames of its control stream on. Its end is told to the parent when its last message is in the ring,
 * exactly once: as its agent told it, or that it was lost.
 */
final class PlayedWorker implements StreamListener
{
    /** What an agent may say to the parent; it is believed no more than a worker is. */
    private static final Set<Byte> FROM_AGENT = Set.of(RelayFrames.FROM_WORKER, RelayFrames.STARTED,
        RelayFrames.NOT_STARTED, RelayFrames.LINE, RelayFrames.ENDED, RelayFrames.STATUS, RelayFrames.CORRUPT,
        RelayFrames.ENDING, RelayFrames.RECORDS);

    private final int id;
    private final Link root;
    private final RelayLoop loop;
    private final PairFile pair;
    private final Relay relay;
    private final QueuedStream control = new QueuedStream();
    private Stream data;
    private final RelayFrames.Joiner joiner = new RelayFrames.Joiner();
    private byte[] ended;
    private boolean isOver;
    private boolean isTold;
    private Map<String, Object> lost;
    /** Messages of the parent's that the agent has put into the worker's ring, when it last said so. */
    private volatile long confirmed;

    PlayedWorker(int id, String handedOn, Link root, RelayLoop loop) throws IOException
    {
        this.id = id;
        this.root = root;
        this.loop = loop;
        this.pair = PairFile.attach(Path.of(handedOn));
        this.relay = new Relay(new MessageChannel(pair, Side.CHILD, new RelayBell(root, id),
            Discarded.INBOX_BYTES, Discarded.READER), number -> null, over -> over());
    }

    /** Opens its streams. */
    void connect(Streams streams)
    {
        Stream opened = streams.open(Names.control(id), this);
        control.connect(opened);
        data = streams.open(Names.data(id), relay);
        relay.connect(data);
        loop.add(relay);
    }

    /** Something of the parent's, for the agent. */
    void pass(byte[] frame)
    {
        control.pass(frame);
    }

    void wake()
    {
        relay.channel().wakeLocal();
    }

    // ---- what comes on its control stream

    @Override
    public void onFrame(byte[] frame)
    {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        byte kind = RelayFrames.kind(bytes);
        if (Frames.number(bytes) != id || !FROM_AGENT.contains(kind))
        {
            corrupt("The agent has sent a frame of the kind " + kind + " that is none of this worker's.");
        }
        else if (kind == RelayFrames.STATUS)
        {
            show(bytes);
        }
        else if (kind == RelayFrames.ENDED)
        {
            end(bytes);
        }
        else
        {
            root.send(bytes);
        }
        control.grant();
    }

    private void show(ByteBuffer frame)
    {
        StatusSnapshot snapshot = StatusSnapshot.read(Frames.payload(frame));
        confirmed = snapshot.placed();
        snapshot.into(pair.status());
    }

    @Override
    public void onReady()
    {
        control.flush();
    }

    @Override
    public void onEnd(Throwable why)
    {
        // The relay hears it as well, and what comes of it.
    }

    // ---- its end

    private synchronized void end(ByteBuffer frame)
    {
        List<ByteBuffer> whole = joiner.add(frame);
        if (whole == null)
        {
            return;
        }
        ended = RelayFrames.joined(whole.toArray(ByteBuffer[]::new));
        root.send(Frames.frame(RelayFrames.ENDING, id));
        tell();
    }

    /** Its host is gone: what has arrived until now is all. */
    synchronized void lose(String why, long silentMs)
    {
        lost = Map.of("lost", why, "silent-ms", silentMs, "confirmed", confirmed);
        if (ended == null)
        {
            root.send(Frames.frame(RelayFrames.ENDING, id));
        }
        tell();
    }

    private synchronized void over()
    {
        isOver = true;
        Throwable failure = relay.failure();
        if (failure != null)
        {
            corrupt(failure.getMessage());
        }
        tell();
    }

    private void corrupt(String what)
    {
        root.send(Frames.frame(RelayFrames.CORRUPT, id, Codec.toBytes(what)));
    }

    private void tell()
    {
        if (isTold || !isOver || ended == null && lost == null)
        {
            return;
        }
        isTold = true;
        if (ended != null)
        {
            root.send(Frames.frame(RelayFrames.ENDED, id, ended));
        }
        else
        {
            root.send(Frames.frame(RelayFrames.ENDED, id, Codec.toBytes(lost)));
        }
    }

    /** The parent is done with it. */
    void drop()
    {
        loop.remove(relay);
        Discarded.retire(relay.channel());
        control.close();
        if (data != null)
        {
            data.close();
        }
    }
}
