package parallel.runtime;

import java.util.Map;

import parallel.ParallelException;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.codec.UnserializableException;
import parallel.control.Errors;
import parallel.transport.MessageChannel;

/**
 * The peer that stands for the parent in a worker. When a parent process is gone its worker processes halt, so that
 * only a worker that is a thread sees the end of this one.
 */
public final class ParentPeer extends ChannelPeer
{
    private final MessageChannel channel;
    private final long pid;
    private final Destination destination;
    /** Why code that asks for messages is refused; null: it is not. */
    private volatile String refusal;
    private volatile ControlEnd controlEnd;

    /** One of this machine. */
    public ParentPeer(int id, long pid, MessageChannel channel)
    {
        this(id, pid, channel, Destination.HERE);
    }

    /**
     * One of some machine.
     *
     * @param id          of it.
     * @param pid         of it.
     * @param channel     to it.
     * @param destination where it is.
     */
    public ParentPeer(int id, long pid, MessageChannel channel, Destination destination)
    {
        super(id);
        this.pid = pid;
        this.channel = channel;
        this.destination = destination;
        channel.peer(id);
    }

    /**
     * Gives the messages to one that takes all of them: whoever else asks for them is refused.
     *
     * @param why said to them.
     * @return the peer for that one.
     */
    ParentPeer handOver(String why)
    {
        refusal = why;
        return new ParentPeer(id(), pid, channel, destination);
    }

    @Override
    public MessageChannel channel()
    {
        if (refusal != null)
        {
            throw Errors.badArgument(refusal);
        }
        return channel;
    }

    void controlEnd(ControlEnd itsEnd)
    {
        controlEnd = itsEnd;
    }

    @Override
    public Object yield(Object value) throws InterruptedException
    {
        MessageChannel itsChannel = channel();      // which is refused where its messages are
        try
        {
            return Values.decode(controlEnd.exchange(destination.of(() -> Codec.toBytes(value)), itsChannel));
        }
        catch (UnserializableException e)
        {
            throw Errors.notTransferable(e);
        }
    }

    @Override
    public Destination destination()
    {
        return destination;
    }

    @Override
    ParallelException endError()
    {
        return Errors.closed(who(), "The parent, process " + id() +
            ", has ended its stream, and all that it sent was received.");
    }

    @Override
    ParallelException failure()
    {
        return null;
    }

    /** It is for the code to decide what to do without a parent. */
    @Override
    void awaitEndOfCorrupt()
    {
        // nobody ends a parent
    }

    @Override
    boolean isSettled()
    {
        return true;
    }

    @Override
    String name()
    {
        return "the parent, process " + id();
    }

    @Override
    Map<String, Object> who()
    {
        return facts(pid);
    }

    @Override
    public String toString()
    {
        return "#parallel/parent{:id " + id() + "}";
    }
}
