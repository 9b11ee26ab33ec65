package parallel.runtime;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

import parallel.codec.Encoder;
import parallel.codec.ShortMessages;
import parallel.codec.Target;
import parallel.control.Errors;

/** Sends the bytes of a ByteBuffer to a peer as one message, and receives such a message into one. */
final class BufferMessages
{
    private final ChannelPeer peer;

    BufferMessages(ChannelPeer peer)
    {
        this.peer = peer;
    }

    // As Peer.sendBytes.
    void send(ByteBuffer source) throws InterruptedException
    {
        checkReachable("sendBytes", source);
        boolean afterEnd = peer.isSendEnded();
        if (sendBriefly(source))
        {
            return;
        }
        Encoder encoder = Encoder.acquire();
        try
        {
            peer.transmit(encoder.encodeBytes(source), ChannelPeer.FOREVER, afterEnd);
            source.position(source.limit());
        }
        finally
        {
            encoder.release();
            Reference.reachabilityFence(source);
        }
    }

    // False: the longer way says why it is not sent, or waits for room.
    private boolean sendBriefly(ByteBuffer source)
    {
        int count = source.remaining();
        long brief = ShortMessages.ofBytes(count);
        try
        {
            boolean sent = brief != 0 &&
                peer.sendBriefly(brief, ShortMessages.memory(source), ShortMessages.address(source), count);
            source.position(sent ? source.limit() : source.position());
            return sent;
        }
        finally
        {
            Reference.reachabilityFence(source);
        }
    }

    // As Peer.trySendBytes.
    boolean trySend(ByteBuffer source)
    {
        checkReachable("trySendBytes", source);
        boolean afterEnd = peer.isSendEnded();
        Encoder encoder = Encoder.acquire();
        try
        {
            boolean sent = peer.tryTransmit(encoder.encodeBytes(source), afterEnd);
            source.position(sent ? source.limit() : source.position());
            return sent;
        }
        finally
        {
            encoder.release();
            Reference.reachabilityFence(source);
        }
    }

    // As Peer.receiveBytes.
    int receive(ByteBuffer target) throws InterruptedException
    {
        checkReachable("receiveBytes", target);
        if (target.isReadOnly())
        {
            throw Errors.badArgument("receiveBytes takes a buffer that can be written, not a read-only one.");
        }
        try
        {
            int count = peer.take(Target.into(target));
            if (count < 0)
            {
                throw peer.errors().refused("of bytes, or of more than the " + target.remaining() +
                    " that remain in the buffer", "a buffer");
            }
            target.position(target.position() + count);
            return count;
        }
        finally
        {
            Reference.reachabilityFence(target);
        }
    }

    private static void checkReachable(String call, ByteBuffer buffer)
    {
        if (buffer == null || !Target.isReachable(buffer))
        {
            throw Errors.badArgument(call + " takes a ByteBuffer over native memory or a byte array, not " + buffer +
                ".");
        }
    }
}
