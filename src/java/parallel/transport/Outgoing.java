package parallel.transport;

import parallel.transport.MessageChannel.Sent;

/** A message on its way into a ring: how far it is. Guarded by the send lock of its channel. */
final class Outgoing
{
    final Payload payload;
    final long length;
    long offset;
    Sent result;

    Outgoing(Payload payload)
    {
        this.payload = payload;
        this.length = payload.length();
    }
}
