package parallel.transport;

/**
 * An {@link Assembly} whose target belongs to the caller of a receive, such as the user's array. When that caller
 * gives up (time-out, interrupt) with the message half arrived, what has arrived must stay with the channel.
 */
public interface Abandonable
{
    /**
     * Called under the receive lock, once. The old assembly gets nothing more.
     *
     * @return an assembly that owns a copy of what arrived and takes the rest.
     */
    Assembly abandon();
}
