package parallel.transport;

import java.nio.channels.SelectableChannel;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

import parallel.transport.MessageChannel.Sent;

/** Both ends of a pooled pair file, with bells that only count. */
final class Wire
{
    /** A bell that tells how often it was rung. */
    static final class CountingBell implements Bell
    {
        private volatile int count;

        @Override
        public void ring()
        {
            count = count + 1;
        }

        // 1 or 0.
        int rang()
        {
            return Math.min(1, count);
        }

        @Override
        public SelectableChannel channel()
        {
            return null;
        }

        @Override
        public void drain()
        {
            // There is nothing to read.
        }
    }

    /** A record of this body is an eighth of the ring, the largest there is. */
    static final int LARGEST = PairLayout.MIN_RING_BYTES / 8 - 8;
    static final long INBOX_BYTES = 1 << 20;

    /**
     * The longest message of those that the reader copies out in a row, and more of them than {@link Inbound} calls far
     * behind.
     */
    private static final int SMALL = 240;
    private static final int BURST = 12;
    private static final int LONGEST_PAUSE = 12;

    final PairFile pair = Pairs.take();
    final CountingBell bellOfParent = new CountingBell();
    final CountingBell bellOfChild = new CountingBell();
    final MessageChannel parent = new MessageChannel(pair, Side.PARENT, bellOfParent, INBOX_BYTES, Seen.READER);
    final MessageChannel child = new MessageChannel(pair, Side.CHILD, bellOfChild, INBOX_BYTES, Seen.READER);
    final List<MessageChannel> parentAlone = List.of(parent);
    final List<MessageChannel> childAlone = List.of(child);

    // Until the ring to the child has no room for a record of the largest kind.
    Wire fill()
    {
        while (parent.trySend(new Filled(LARGEST, 1)) == Sent.SENT)
        {
            continue;
        }
        return this;
    }

    // The child has just taken the last of many messages, so many that it calls itself far behind.
    Wire stream()
    {
        for (int i = 0; i < BURST; i++)
        {
            require(parent.trySend(new Filled(SMALL, 1)) == Sent.SENT);
        }
        for (int i = 0; i < BURST; i++)
        {
            require(child.tryReceive(Seen.READER) != null);
        }
        require(pair.header().getInt(PairLayout.receiverFlagOffset(PairLayout.DOWN)) == PairLayout.STREAMS);
        require(bellOfParent.rang() == 0);
        return this;
    }

    // None or some hundreds of nanoseconds, so that two actors meet at different steps.
    static void pause()
    {
        for (int i = ThreadLocalRandom.current().nextInt(LONGEST_PAUSE); i > 0; i--)
        {
            Thread.onSpinWait();
        }
    }

    void giveBack()
    {
        Pairs.giveBack(pair);
    }

    // 1: a message came and is whole; 0: none came; -1: one came and is not.
    static int receive(MessageChannel channel)
    {
        return Seen.verdict(channel.tryReceive(Seen.READER));
    }

    static int number(boolean yes)
    {
        return yes ? 1 : 0;
    }

    static void require(boolean ok)
    {
        if (!ok)
        {
            throw new AssertionError("the case was not set up as it should be");
        }
    }
}
