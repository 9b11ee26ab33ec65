package parallel.transport;

/**
 * What lies in the ring of a channel is no message: the other side is broken, or something else wrote there. Thrown by
 * a receive once the place is reached, after every message before it.
 */
public final class ChannelCorruptException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    private final transient MessageChannel channel;

    ChannelCorruptException(MessageChannel channel, String what)
    {
        super("The channel " + channel.name() + " is corrupt: " + what);
        this.channel = channel;
    }

    private ChannelCorruptException(ChannelCorruptException first)
    {
        super(first.getMessage(), first);
        this.channel = first.channel;
    }

    /**
     * The channel.
     *
     * @return this end of it.
     */
    public MessageChannel channel()
    {
        return channel;
    }

    // Each throw has the frames of its own caller.
    ChannelCorruptException again()
    {
        return new ChannelCorruptException(this);
    }
}
