package parallel.place;

import java.io.IOException;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.Messages;
import parallel.runtime.Session;
import parallel.runtime.Undo;
import parallel.transport.Bell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/** Makes the files of a worker, and its parent's end of the channel over them. */
public final class Channels
{
    private Channels()
    {
    }

    /**
     * Makes the pair file and the parent's end.
     *
     * @param options of the worker, checked ones.
     * @param bell    wakes the worker's end.
     * @param undo    takes what undoes this.
     * @return the end.
     * @throws IOException if there is no room for the file.
     */
    public static MessageChannel parentEnd(WorkerOptions options, Bell bell, Undo undo) throws IOException
    {
        PairFile pair = Session.current().newPair(options.get(Option.RING_BYTES, Integer.class));
        undo.by(pair::close);
        MessageChannel channel =
            new MessageChannel(pair, Side.PARENT, bell, Session.inboxBytes(options), Messages.inbox());
        undo.by(channel::retire);
        return channel;
    }
}
