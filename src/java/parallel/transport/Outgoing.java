package parallel.transport;

import parallel.transport.MessageChannel.Sent;

/** A message on its way into a ring: how far it is. Guarded by the send lock of its channel. */
final class Outgoing
{
    final Payload payload;
    final long length;
    /** So much of it is there to be written. */
    long available;
    long offset;
    Sent result;

    Outgoing(Payload payload)
    {
        this(payload, payload.length());
    }

    Outgoing(Payload payload, long available)
    {
        this.payload = payload;
        this.length = payload.length();
        this.available = available;
    }
}
