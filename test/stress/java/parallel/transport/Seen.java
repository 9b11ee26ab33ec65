package parallel.transport;

import org.agrona.DirectBuffer;

/**
 * A message that was received: how long it is, and whether it is a {@link Filled}. SeqlockRetry at the bytes where they
 * lie.
 */
final class Seen implements Assembly
{
    static final Reader READER = (length, first, index, available) -> new Seen(length, first.getByte(index));

    // Its messages are not looked at: to do so takes longer than what is tested.
    static final Reader NOT_LOOKING = (length, first, index, available) -> (source, from, bytes) ->
    {
    };

    private final long announced;
    private final byte value;
    private long arrived;
    private boolean same = true;

    private Seen(long announced, byte value)
    {
        this.announced = announced;
        this.value = value;
    }

    @Override
    public void append(DirectBuffer source, int index, int length)
    {
        for (int i = 0; i < length; i++)
        {
            same &= source.getByte(index + i) == value;
        }
        arrived += length;
    }

    // 1: whole; 0: no message; -1: not what was sent.
    static int verdict(Assembly message)
    {
        return message == null ? 0 : ((Seen)message).isWhole() ? 1 : -1;
    }

    private boolean isWhole()
    {
        return arrived == announced && same && value != 0;
    }
}
