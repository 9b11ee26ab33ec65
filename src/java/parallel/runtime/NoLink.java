package parallel.runtime;

import java.nio.ByteBuffer;

import parallel.transport.Link;

/** The link of a worker that never connected: frames go nowhere. */
enum NoLink implements Link
{
    INSTANCE;

    @Override
    public void send(ByteBuffer... parts)
    {
        // there is nobody to send to
    }

    @Override
    public void close()
    {
        // there is nothing to close
    }

    @Override
    public long queuedBytes()
    {
        return 0;
    }
}
